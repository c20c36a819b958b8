"""Speech by sherpa-onnx with a streaming transducer of the operator's, a folder: tokens.txt, encoder*, decoder* and joiner*.onnx."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translation.engines import RATE, EngineError, Heard, Sound
from translation.engines.extras import extra

PAUSE = 0.8
"""Seconds of quiet that end a line."""

LONGEST = 15.0
"""Seconds after which a line ends though nobody paused."""


class Sherpa:
    """One model and one thread for all streams. Raises EngineError without the library or the files."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: _file(folder, f"{name}*.onnx") for name in ("encoder", "decoder", "joiner")}
        self._files["tokens"] = _file(folder, "tokens.txt")
        self._library = extra("sherpa_onnx", "sherpa")
        self._thread = ThreadPoolExecutor(1, "sherpa")
        self._model: Any = None

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        stream = _Stream(await self._do(self._loaded))
        async for samples in sound:
            for heard in await self._do(stream.feed, samples):
                yield heard
        # Its last words come out when something follows them.
        for heard in await self._do(stream.feed, np.zeros(int((PAUSE + 0.5) * RATE), np.int16)):
            yield heard

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True)

    async def _do(self, work: Any, *args: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"sherpa-onnx: {error}") from error

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = self._library.OnlineRecognizer.from_transducer(
                **self._files,
                enable_endpoint_detection=True,
                rule1_min_trailing_silence=PAUSE * 2,
                rule2_min_trailing_silence=PAUSE,
                rule3_min_utterance_length=LONGEST,
            )
        return self._model


class _Stream:
    """One session's state, in the model's thread."""

    def __init__(self, model: Any) -> None:
        self._model, self._stream = model, model.create_stream()
        self._fed, self._begun, self._said = 0.0, 0.0, ""

    def feed(self, samples: NDArray[np.int16]) -> list[Heard]:
        self._stream.accept_waveform(RATE, samples.astype(np.float32) / 32768.0)
        before, self._fed = self._fed, self._fed + len(samples) / RATE
        while self._model.is_ready(self._stream):
            self._model.decode_stream(self._stream)
        text, ended = self._model.get_result(self._stream).strip(), self._model.is_endpoint(self._stream)
        if text and not self._said:
            self._begun = before
        changed, begun = text != self._said, self._begun
        self._said = "" if ended else text
        if ended:
            self._model.reset(self._stream)
        if not text or not (changed or ended):
            return []
        return [Heard(text, begun, max(begun, self._fed - PAUSE) if ended else self._fed, bool(ended))]


def _file(folder: Path, pattern: str) -> str:
    found = sorted(folder.glob(pattern))
    if not found:
        raise EngineError(f"{folder} holds no model: {pattern} is missing")
    return str(found[0])
