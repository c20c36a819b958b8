"""Recognizers that take a whole utterance: while one is spoken they are asked again and again, each time about a longer one."""

from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
from numpy.typing import NDArray

from translation.engines import RATE, Heard, Sound
from translation.utterances import Utterance, Utterances

GUESS = 1.5
"""Seconds of sound between two guesses at the utterance being spoken."""

Ask = Callable[[NDArray[np.int16]], Awaitable[tuple[str, float | None]]]
"""The text of an utterance, and how sure the engine is of it, if it says."""


async def by_utterance(sound: Sound, ask: Ask) -> AsyncIterator[Heard]:
    """What `ask` makes of the sound, utterance by utterance."""
    cutter, since = Utterances(), 0.0
    async for samples in sound:
        since += len(samples) / RATE
        ended = cutter.feed(samples)
        for utterance in ended:
            if heard := await _heard(utterance, ask, final=True):
                yield heard
        spoken = cutter.open
        if spoken is not None and not ended and since >= GUESS:
            since = 0.0
            if heard := await _heard(spoken, ask, final=False):
                yield heard
    for utterance in cutter.finish():
        if heard := await _heard(utterance, ask, final=True):
            yield heard


async def _heard(utterance: Utterance, ask: Ask, *, final: bool) -> Heard | None:
    text, confidence = await ask(utterance.samples)
    return Heard(text, utterance.start, utterance.end, final, confidence) if text else None
