"""Speech by faster-whisper with a model of the operator's, a folder in CTranslate2's format: an utterance at a time. Nothing is fetched."""

import asyncio
import math
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translation.engines import EngineError, Heard, Sound
from translation.engines.extras import extra
from translation.engines.spoken import by_utterance

THREADS = 2
"""Of the CPU that one model takes."""


class Whisper:
    """One model and one thread for all streams in a language. Raises EngineError without the library or the folder."""

    def __init__(self, folder: Path, lang: str) -> None:
        if not (folder / "model.bin").exists():
            raise EngineError(f"{folder} holds no model: model.bin is missing")
        self._library = extra("faster_whisper", "whisper")
        self._folder, self._lang = folder, lang
        self._thread = ThreadPoolExecutor(1, "whisper")
        self._model: Any = None

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        async with aclosing(by_utterance(sound, self._ask)) as lines:  # type: ignore[type-var]
            async for heard in lines:
                yield heard

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True)

    async def _ask(self, samples: NDArray[np.int16]) -> tuple[str, float | None]:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transcribe, samples)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"faster-whisper: {error}") from error

    def _transcribe(self, samples: NDArray[np.int16]) -> tuple[str, float | None]:
        if self._model is None:
            self._model = self._library.WhisperModel(
                str(self._folder), device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True
            )
        # What it said before would have it repeat itself; a pause is for the utterances to find.
        # Its own detector of voices keeps music from it, in which it hears words.
        segments, _ = self._model.transcribe(
            samples.astype(np.float32) / 32768.0,
            language=self._lang,
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=True,
        )
        said = list(segments)
        sure = [math.exp(segment.avg_logprob) for segment in said]
        return " ".join(segment.text.strip() for segment in said).strip(), sum(sure) / len(sure) if sure else None
