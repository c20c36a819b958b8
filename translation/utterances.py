"""Sound cut into utterances by its loudness, for recognizers that take a whole one at a time. Pure numpy, 16 kHz mono int16."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FRAME = RATE // 20
"""Samples of which loudness is taken at a time: 50 ms."""

PAUSE = 0.6
"""Seconds of quiet that end an utterance."""

LONGEST = 15.0
"""Seconds after which an utterance is cut though nobody paused: a recognizer's window and a reader's patience end too."""

LEAD = 0.2
"""Seconds kept before the first loud frame: consonants are quiet."""

LEAST = 0.2
"""Seconds of loudness an utterance has; a click is none."""

QUIET = 100.0
"""Loudness (RMS) below which nothing is speech, however still the room."""

ABOVE = 3.0
"""How many times louder than the room speech is."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """`start` in seconds since the first sample fed."""

    start: float
    samples: NDArray[np.int16]

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / RATE


class Utterances:
    """`feed` gives the utterances that ended; `open` is the one being spoken."""

    def __init__(self) -> None:
        self._rest = np.empty(0, np.int16)
        self._frames: list[NDArray[np.int16]] = []
        self._speaking = False
        self._position = 0
        self._quiet, self._loud = 0, 0
        self._room = QUIET

    def feed(self, samples: NDArray[np.int16]) -> list[Utterance]:
        self._rest = np.concatenate((self._rest, samples))
        ended: list[Utterance] = []
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            ended += self._step(frame)
        return ended

    def finish(self) -> list[Utterance]:
        """The one being spoken ends here."""
        return self._end()

    @property
    def open(self) -> Utterance | None:
        return self._utterance() if self._speaking and self._loud * FRAME >= LEAST * RATE else None

    def _step(self, frame: NDArray[np.int16]) -> list[Utterance]:
        self._position += FRAME
        self._frames.append(frame)
        if self._is_loud(frame):
            self._speaking, self._quiet, self._loud = True, 0, self._loud + 1
        elif self._speaking:
            self._quiet += 1
        else:
            self._frames = self._frames[-int(LEAD * RATE / FRAME) :]
        long = len(self._frames) * FRAME >= LONGEST * RATE
        return self._end() if self._speaking and (self._quiet * FRAME >= PAUSE * RATE or long) else []

    def _is_loud(self, frame: NDArray[np.int16]) -> bool:
        loudness = float(np.sqrt(np.mean(np.square(frame.astype(np.float32)))))
        loud = loudness > max(QUIET, self._room * ABOVE)
        # The room is learned fast when it is stiller than thought, slowly when it is louder: speech is not the room.
        self._room += (loudness - self._room) * (0.2 if loudness < self._room else 0.002)
        return loud

    def _utterance(self) -> Utterance:
        samples = np.concatenate(self._frames)
        return Utterance((self._position - len(samples)) / RATE, samples)

    def _end(self) -> list[Utterance]:
        found = [self._utterance()] if self._speaking and self._loud * FRAME >= LEAST * RATE else []
        self._frames, self._speaking, self._quiet, self._loud = [], False, 0, 0
        return found
