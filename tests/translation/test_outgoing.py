"""Engines speak to public servers, or to those that are allowed; to none for ever, and tell nobody the keys."""

import asyncio
import gzip
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Response as Handshake

from server.settings import Settings
from tests.translation import test_recognizers, test_translators
from tests.translation.servers import Manners, http_server
from tests.translation.test_recognizers import listen, reading
from translation.engines import RATE, EngineError
from translation.engines.apertium import Apertium
from translation.engines.moonshine import Moonshine
from translation.engines.outgoing import ANSWER_LIMIT, Outgoing

HERE = Outgoing(["127.0.0.0/8"])


@asynccontextmanager
async def site() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that sends people away, on and on; its URL and the paths it was asked for."""
    app, asked = FastAPI(), list[str]()

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        asked.append(request.url.path)
        return await call_next(request)

    @app.get("/away")
    async def away() -> Response:
        return RedirectResponse("/inside")

    @app.get("/inside")
    async def inside(request: Request) -> dict[str, str]:
        return {"host": request.headers["host"]}

    @app.get("/endless")
    async def endless() -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield b" " * 65536

        return StreamingResponse(pieces())

    @app.get("/dripping")
    async def dripping() -> Response:
        async def drops() -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.05)

        return StreamingResponse(drops())

    @app.get("/packed")
    async def packed() -> Response:
        return Response(gzip.compress(b" " * 50 * ANSWER_LIMIT + b"1"), headers={"Content-Encoding": "gzip"})

    async with http_server(app) as url:
        yield url, asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254",
        "100.100.100.200", "168.63.129.16", "224.0.0.1", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe",
        "192.0.0.192", "::127.0.0.1", "fec0::1", "::ffff:0:127.0.0.1", "64:ff9b:1::a9fe:a9fe",
    ],
)  # fmt: skip
async def test_what_is_not_public_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(EngineError, match=r"not public.*MARQUEE_HOOK_HOSTS"):
        await Outgoing().addresses(host, 80)


async def test_what_is_public_or_allowed_by_name_address_or_network_is_not() -> None:
    assert await Outgoing().addresses("8.8.8.8", 443) == ["8.8.8.8"]
    assert "127.0.0.1" in await Outgoing(["LocalHost"]).addresses("localhost", 80)
    assert await Outgoing(["10.0.0.0/8"]).addresses("10.1.2.3", 80) == ["10.1.2.3"]
    with pytest.raises(EngineError):
        await Outgoing(["localhost"]).addresses("127.0.0.2", 80)


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The names that were asked for; each time the resolver gives the next answer."""
    asked: list[str] = []
    turns = iter(answers)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(EngineError, match=r"10\.0\.0\.1, which is not public"):
        await Outgoing().addresses("engine.example", 443)


async def test_a_name_that_changes_its_mind_leads_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async with site() as (url, _):
        port = url.rpartition(":")[2]
        asked = answering(monkeypatch, ["127.0.0.3", "127.0.0.1"], ["169.254.169.254"])  # nobody listens at the first of them
        http = HERE.http(f"http://engine.example:{port}", 5)
        assert await http.ask("GET", "/inside") == {"host": f"engine.example:{port}"}
        with pytest.raises(EngineError, match="not public"):
            await http.ask("GET", "/inside")
        assert asked == ["engine.example"] * 2
        await http.close()


@pytest.mark.parametrize(
    ("path", "why"),
    [("/away", "answered 307"), ("/endless", "more than"), ("/dripping", "TimeoutError"), ("/packed", "UnicodeDecodeError")],
)
async def test_no_redirect_is_followed_and_no_answer_is_endless(path: str, why: str) -> None:
    async with site() as (url, asked):
        http = HERE.http(url, 1.0)
        with pytest.raises(EngineError, match=why):
            await http.ask("GET", path)
        assert asked == [path]
        await http.close()


async def test_a_socket_is_held_to_the_same() -> None:
    def away(client: ServerConnection, request: Any) -> Handshake:
        response = client.respond(307, "")
        response.headers["Location"] = "ws://localhost:9/"
        return response

    async def talk(client: ServerConnection) -> None: ...

    async with serve(talk, "127.0.0.1", 0, process_request=away) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(EngineError, match="not public"):
            async with Outgoing().socket(url):
                ...
        with pytest.raises(EngineError, match="sends us elsewhere"):
            async with HERE.socket(url):
                ...


async def test_keys_are_never_logged_however_much_is(caplog: pytest.LogCaptureFixture) -> None:
    """Servers in this process may log what they get; what the clients log, at their most talkative, holds no key."""
    caplog.set_level(logging.DEBUG)
    manners = Manners()
    async with AsyncExitStack() as stack:
        ears, tongue = Moonshine(), Apertium()
        stack.push_async_callback(ears.close)
        stack.push_async_callback(tongue.close)
        for kind in ("deepl", "chat"):
            url = await stack.enter_async_context(test_translators.SERVED[kind](tongue, manners))
            translator = await stack.enter_async_context(test_translators.client(kind, url))
            assert await translator.translate("The house is big.", "en", "es") == "La casa es grande."
            manners.now = "500"
            with pytest.raises(EngineError) as failed:
                await translator.translate("The house is small.", "en", "es")
            logging.getLogger("engine").warning("%s failed", kind, exc_info=failed.value)
            manners.now = "well"
        for kind in ("deepgram", "transcriptions"):
            url = await stack.enter_async_context(test_recognizers.SERVED[kind](ears, manners))
            recognizer = test_recognizers.client(kind, url)
            assert await listen(recognizer, reading()[: 4 * RATE])
            await recognizer.close()
    ours = [record for record in caplog.records if not record.name.startswith(("websockets.server", "uvicorn"))]
    assert {"httpx", "httpcore.http11", "engine"} <= {record.name for record in ours}
    assert [record for record in ours if "secret" in logging.Formatter().format(record)] == []


@pytest.mark.parametrize("url", ["https://key@engine.example", "https://engine.example/?key=1", "file:///etc/passwd", "engine.example"])
def test_an_address_holds_no_key(url: str) -> None:
    with pytest.raises(ValueError, match="libretranslate"):
        Settings(libretranslate=url)
