"""A session's sound becomes lines: tapped, given to the first recognizer that works, put on the clock."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.relay import Chunk, Tap
from translation.belief import Belief
from translation.engines import RATE, EngineError, Heard, Recognizer

STALL = 10.0
"""Seconds a recognizer may take for one piece of sound; past it it counts as hung and is started again."""

LATE = 5.0
"""Seconds a recognizer may be behind the sound before readers are told."""

QUIET = 1.0
"""Seconds without any sound, not even silence, after which a recognizer gets as much silence: the line at hand ends, and is told."""

JUMP = 1.0
"""Seconds by which sound may come late before its clock counts as having been stopped: its lines are timed anew from there."""

DRIFT = 0.001
"""How fast the clock of the sound is followed where it goes slower than ours: the share of what it is behind, ten times a second."""

BACKOFF = (1.0, 30.0)
"""Seconds before a recognizer that failed is tried again, at first and at most."""

RETURN = 60.0
"""Seconds a second choice serves before the first is tried again, at the end of a line."""

PROBATION = 5.0
"""Seconds for which an engine that has failed counts as faulty, though it runs again."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Engine:
    recognizer: Recognizer
    pause: float = BACKOFF[0]
    ready_at: float = 0.0

    @property
    def name(self) -> str:
        return type(self.recognizer).__name__

    def failed(self, now: float) -> None:
        self.ready_at = now + self.pause
        self.pause = min(self.pause * 2, BACKOFF[1])


class Hearing:
    """`heard` gets each line with its times in ms since 1970 UTC; `fault` whether the lines are late, missing or a second choice's, and
    `doubt` whether they make little sense.
    """

    def __init__(
        self,
        session: str,
        tap: Callable[[], Tap],
        recognizers: Sequence[Recognizer],
        heard: Callable[[Heard, tuple[int, int]], None],
        fault: Callable[[bool], None],
        doubt: Callable[[bool], None],
    ) -> None:
        self._session, self._tap = session, tap
        self._engines = [_Engine(recognizer) for recognizer in recognizers]
        self._tell, self._fault, self._doubt = heard, fault, doubt
        self._tapped: Tap | None = None
        self._stopped = False
        self._unfinished: tuple[Heard, tuple[int, int]] | None = None

    def stop(self) -> None:
        """Finish the line at which the sound ends, then end `run`."""
        self._stopped = True
        if self._tapped is not None:
            self._tapped.close()

    async def run(self) -> None:
        """Until the sound ends. What an engine does wrong is logged and costs that engine its turn."""
        while not self._stopped:
            engine = min(self._engines, key=lambda one: one.ready_at if one.ready_at > _clock() else 0.0)
            await asyncio.sleep(engine.ready_at - _clock())
            try:
                if await self._listen(engine):
                    return
            except Exception as error:
                engine.failed(_clock())
                self._fault(True)
                known = isinstance(error, EngineError | TimeoutError)
                logger.warning("%s, a recognizer of %s, failed: %r", engine.name, self._session, error, exc_info=None if known else error)

    async def _listen(self, engine: _Engine) -> bool:
        """Whether the sound has ended; False after a second choice has served its time. Raises what the engine raises."""
        second = engine is not self._engines[0]
        proven = _clock() + PROBATION if engine.pause > BACKOFF[0] else 0.0
        with self._tap() as self._tapped:
            async with asyncio.timeout(None) as patience:
                sound = _Sound(self._tapped, patience, lambda late: self._fault(late or second or _clock() < proven))
                try:
                    if await self._follow(engine, sound, until=_clock() + RETURN if second else float("inf")):
                        return False
                finally:
                    self._finish()
                if not sound.ended:
                    raise EngineError("the recognizer stopped while there is sound")
        return True

    async def _follow(self, engine: _Engine, sound: "_Sound", until: float) -> bool:
        """Whether the time was up."""
        async with aclosing(sound.pieces()) as pieces, aclosing(engine.recognizer.recognize(pieces)) as lines:  # type: ignore[type-var]
            belief = Belief()
            async for line in lines:
                engine.pause = BACKOFF[0]
                self._hear(belief, line, (sound.wall(min(line.start, line.end)), sound.wall(line.end)))
                if line.final and _clock() > until:
                    return True
        return False

    def _hear(self, belief: Belief, line: Heard, span: tuple[int, int]) -> None:
        told = belief.judge(line)
        self._doubt(belief.doubtful)
        if told is not None:
            self._unfinished = None if line.final else (told, span)
            self._tell(told, span)
        elif line.final:
            self._finish()

    def _finish(self) -> None:
        """What an engine leaves unfinished, or is not to be believed of, readers have read so far: it ends as it stands."""
        left, self._unfinished = self._unfinished, None
        if left is not None:
            line, span = left
            self._tell(Heard(line.text, line.start, line.end, final=True), span)


class _Sound:
    """The sound of one recognizer, watched: an engine that does not ask for more is hung, one that asks late is behind.

    It also knows what time it was when a recognizer's second was spoken: the sound's own time may jump where a recognizer's does not.
    """

    def __init__(self, chunks: AsyncIterator[Chunk], patience: asyncio.Timeout, late: Callable[[bool], None]) -> None:
        self.ended = False
        self._chunks, self._patience, self._late = chunks, patience, late
        self._base: float | None = None
        self._shift = 0.0
        self._fed = 0.0

    async def pieces(self) -> AsyncIterator[NDArray[np.int16]]:
        loop = asyncio.get_running_loop()
        async with aclosing(self._awaited()) as chunks:
            async for chunk in chunks:
                samples = np.zeros(int(QUIET * RATE), np.int16) if chunk is None else chunk.samples
                if chunk is not None:
                    self._shift = chunk.time - self._fed
                    self._set(chunk)
                    self._late(time.time() - chunk.at > LATE)
                self._fed += len(samples) / RATE
                self._patience.reschedule(loop.time() + STALL)
                yield samples
                self._patience.reschedule(None)
        self.ended = True

    async def _awaited(self) -> AsyncGenerator[Chunk | None]:
        """Each chunk, and None once where none has come for QUIET."""
        quiet = False
        coming: asyncio.Future[Chunk] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(self._chunks))
                arrived, _ = await asyncio.wait({coming}, timeout=None if quiet else QUIET)
                quiet = not arrived
                if quiet:
                    yield None
                    continue
                try:
                    chunk = coming.result()
                except StopAsyncIteration:
                    return
                coming = None
                yield chunk
        finally:
            if coming is not None:
                coming.cancel()

    def _set(self, chunk: Chunk) -> None:
        """The clock: sound never comes before it was said, so that what came fastest tells best."""
        base = chunk.at - len(chunk.samples) / RATE - chunk.time
        if self._base is None or base < self._base or base > self._base + JUMP:
            self._base = base
        else:
            self._base += (base - self._base) * DRIFT

    def wall(self, second: float) -> int:
        """Ms since 1970 UTC; nobody has heard what was not said yet, whatever an engine says."""
        return int(((self._base or 0.0) + self._shift + min(max(second, 0.0), self._fed)) * 1000)


def _clock() -> float:
    return time.monotonic()
