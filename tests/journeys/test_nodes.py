"""Two servers as people run them, on one Redis: one leaves and its viewers move; one is killed and the others go on when it is back."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from realtime.relay.dtls import Certificate
from server.auth import Tokens
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import Signal, publishing, until, viewing
from tests.realtime.relay.light import LightPeer
from tests.redis import Redis, redis
from tests.server import site
from tests.server.site import SDP, Talk
from tests.server.test_cascade import node
from tests.server.test_cli import Marquee

SESSION = "main"
SECRET = "the same secret in both of the nodes"


@pytest.fixture
def bus() -> Iterator[Redis]:
    with redis() as server:
        yield server


class Node:
    """A `marquee serve`, and the requests of people at it, who follow redirects as browsers do."""

    def __init__(self, data: Path, bus: Redis) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False, follow_redirects=True)
        self._settings = {"DATA": str(data), "BUS": bus.url, "SECRET": SECRET, "NODE": self.url, "METRICS": "watch-me"}

    async def start(self) -> None:
        settings = {f"MARQUEE_{name}": value for name, value in self._settings.items()}
        self.marquee = Marquee("serve", "--port", str(self.port), **settings)
        await asyncio.to_thread(self.marquee.until, "Marquee is at")

    async def knows(self, nodes: int) -> None:
        """Wait until it knows so many, itself too."""

        async def told() -> bool:
            return f"marquee_nodes {nodes}.0" in (await self.http.get("/metrics", headers={"Authorization": "Bearer watch-me"})).text

        await until(told)

    async def live(self) -> bool:
        return bool((await self.http.get("/api/event")).json()["live"][SESSION])

    def signal(self, entrance: str, role: Role, answers: list[httpx.Response] | None = None) -> Signal:
        async def signal(offer: str) -> str:
            answer = await self.http.post(f"/{entrance}/{SESSION}", content=offer, headers=SDP | bearer(role))
            assert answer.status_code == 201, answer.text
            if answers is not None:
                answers.append(answer)
            return answer.text

        return signal

    @asynccontextmanager
    async def talk(self) -> AsyncIterator[Talk]:
        async with connect(self.url.replace("http", "ws") + "/ws", proxy=None) as ws:
            await ws.send(json.dumps({"type": "hello", "token": token(Role.ATTENDEE)}))
            yield Talk(ws)


def token(role: Role) -> str:
    return Tokens(SECRET, ()).issue(f"a-{role.value}", SESSION, role, "en")


def bearer(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(role)}"}


@pytest.fixture
async def nodes(tmp_path: Path, bus: Redis) -> AsyncIterator[tuple[Node, Node]]:
    one, two = Node(tmp_path / "one", bus), Node(tmp_path / "two", bus)
    try:
        await asyncio.gather(one.start(), two.start())
        await asyncio.gather(one.knows(2), two.knows(2))
        yield one, two
    finally:
        for node in (one, two):
            await node.http.aclose()
            await asyncio.to_thread(node.marquee.end, signal.SIGKILL)


async def asked(node: Node) -> bool:
    """Whether a viewer is sent to another node."""
    offer = LightPeer(Certificate.generateCertificate())
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as http:
        answer = await http.post(f"/whep/{SESSION}", content=offer.offer("recvonly", {"H264": 96}), headers=SDP | bearer(Role.ATTENDEE))
    await offer.close()
    return answer.status_code == 307


async def told_to_reconnect(node: Node, watching: httpx.Response, listening: asyncio.Event) -> None:
    """Listen to a viewer's events until it is sent away; `listening` is set when they can come."""
    events = f"{watching.headers['Location']}/events"
    stream = await node.http.post(events, content='["reconnect"]', headers={"Content-Type": "application/json"} | bearer(Role.ATTENDEE))
    async with node.http.stream("GET", stream.headers["Location"], timeout=30) as told:
        async for line in told.aiter_lines():
            listening.set()
            if line == "event: reconnect":
                return
    raise AssertionError("the stream ended without a word")


