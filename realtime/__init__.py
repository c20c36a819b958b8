"""Delivery: channels to sockets, and media to viewers. Knows nothing of polls or questions."""
