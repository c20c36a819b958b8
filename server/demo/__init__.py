"""The demo: a conference with people in it, and a film leader that is published through the same door as any encoder."""
