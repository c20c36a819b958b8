"""Speech by a Vosk server (alphacep/vosk-server, WebSocket), for floors in languages Moonshine does not know."""

import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from translation.engines import RATE, EngineError, Heard, Sound
from translation.engines.outgoing import Outgoing


class Vosk:
    """`url` is the server's (`ws://host:2700`). Each stream is a connection; the server answers every piece of sound."""

    def __init__(self, outgoing: Outgoing, url: str) -> None:
        self._outgoing, self._url = outgoing, url

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        try:
            async with self._outgoing.socket(self._url) as server:
                await server.send(json.dumps({"config": {"sample_rate": RATE, "words": True}}))
                fed, start = 0.0, 0.0
                async for samples in sound:
                    await server.send(samples.tobytes())
                    fed += len(samples) / RATE
                    heard = _heard(await _answer(server), start, fed)
                    if heard is not None:
                        yield heard
                        start = heard.end if heard.final else start
                await server.send('{"eof" : 1}')
                heard = _heard(await _answer(server), start, fed)
                if heard is not None:
                    yield heard
        except (OSError, WebSocketException, TimeoutError) as error:
            raise EngineError(f"the Vosk server: {error}") from error

    async def close(self) -> None:
        """Nothing is held between streams."""


async def _answer(server: ClientConnection) -> dict[str, Any]:
    try:
        answer = json.loads(await server.recv())
    except ValueError as error:
        raise EngineError("the Vosk server did not speak JSON") from error
    if not isinstance(answer, dict):
        raise EngineError("the Vosk server did not answer with an object")
    return answer


def _heard(answer: dict[str, Any], start: float, fed: float) -> Heard | None:
    if partial := answer.get("partial"):
        return Heard(str(partial), start, fed, final=False)
    if text := answer.get("text"):
        words = answer.get("result") or [{"start": start, "end": fed}]
        sure = [float(word["conf"]) for word in words if "conf" in word]
        confidence = sum(sure) / len(sure) if sure else None
        return Heard(str(text), float(words[0]["start"]), float(words[-1]["end"]), True, confidence)
    return None
