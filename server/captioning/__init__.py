"""Captions of every session: who may write a language, how the sound is heard, a line's way to its readers."""

from server.captioning.captioning import Captioning

__all__ = ["Captioning"]
