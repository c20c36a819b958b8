"""Vosk's and LibreTranslate's protocols, spoken by servers with real engines behind them: their own models are not in any package."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection, serve

from translation.engines import Heard, Recognizer, Sound, Translator


@asynccontextmanager
async def vosk_server(recognizer: Recognizer, port: int = 0) -> AsyncIterator[str]:
    """The protocol of alphacep/vosk-server: every message of sound is answered, with the newest guess or the next finished line."""

    async def talk(client: ServerConnection) -> None:
        sounds: asyncio.Queue[bytes] = asyncio.Queue()
        decoded: asyncio.Queue[None] = asyncio.Queue()
        heard: list[Heard] = []

        async def sound() -> Sound:
            while data := await sounds.get():
                yield np.frombuffer(data, np.int16)
                decoded.put_nowait(None)  # who asks for more has heard this

        async def recognize() -> None:
            async for item in recognizer.recognize(sound()):
                heard.append(item)  # noqa: PERF401 - each is wanted as soon as it comes
            decoded.put_nowait(None)

        async def answer(data: bytes) -> None:
            sounds.put_nowait(data)
            await decoded.get()
            finals = [item for item in heard if item.final]
            guess = next((item.text for item in reversed(heard) if not item.final), "")
            heard.clear()
            await client.send(json.dumps(_result(finals) if finals or not data else {"partial": guess}))

        async with asyncio.TaskGroup() as group:
            recognizing = group.create_task(recognize())
            try:
                async for message in client:
                    if isinstance(message, bytes):
                        await answer(message)
                    elif "eof" in json.loads(message):
                        await answer(b"")
                        break
            finally:
                recognizing.cancel()

    async with serve(talk, "127.0.0.1", port) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _result(finals: list[Heard]) -> dict[str, Any]:
    words = [{"word": item.text, "start": item.start, "end": item.end, "conf": 1.0} for item in finals]
    return {"text": " ".join(item.text for item in finals), "result": words}


class _Wanted(BaseModel):
    q: str
    source: str
    target: str
    format: str


@asynccontextmanager
async def libretranslate_server(translator: Translator, languages: tuple[str, ...]) -> AsyncIterator[str]:
    """LibreTranslate's `GET /languages` and `POST /translate`."""
    app = FastAPI()

    @app.get("/languages")
    async def list_languages() -> list[dict[str, Any]]:
        return [
            {"code": code, "name": code, "targets": [target for target in languages if translator.can(code, target)]} for code in languages
        ]

    @app.post("/translate")
    async def translate(wanted: _Wanted) -> dict[str, str]:
        if wanted.q == "break":
            raise HTTPException(500)
        return {"translatedText": await translator.translate(wanted.q, wanted.source, wanted.target)}

    async with http_server(app) as url:
        yield url


@asynccontextmanager
async def http_server(app: FastAPI) -> AsyncIterator[str]:
    """Any application on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