async def test_viewers_of_a_node_that_leaves_move_to_another_and_watch_on(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    answers: list[httpx.Response] = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(publishing(one.signal("whip", Role.SPEAKER)))
        await until(two.live)
        there = await stack.enter_async_context(viewing(two.signal("whep", Role.ATTENDEE)))
        here = await stack.enter_async_context(viewing(one.signal("whep", Role.ATTENDEE, answers)))
        await until(lambda: here.frames > 3 and there.frames > 3)
        listening = asyncio.Event()
        sent_away = asyncio.create_task(told_to_reconnect(one, answers[0], listening))
        await listening.wait()
        began = time.monotonic()
        one.marquee.process.send_signal(signal.SIGTERM)
        await sent_away
        moved = await stack.enter_async_context(viewing(one.signal("whep", Role.ATTENDEE, answers)))
        assert str(answers[1].url).startswith(two.url)
        await until(lambda: moved.frames > 3)
        # Who heard nothing of it is ended while there is still somebody to ask for another place.
        await until(lambda: here.connection.connectionState == "closed")
        await until(lambda: asked(one))
        assert await asyncio.to_thread(one.marquee.process.wait, 10) == 0
        assert time.monotonic() - began < 10
        # The publisher comes again, to whom is left; nobody who watches there connects again.
        await stack.enter_async_context(publishing(two.signal("whip", Role.SPEAKER)))
        seen = moved.frames, there.frames
        await until(lambda: moved.frames > seen[0] + 10 and there.frames > seen[1] + 10)
        assert {moved.connection.connectionState, there.connection.connectionState} == {"connected"}


async def test_viewers_elsewhere_are_told_that_a_node_was_killed_and_see_on_when_it_is_back(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(publishing(one.signal("whip", Role.SPEAKER)))
        await until(two.live)
        talk = await stack.enter_async_context(two.talk())
        await talk.until(lambda talk: talk.states[f"{SESSION}/public"]["live"])
        viewer = await stack.enter_async_context(viewing(two.signal("whep", Role.ATTENDEE)))
        await until(lambda: viewer.frames > 3)
        one.marquee.process.kill()
        # Whose session it was is gone, so that people come again, and find it without its picture.
        with pytest.raises(ConnectionClosed) as gone:
            await talk.until(lambda talk: False)
        assert gone.value.rcvd is not None
        assert gone.value.rcvd.code == 1012
        async with asyncio.timeout(10):
            talk = await stack.enter_async_context(two.talk())
            await talk.until(lambda talk: not talk.states.get(f"{SESSION}/public", {"live": True})["live"])
        await asyncio.to_thread(one.marquee.process.wait)
        await one.start()
        await stack.enter_async_context(publishing(one.signal("whip", Role.SPEAKER)))
        seen = viewer.frames
        await until(lambda: viewer.frames > seen + 10, 15)
        await talk.until(lambda talk: talk.states[f"{SESSION}/public"]["live"])
        assert viewer.connection.connectionState == "connected"


@pytest.mark.browser
async def test_a_page_of_a_node_that_leaves_watches_on_at_another(tmp_path: Path, bus: Redis) -> None:
    async with AsyncExitStack() as stack:
        two = await stack.enter_async_context(node(tmp_path, bus))
        leaving = await stack.enter_async_context(AsyncExitStack())
        one = await leaving.enter_async_context(node(tmp_path, bus))
        await stack.enter_async_context(publishing(two.signal("whip", "speaker")))
        browser = await stack.enter_async_context(chromium())
        await until(partial(live, one))
        attendee = await Visitor.enter(browser, one.server, site.SESSION, Role.ATTENDEE, "Layla")
        await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
        await until(lambda: watches(attendee))
        await leaving.aclose()
        await until(lambda: watched(two))
        await until(lambda: watches(attendee))
        assert not attendee.errors


async def live(there: site.Site) -> bool:
    return bool((await there.http.get("/api/event")).json()["live"][site.SESSION])


async def watched(there: site.Site) -> bool:
    return (await there.relay.stats(site.SESSION)).viewers == 1


async def watches(visitor: Visitor) -> bool:
    """Whether a page has shown some of the picture since it last connected."""
    return await visitor.frames_decoded() > 15
