"""The engines behind two protocols: what is said becomes text, and text becomes another language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second of the sound a recognizer gets: mono, int16."""

Sound = AsyncIterator[NDArray[np.int16]]


class EngineError(Exception):
    """An engine failed. Another try may go well."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recognizer understood: seconds since the first sample it got. A partial is replaced by the next Heard, a final stays.

    `confidence` is how sure the engine is, from 0 to 1; None where it does not say.
    """

    text: str
    start: float
    end: float
    final: bool
    confidence: float | None = None


class Recognizer(Protocol):
    """Speech in one language to text. One object serves many sessions at a time."""

    def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        """Everything heard, until `sound` ends. Raises EngineError. Cancelling frees what this stream held."""
        ...

    async def close(self) -> None:
        """Free everything. No stream may run."""
        ...


class Translator(Protocol):
    """Text of one language to another; tags are BCP 47, of which the base language counts."""

    def can(self, source: str, target: str) -> bool:
        """Whether this engine knows the pair."""
        ...

    async def translate(self, text: str, source: str, target: str) -> str:
        """The text in `target`. Raises EngineError; cancelling loses nothing but this text."""
        ...

    async def close(self) -> None:
        """Free everything."""
        ...


def base(tag: str) -> str:
    """The language of a BCP 47 tag without script and region, which is what engines tell apart."""
    return tag.split("-")[0].lower()
