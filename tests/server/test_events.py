"""The server-sent events of WHEP, as a player hears them."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from realtime.relay import UnknownResource
from realtime.relay.dtls import Certificate
from server.egress import EVENTS, STREAMS_LIMIT
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_process import relay_processes
from tests.server.site import SDP, SESSION, Site, site
from tests.server.test_media import problem

__all__ = ["site"]

REL = "urn:ietf:params:whep:ext:core:server-sent-events"


class Player:
    """A viewer with an event stream: `heard` are (event, data) in order, `over` whether the server ended the stream."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.peer = LightPeer(Certificate.generateCertificate())
        self.heard: list[tuple[str, Any]] = []
        self.over = False

    async def watch(self) -> None:
        async def signal(offer: str) -> str:
            self.created = await self.site.post("whep", offer, "attendee")
            return self.created.text

        await self.peer.open(signal, "recvonly", {"audio": 111, "VP8": 100})

    async def subscribe(self, body: object = None, **headers: str) -> httpx.Response:
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | self.site.bearer("attendee") | headers
        return await self.site.http.post(f"{self.created.headers['Location']}/events", content=content, headers=headers)

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen(url))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _listen(self, url: str) -> None:
        async with self.site.http.stream("GET", url, timeout=None) as told:
            assert told.headers["Content-Type"].startswith("text/event-stream")
            assert told.headers["Access-Control-Allow-Origin"] == "*"
            event = ""
            async for line in told.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    self.heard.append((event, json.loads(value)))
        self.over = True

    def heard_of(self, event: str) -> list[Any]:
        return [data for name, data in self.heard if name == event]


@asynccontextmanager
async def stage(site: Site) -> AsyncIterator[LightPeer]:
    """Somebody who sends sound and picture until the end of the block."""
    peer = LightPeer(Certificate.generateCertificate())
    await peer.open(site.signal("whip", "speaker"), "sendonly", {"audio": 111, "VP8": 96})

    async def send() -> None:
        for number in range(100_000):
            peer.send(111, number, number * 960, 1, b"sound")
            peer.send(96, number, number * 3_000, 2, bytes(500))
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(send())
    await until(lambda: site.live)
    try:
        yield peer
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await peer.close()


@pytest.fixture
async def player(site: Site) -> AsyncIterator[Player]:
    async with stage(site):
        player = Player(site)
        await player.watch()
        yield player
        await player.peer.close()


async def test_a_player_hears_what_becomes_of_its_session(site: Site) -> None:
    player = Player(site)
    async with stage(site):
        await player.watch()
        link = player.created.headers["Link"]
        assert f'<{player.created.headers["Location"]}/events>; rel="{REL}"; events="active,inactive,layers,reconnect,viewercount"' in link
        stream = await player.subscribe(["active", "inactive", "layers", "viewercount"])
        assert stream.status_code == 201
        listening = player.listening(stream.headers["Location"])
        await listening.__aenter__()
        await until(lambda: player.heard_of("active") == [{}] and player.heard_of("viewercount") == [{"viewercount": 1}])
        second = await site.post("whep", player.peer.offer("recvonly", {"VP8": 96}), "attendee")
        await until(lambda: player.heard_of("viewercount")[-1] == {"viewercount": 2})
        # The picture is the second section of this player's SDP.
        await until(lambda: any(layers["1"][0]["bitrate"] > 50_000 for layers in player.heard_of("layers")))
        await site.http.delete(second.headers["Location"], headers=site.bearer("attendee"))
        await until(lambda: player.heard_of("viewercount")[-1] == {"viewercount": 1})
    await until(lambda: player.heard[-1] == ("inactive", {}))
    async with stage(site):
        await until(lambda: player.heard_of("active") == [{}, {}])
        await site.http.delete(player.created.headers["Location"], headers=site.bearer("attendee"))
        await until(lambda: player.over)
        assert (await site.http.get(stream.headers["Location"])).status_code == 404
    await listening.__aexit__(None, None, None)
    await player.peer.close()


