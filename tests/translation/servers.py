"""The protocols of recognizers and translators, spoken by servers with real engines behind them: their own models are in no package.

Each misbehaves on demand: it hangs, answers 500, babbles, or is slow.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from translation.engines import RATE, Heard, Recognizer, Sound, Translator

Manner = Literal["well", "hang", "500", "babble", "slow"]


class Manners:
    """How the next requests are answered."""

    def __init__(self) -> None:
        self.now: Manner = "well"

    def over(self, app: ASGIApp) -> ASGIApp:
        async def mannered(scope: Scope, receive: Receive, send: Send) -> None:
            while self.now == "hang":  # noqa: ASYNC110 - until the test has seen enough
                await asyncio.sleep(0.02)
            if self.now == "slow":
                await asyncio.sleep(0.4)
            if self.now == "500":
                await PlainTextResponse("no", 500)(scope, receive, send)
            elif self.now == "babble":
                await PlainTextResponse("<html>")(scope, receive, send)
            else:
                await app(scope, receive, send)

        return mannered


@asynccontextmanager
async def deepgram_server(recognizer: Recognizer, manners: Manners) -> AsyncIterator[str]:
    """Deepgram's `/v1/listen`: sound in, `Results` out, until `CloseStream`."""

    async def talk(client: ServerConnection) -> None:
        assert client.request is not None
        assert client.request.path.startswith("/v1/listen?encoding=linear16&sample_rate=16000")
        assert client.request.headers["Authorization"] == "Token secret"
        if manners.now != "well":
            await _misbehave(client, manners.now)
            return
        with contextlib.suppress(ConnectionClosed):
            async with aclosing(recognizer.recognize(_until_closed(client))) as heard:  # type: ignore[type-var]
                async for item in heard:
                    results = {"type": "Results", "start": item.start, "duration": item.end - item.start, "is_final": item.final}
                    await client.send(json.dumps(results | {"channel": {"alternatives": [{"transcript": item.text}]}}))
            await client.send('{"type": "Metadata"}')

    async with serve(talk, "127.0.0.1", 0, ping_interval=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _until_closed(client: ServerConnection) -> Sound:
    async for message in client:
        if isinstance(message, bytes):
            yield np.frombuffer(message, np.int16)
        elif json.loads(message)["type"] == "CloseStream":
            return


async def _misbehave(client: ServerConnection, manner: Manner) -> None:
    async for message in client:
        if manner == "babble":
            await client.send("<html>")
        elif manner == "500" and isinstance(message, bytes):
            await client.close(1011)


@asynccontextmanager
async def transcription_server(recognizer: Recognizer, manners: Manners) -> AsyncIterator[str]:
    """OpenAI's `POST /v1/audio/transcriptions`, of which the file is read and the rest is looked at."""
    app = FastAPI()

    @app.post("/v1/audio/transcriptions")
    async def transcribe(request: Request) -> dict[str, str]:
        body = await request.body()
        assert request.headers["Authorization"] == "Bearer secret"
        assert b'name="model"\r\n\r\nwhisper' in body
        begin = body.index(b"RIFF") + 44
        size = int.from_bytes(body[begin - 4 : begin], "little")
        said = [item.text async for item in recognizer.recognize(_whole(body[begin : begin + size])) if item.final]
        return {"text": " ".join(said)}

    async with http_server(manners.over(app)) as url:
        yield url


async def _whole(samples: bytes) -> Sound:
    yield np.frombuffer(samples, np.int16)
    yield np.zeros(RATE, np.int16)


@asynccontextmanager
async def deepl_server(translator: Translator, manners: Manners) -> AsyncIterator[str]:
    """DeepL's `GET /v2/languages` and `POST /v2/translate`."""
    app = FastAPI()

    @app.get("/v2/languages")
    async def list_languages(type: str) -> list[dict[str, str]]:
        codes = ("EN", "ES", "FR") if type == "source" else ("EN-GB", "EN-US", "ES", "FR")
        return [{"language": code, "name": code} for code in codes]

    @app.post("/v2/translate")
    async def translate(request: Request) -> dict[str, list[dict[str, str]]]:
        assert request.headers["Authorization"] == "DeepL-Auth-Key secret"
        asked = await request.json()
        assert asked["target_lang"] in ("EN-GB", "EN-US", "ES", "FR")
        source = asked["source_lang"]
        texts = [await translator.translate(text, source.lower(), asked["target_lang"].lower()) for text in asked["text"]]
        return {"translations": [{"detected_source_language": source, "text": text} for text in texts]}

    async with http_server(manners.over(app)) as url:
        yield url


@asynccontextmanager
async def chat_server(translator: Translator, manners: Manners) -> AsyncIterator[str]:
    """OpenAI's `POST /v1/chat/completions` by a model that only ever translates."""
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> dict[str, Any]:
        assert request.headers["Authorization"] == "Bearer secret"
        asked = await request.json()
        task, text = (message["content"] for message in asked["messages"])
        source, target = re.findall(r"from (\S+) to (\S+) ", task)[0]
        said = await translator.translate(text, source, target)
        return {"choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]}

    async with http_server(manners.over(app)) as url:
        yield url


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
async def libretranslate_server(translator: Translator, languages: tuple[str, ...], manners: Manners) -> AsyncIterator[str]:
    """LibreTranslate's `GET /languages` and `POST /translate`."""
    app = FastAPI()

    @app.get("/languages")
    async def list_languages() -> list[dict[str, Any]]:
        return [
            {"code": code, "name": code, "targets": [target for target in languages if translator.can(code, target)]} for code in languages
        ]

    @app.post("/translate")
    async def translate(wanted: _Wanted) -> dict[str, str]:
        return {"translatedText": await translator.translate(wanted.q, wanted.source, wanted.target)}

    async with http_server(manners.over(app)) as url:
        yield url


@asynccontextmanager
async def http_server(app: ASGIApp) -> AsyncIterator[str]:
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
