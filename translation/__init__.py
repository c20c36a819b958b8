"""Captions: cues, transcripts, translation; engines behind two small contracts."""
