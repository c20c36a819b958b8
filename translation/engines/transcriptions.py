"""Speech by a server with OpenAI's `/v1/audio/transcriptions` (whisper servers have it too): an utterance a request.

While one is spoken it is asked for again and again, each time a longer one.
"""

import io
import wave
from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray

from translation.engines import RATE, EngineError, Heard, Sound
from translation.engines.outgoing import Outgoing
from translation.utterances import Utterance, Utterances

TIMEOUT = 8.0
"""Seconds one utterance may take."""

GUESS = 1.5
"""Seconds of sound between two guesses at the utterance being spoken."""

WORDS = 6.0
"""Words a second nobody speaks: a model that says more repeats itself, and is not believed."""


class Transcriptions:
    """`url` ends before `/v1`; `key` goes into the header and nowhere else."""

    def __init__(self, outgoing: Outgoing, url: str, model: str, key: str, lang: str) -> None:
        self._http = outgoing.http(url, TIMEOUT, {"Authorization": f"Bearer {key}"} if key else None)
        self._form = {"model": model, "language": lang, "response_format": "json", "temperature": "0"}

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        cutter, since = Utterances(), 0.0
        async for samples in sound:
            since += len(samples) / RATE
            ended = cutter.feed(samples)
            for utterance in ended:
                if heard := await self._heard(utterance):
                    yield heard
            spoken = cutter.open
            if spoken is not None and not ended and since >= GUESS:
                since = 0.0
                text = await self._ask(spoken.samples)
                if text:
                    yield Heard(text, spoken.start, spoken.end, final=False)
        for utterance in cutter.finish():
            if heard := await self._heard(utterance):
                yield heard

    async def close(self) -> None:
        await self._http.close()

    async def _heard(self, utterance: Utterance) -> Heard | None:
        text = await self._ask(utterance.samples)
        return Heard(text, utterance.start, utterance.end, final=True) if text else None

    async def _ask(self, samples: NDArray[np.int16]) -> str:
        try:
            speech = {"file": ("speech.wav", _wav(samples), "audio/wav")}
            answer = await self._http.ask("POST", "/v1/audio/transcriptions", data=self._form, files=speech)
            text = str(answer["text"]).strip()
        except (KeyError, TypeError) as error:
            raise EngineError("the transcription server answered in another shape") from error
        return text if len(text.split()) <= WORDS * len(samples) / RATE + 2 else ""


def _wav(samples: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
