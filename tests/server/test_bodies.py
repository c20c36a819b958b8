"""What strangers send without an end: bodies and heads, too long or too slow, are cut off before anyone asks what they are for."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from server import bodies, heads
from server.bodies import MAX_BODY
from sessions.people import Role
from tests.server.site import SESSION, Site, site
from tests.server.test_routes import problem

__all__ = ["site"]

CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
SECOND = 0.3


@dataclass
class Wire:
    """A connection that says what it is told to, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def insist(self, data: bytes, every: float = 0.0) -> tuple[bytes, int]:
        """Say it again and again until the head of an answer: that, and how many bytes were said."""
        head, sent = asyncio.ensure_future(self.head()), 0
        with contextlib.suppress(ConnectionError):
            while not head.done():
                await self.say(data)
                sent += len(data)
                await asyncio.sleep(every)
        return await head, sent

    async def until_cut(self, data: bytes) -> None:
        """Say it again and again until the connection is no more."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.say(data)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def wire(site: Site) -> AsyncIterator[Wire]:
    url = httpx.URL(site.server.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    async with asyncio.timeout(20):
        try:
            yield Wire(reader, writer)
        finally:
            writer.close()


def post(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: here", "Content-Type: application/json", *headers, "", ""]).encode()


PATHS = ("/api/join/WRONGCODE", "/no/such/page", f"/whep/{SESSION}", "/ingest/zoom/closedcaption")


async def test_a_stranger_s_endless_body_is_refused_before_it_is_kept(site: Site) -> None:
    for path in PATHS:
        async with wire(site) as client:
            await client.say(post(path, "Transfer-Encoding: chunked"))
            head, sent = await client.insist(CHUNK)
            assert head.startswith(b"HTTP/1.1 413 "), head
            assert b"content-type: application/problem+json" in head
            assert b"connection: close" in head.lower()
            assert (b"access-control-allow-origin: *" in head) == path.startswith("/whep/")
            assert sent < 100 * MAX_BODY
            begun = time.monotonic()
            await client.until_cut(CHUNK)
            assert time.monotonic() - begun < bodies.LINGER_SECONDS + 2


async def test_a_length_past_the_limit_is_refused_before_the_body_is_sent(site: Site) -> None:
    async with wire(site) as client:
        await client.say(post("/api/join/WRONGCODE", f"Content-Length: {MAX_BODY + 1}", "Expect: 100-continue"))
        assert (await client.head()).startswith(b"HTTP/1.1 413 ")


async def test_a_body_at_the_limit_is_read(site: Site) -> None:
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    body = b'{"lang": "en"}'.ljust(MAX_BODY)

    async def chunked() -> AsyncIterator[bytes]:
        yield body

    for content in (body, chunked()):
        answer = await site.http.post(f"/api/join/{code}", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 201, answer.text
    problem(await site.http.post(f"/api/join/{code}", content=body + b" "), 413, "too_large")


async def test_a_body_that_trickles_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", SECOND)
    async with wire(site) as client:
        await client.say(post(f"/whip/{SESSION}", "Transfer-Encoding: chunked"))
        begun = time.monotonic()
        head, _ = await client.insist(b"1\r\nx\r\n", SECOND / 10)
        assert head.startswith(b"HTTP/1.1 408 "), head
        assert b"access-control-allow-origin: *" in head
        assert time.monotonic() - begun >= SECOND


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nHost: here\r\n"], ids=["nothing", "a head"])
async def test_a_head_that_does_not_come_is_given_up(site: Site, begin: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", SECOND)
    async with wire(site) as client:
        await client.say(begin)
        assert await client.reader.read() == b""


async def test_a_second_head_that_does_not_come_is_given_up_and_a_slow_answer_is_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", SECOND)
    get = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
    async with wire(site) as client:
        for _ in range(3):
            await client.say(get)
            head = await client.head()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await client.reader.readexactly(len(b'{"status":"ok"}'))
            await asyncio.sleep(SECOND / 2)
        await client.say(b"GET ")
        assert await client.reader.read() == b""


async def test_a_head_without_an_end_is_refused(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async with wire(site) as client:
        await client.say(b"GET / HTTP/1.1\r\nHost: here\r\n")
        head, _ = await client.insist(b"x-more: " + b"x" * 1000 + b"\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
    assert "Invalid HTTP request" in caplog.text


@pytest.mark.parametrize("cut", [0, 3, 40], ids=["whole", "in the method", "in the head"])
async def test_a_request_for_the_socket_is_agreed_to_in_one_piece_or_two(site: Site, cut: int) -> None:
    get = b"GET /ws HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    get += b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    async with wire(site) as client:
        for piece in filter(None, (get[:cut], get[cut:])):
            await client.say(piece)
            await asyncio.sleep(0.02)
        assert (await client.head()).startswith(b"HTTP/1.1 101 ")