async def test_a_player_hears_only_what_it_asked_for_and_all_by_default(player: Player) -> None:
    some, every = await player.subscribe(["viewercount", "scte35"]), await player.subscribe()
    async with player.listening(some.headers["Location"]):
        await until(lambda: len(player.heard) == 1)
        assert player.heard == [("viewercount", {"viewercount": 1})]
    async with player.listening(every.headers["Location"]):
        await until(lambda: {event for event, _ in player.heard} == {"active", "layers", "viewercount"})


async def test_a_reader_that_comes_back_hears_what_is_true_and_takes_the_stream(player: Player) -> None:
    url = (await player.subscribe(["active"])).headers["Location"]
    async with player.listening(url):
        await until(lambda: player.heard == [("active", {})])
        async with player.listening(url):
            await until(lambda: player.heard == [("active", {})] * 2)
            await until(lambda: player.over)


async def test_every_player_is_sent_away_when_the_server_drains(player: Player) -> None:
    url = (await player.subscribe(["reconnect"])).headers["Location"]
    async with player.listening(url):
        await asyncio.sleep(0.1)
        player.site.services.events.drain()
        await until(lambda: player.over)
    assert player.heard == [("reconnect", {})]


async def test_a_stream_ends_with_the_relays_process(player: Player) -> None:
    url = (await player.subscribe()).headers["Location"]
    async with player.listening(url):
        await until(lambda: player.heard_of("active") == [{}])
        (process,) = relay_processes()
        os.kill(process, signal.SIGKILL)
        await until(lambda: player.over)
    assert player.heard[-1] == ("inactive", {})
    await until(lambda: bool(relay_processes()))


async def test_streams_have_a_limit_and_can_be_ended(player: Player) -> None:
    location = player.created.headers["Location"]
    urls = [(await player.subscribe()).headers["Location"] for _ in range(STREAMS_LIMIT)]
    assert len(set(urls)) == STREAMS_LIMIT
    assert all(url.startswith(f"{location}/events/") and len(url.rpartition("/")[2]) == 24 for url in urls)
    problem(await player.subscribe(), 429, "rate_limited")
    problem(await player.site.http.delete(urls[0]), 401, "no_token")
    assert (await player.site.http.delete(urls[0], headers=player.site.bearer("attendee"))).status_code == 200
    problem(await player.site.http.get(urls[0]), 404, "not_found")
    problem(await player.site.http.get(urls[1].replace(location, f"/whep/{SESSION}/another")), 404, "not_found")
    assert (await player.subscribe()).status_code == 201


async def test_a_stream_of_a_player_that_has_left_meanwhile_is_not_kept(site: Site) -> None:
    with pytest.raises(UnknownResource):
        await site.services.events.open("left", SESSION, None, EVENTS)
    assert not site.services.events._streams


async def test_a_subscription_is_refused_like_everything_else(player: Player) -> None:
    location = player.created.headers["Location"]
    problem(await player.site.http.post(f"{location}/events"), 401, "no_token")
    problem(await player.site.http.post(f"{location}/events", headers=player.site.bearer("publisher")), 403, "forbidden")
    problem(
        await player.site.http.post(f"/whep/{SESSION}/never-was/events", headers=player.site.bearer("attendee")), 404, "unknown_resource"
    )
    problem(await player.subscribe([], **{"Content-Type": "text/plain"}), 415, "unsupported_media")
    nonsenses: list[object] = [{"events": []}, [1], "active", ["active", None]]
    for nonsense in nonsenses:
        problem(await player.subscribe(nonsense), 400, "bad_request")
    counter = await player.site.http.post(
        f"/whep/{SESSION}", content=player.peer.offer("sendonly", {"VP8": 96}), headers=SDP | player.site.bearer("attendee")
    )
    unanswered = await player.site.http.post(f"{counter.headers['Location']}/events", headers=player.site.bearer("attendee"))
    problem(unanswered, 404, "unknown_resource")
