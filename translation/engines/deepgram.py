"""Speech by a server that speaks Deepgram's live protocol (`/v1/listen`, WebSocket): sound goes in while results come out."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedOK, WebSocketException

from translation.engines import RATE, EngineError, Heard, Sound
from translation.engines.outgoing import Outgoing

PATIENCE = 5.0
"""Seconds without a word from the server after which it is told that we are there."""

ANSWERS = 15.0
"""Seconds of sound, or after its end, without a word from the server after which it counts as hung."""


class Deepgram:
    """`url` is the server's (`wss://host`), `key` goes with the handshake and nowhere else."""

    def __init__(self, outgoing: Outgoing, url: str, key: str, lang: str) -> None:
        self._outgoing = outgoing
        asked = {
            "encoding": "linear16",
            "sample_rate": RATE,
            "channels": 1,
            "language": lang,
            "interim_results": "true",
            "punctuate": "true",
            "smart_format": "true",
        }
        self._url = f"{url.rstrip('/')}/v1/listen?{urlencode(asked)}"
        self._headers = {"Authorization": f"Token {key}"} if key else {}

    async def recognize(self, sound: Sound) -> AsyncIterator[Heard]:
        try:
            async with self._outgoing.socket(self._url, self._headers, ping_interval=None) as server:
                stream = _Stream(server)
                feeding = asyncio.create_task(stream.feed(sound))
                try:
                    while (message := await stream.next(feeding)) is not None:
                        heard = _heard(message)
                        if heard is not None:
                            yield heard
                finally:
                    feeding.cancel()
                    await asyncio.gather(feeding, return_exceptions=True)  # why it failed is told by the server's side
        except (OSError, WebSocketException, TimeoutError) as error:
            raise EngineError(f"the Deepgram server: {error!r}") from error

    async def close(self) -> None:
        """Nothing is held between streams."""


class _Stream:
    def __init__(self, server: ClientConnection) -> None:
        self._server = server
        self._fed = 0.0

    async def feed(self, sound: Sound) -> None:
        async for samples in sound:
            self._fed += len(samples) / RATE
            await self._server.send(samples.tobytes())
        await self._server.send('{"type": "CloseStream"}')

    async def next(self, feeding: asyncio.Task[None]) -> dict[str, Any] | None:
        """The next message; None after the last. Raises EngineError for a server that does not answer, or not in JSON."""
        ended = 0.0
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    message = await self._server.recv()
                self._fed = 0.0
                return _document(message)
            except ConnectionClosedOK:
                if not feeding.done():
                    raise EngineError("the Deepgram server left while there is sound") from None
                return None
            except TimeoutError:
                if feeding.done():
                    feeding.result()
                    ended += PATIENCE
                if max(self._fed, ended) > ANSWERS:
                    raise EngineError("the Deepgram server does not answer") from None
                await self._server.send('{"type": "KeepAlive"}')


def _document(message: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(message)
    except ValueError as error:
        raise EngineError("the Deepgram server did not speak JSON") from error
    if not isinstance(document, dict):
        raise EngineError("the Deepgram server did not answer with an object")
    return document


def _heard(message: dict[str, Any]) -> Heard | None:
    if message.get("type") != "Results":
        return None
    try:
        best = message["channel"]["alternatives"][0]
        text, start = str(best["transcript"]).strip(), float(message["start"])
        confidence = float(best["confidence"]) if "confidence" in best else None
        return Heard(text, start, start + float(message["duration"]), bool(message["is_final"]), confidence) if text else None
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise EngineError("the Deepgram server sent results of another shape") from error
