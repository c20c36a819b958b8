"""English speech by Moonshine (tiny), whose weights are in the wheel: nothing is fetched."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import moonshine_voice
import numpy as np
from moonshine_voice.transcriber import LineCompleted, LineTextChanged, Transcriber
from moonshine_voice.utils import get_model_path
from numpy.typing import NDArray

from translation.engines import RATE, EngineError, Heard, Sound

INTERVAL = 0.5
"""Seconds of sound between two guesses at the line being spoken."""

SPARE = 2.0
"""How many times as long as a guess took the next one waits, for each stream: guesses take half of the thread at most, however slow the
machine, and however long the model talks of a language it does not know."""

RENEW = 20.0
"""Seconds after which the next pause renews a stream: the cost of a guess grows with all that the stream has heard."""

LONGEST = 60.0
"""Seconds after which a stream is renewed without a pause, which may cost a word."""


class Moonshine:
    """One model and one thread for all streams: a second of speech takes about 0.2 s of it with guesses every INTERVAL."""

    def __init__(self) -> None:
        self.streams = 0
        self._thread = ThreadPoolExecutor(1, "moonshine")
        self._model: Transcriber | None = None

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        stream = _Stream()
        self.streams += 1
        try:
            await self._do(stream.open, self)
            async for samples in sound:
                for heard in await self._do(stream.feed, samples):
                    yield heard
            for heard in await self._do(stream.finish):
                yield heard
        finally:
            self.streams -= 1
            # In the model's own thread: after a cancelled feed, never beside it.
            self._thread.submit(stream.close)

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True)
        if self._model is not None:
            self._model.close()

    async def _do(self, work: Any, *args: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except moonshine_voice.MoonshineError as error:
            raise EngineError(str(error)) from error

    def _loaded(self) -> Transcriber:
        """The model; 0.3 s and 250 MB on first use. In the thread."""
        if self._model is None:
            # Else the sound would be copied back with every guess. (Without `identify_speakers` the library crashes when it is freed.)
            options = {"return_audio_data": "false"}
            self._model = Transcriber(str(get_model_path("tiny-en")), moonshine_voice.ModelArch.TINY, options=options)
        return self._model


class _Stream:
    """One session's state. All of it runs in the model's thread.

    The library keeps all lines of a stream with their sound, so a stream is renewed in a pause: what was said after the last finished
    line is heard again by the new one, and nothing is lost.
    """

    def __init__(self) -> None:
        self._engine: Moonshine | None = None
        self._stream: Any = None
        self._heard: list[Heard] = []
        self._base = 0.0
        """Where this stream began, in seconds of all sound."""
        self._pieces: list[NDArray[np.int16]] = []
        self._fed = 0
        """Samples in `pieces`, which is all that this stream was fed."""
        self._guessed = 0
        """Of those, what was there at the last guess."""
        self._pause = INTERVAL
        self._told: set[int] = set()
        """The finished lines: the library may say twice that one is."""

    def open(self, engine: Moonshine) -> None:
        self._engine = engine
        self._stream = engine._loaded().create_stream(float("inf"))
        self._stream.add_listener(self._note)
        self._stream.start()

    def feed(self, samples: NDArray[np.int16]) -> list[Heard]:
        self._add(samples)
        if self._fed - self._guessed < self._pause * RATE:
            return []
        self._guess()
        heard = self._take()
        finals = [item for item in heard if item.final]
        if finals and self._fed > RENEW * RATE:
            return finals + self._renew(finals[-1].end)
        if self._fed > LONGEST * RATE:
            return heard + self.finish() + self._renew(self._base + self._fed / RATE)
        return heard

    def finish(self) -> list[Heard]:
        self._guess()  # what came after the last guess would be lost with the stop
        self._stream.stop()
        return self._take()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _guess(self) -> None:
        assert self._engine is not None
        began = time.perf_counter()
        self._stream.update_transcription()
        self._guessed = self._fed
        self._pause = max(INTERVAL, SPARE * (time.perf_counter() - began) * self._engine.streams)

    def _add(self, samples: NDArray[np.int16]) -> None:
        self._pieces.append(samples)
        self._fed += len(samples)
        self._stream.add_audio((samples / 32768.0).tolist(), RATE)

    def _renew(self, since: float) -> list[Heard]:
        """A fresh stream that hears again what came after second `since`."""
        assert self._engine is not None
        again = np.concatenate(self._pieces)[max(0, int((since - self._base) * RATE)) :]
        self.close()
        self._base, self._pieces, self._fed = self._base + (self._fed - len(again)) / RATE, [], 0
        self._told.clear()
        self.open(self._engine)
        self._add(again)
        self._guessed = self._fed
        return self._take()

    def _note(self, event: Any) -> None:
        if isinstance(event, LineCompleted | LineTextChanged):
            line = event.line
            text, final = line.text.strip(), isinstance(event, LineCompleted)
            if not text or line.line_id in self._told:
                return
            if final:
                self._told.add(line.line_id)
            start = self._base + line.start_time
            self._heard.append(Heard(text, start, start + line.duration, final))

    def _take(self) -> list[Heard]:
        """Finals, and of the partials after them only the newest."""
        heard, self._heard = self._heard, []
        return [item for item, following in zip(heard, [*heard[1:], None], strict=False) if item.final or following is None]
