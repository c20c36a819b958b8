"""Speech by a server with OpenAI's `/v1/audio/transcriptions` (whisper servers have it too): an utterance a request."""

import io
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np
from numpy.typing import NDArray

from translation.engines import RATE, EngineError, Heard, Sound
from translation.engines.outgoing import Outgoing
from translation.engines.spoken import by_utterance

TIMEOUT = 8.0
"""Seconds one utterance may take."""


class Transcriptions:
    """`url` ends before `/v1`; `key` goes into the header and nowhere else."""

    def __init__(self, outgoing: Outgoing, url: str, model: str, key: str, lang: str) -> None:
        self._http = outgoing.http(url, TIMEOUT, {"Authorization": f"Bearer {key}"} if key else None)
        self._form = {"model": model, "language": lang, "response_format": "json", "temperature": "0"}

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        async with aclosing(by_utterance(sound, self._ask)) as lines:  # type: ignore[type-var]
            async for heard in lines:
                yield heard

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, samples: NDArray[np.int16]) -> tuple[str, None]:
        try:
            speech = {"file": ("speech.wav", _wav(samples), "audio/wav")}
            answer = await self._http.ask("POST", "/v1/audio/transcriptions", data=self._form, files=speech)
            return str(answer["text"]).strip(), None
        except (KeyError, TypeError) as error:
            raise EngineError("the transcription server answered in another shape") from error


def _wav(samples: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
