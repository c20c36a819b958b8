"""Two servers are one world while each of them is restarted, killed or paused under a load of votes: none is lost and none counts twice."""

import asyncio
import contextlib
import json
import random
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.settings import Settings
from sessions.people import Role
from tests.load.cluster import free_port, server, token
from tests.load.votes import ballots
from tests.redis import Redis, redis
from tests.server.site import SESSION, Talk

PEOPLE, POLLS = 24, 50
PAUSE = 0.1
"""Seconds, about, between two votes of a person."""

ANSWER = 15.0
"""Seconds a person waits for an answer before they ask elsewhere."""

MORE = 50
"""Votes that must be acknowledged after a change before the next."""

SECONDS_LIMIT = 240
"""For a whole story on a busy machine: each server takes some seconds to start."""

pytestmark = pytest.mark.timeout(SECONDS_LIMIT + 30)


class NotNow(Exception):
    """The server asks for a retry."""


@dataclass
class Hall:
    """People who vote in one poll after the other, round and round, at either server, and say each vote until it is acknowledged."""

    ports: tuple[int, int]
    acked: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of the last vote of each poll and person."""
    count: int = 0
    over: bool = False

    async def vote(self, person: str) -> None:
        number = 0
        while not self.over:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, NotNow):
                async with self.at(random.choice(self.ports), person) as ws:
                    while not self.over:
                        await self.one(ws, person, number)
                        self.acked[f"poll-{number % POLLS}", person] = number
                        self.count += 1
                        number += 1
                        await asyncio.sleep(random.uniform(0, 2 * PAUSE))
            await asyncio.sleep(random.uniform(0, 0.3))

    @asynccontextmanager
    async def at(self, port: int, person: str, role: Role = Role.ATTENDEE) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None, open_timeout=ANSWER, close_timeout=1) as ws:
            await ws.send(json.dumps({"type": "hello", "token": token(person, role)}))
            yield ws

    async def one(self, ws: ClientConnection, person: str, number: int) -> None:
        key = f"vote-of-{person}-{number}"
        await ws.send(json.dumps({"type": "poll.vote", "id": key, "poll": f"poll-{number % POLLS}", "ballot": ["abc"[number % 3]]}))
        async with asyncio.timeout(ANSWER):
            while (message := json.loads(await ws.recv())).get("id") != key:
                pass
        if message["type"] == "error":
            assert message["problem"]["code"] == "overloaded", message
            raise NotNow

    async def more(self) -> None:
        """Until votes are acknowledged again."""
        wanted = self.count + MORE
        while self.count < wanted:  # noqa: ASYNC110  (an event would be set by each vote)
            await asyncio.sleep(0.05)


@dataclass
class Servers:
    """Both, by number; `start` starts one again."""

    bus: Redis
    start: Callable[[int], Awaitable[Process]]
    ports: tuple[int, int]
    processes: list[Process] = field(default_factory=list)

    async def owner(self) -> int:
        """Which of them owns the session."""
        async with Client.from_url(self.bus.url) as client:
            url = await client.get(f"marquee:nodes:owner:{SESSION}")
        return self.ports.index(int(url.decode().rpartition(":")[2]))


@asynccontextmanager
async def voting(data: Path) -> AsyncIterator[tuple[Hall, Servers]]:
    """A hall that votes for the length of the block, at two servers. Then all votes are looked for."""
    hall = Hall((free_port(), free_port()))
    async with AsyncExitStack() as stack:
        bus = stack.enter_context(redis())

        async def start(number: int) -> Process:
            return await stack.enter_async_context(server(data, bus.url, hall.ports[number], POLLS))

        servers = Servers(bus, start, hall.ports)
        async with asyncio.timeout(SECONDS_LIMIT), asyncio.TaskGroup() as group:
            servers.processes += [await start(0), await start(1)]
            for number in range(PEOPLE):
                group.create_task(hall.vote(f"person-{number}"))
            await hall.more()
            yield hall, servers
            hall.over = True
        kept = {(poll, person): int(key.rpartition("-")[2]) for poll, person, key in ballots(Settings(data=data))}
        assert {vote: number for vote, number in hall.acked.items() if kept.get(vote, -1) < number} == {}
        async with hall.at(hall.ports[0], "moderator", Role.MODERATOR) as ws:
            talk = Talk(ws)
            await talk.until(lambda talk: talk.states)
        (state,) = talk.states.values()
        counts = {id: (poll["voters"], sum(poll["tally"]["counts"].values())) for id, poll in state["polls"].items()}
        cast = {id: sum(poll == id for poll, _ in kept) for id in counts}
        assert counts == {id: (count, count) for id, count in cast.items()}


async def test_a_rolling_restart_under_load_loses_no_vote_and_doubles_none(tmp_path: Path) -> None:
    async with voting(tmp_path) as (hall, servers):
        for number, process in enumerate(servers.processes):
            begun = time.monotonic()
            process.terminate()
            await process.wait()
            assert time.monotonic() - begun < 10
            await hall.more()
            await servers.start(number)
            await hall.more()


async def test_an_owner_killed_under_load_takes_no_acknowledged_vote_along(tmp_path: Path) -> None:
    async with voting(tmp_path) as (hall, servers):
        killed = await servers.owner()
        servers.processes[killed].kill()
        await hall.more()
        assert await servers.owner() != killed
        await servers.start(killed)
        await hall.more()


async def test_an_owner_that_was_paused_past_its_lease_commits_nothing_more(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        bus, hall = stack.enter_context(redis()), Hall((free_port(), free_port()))
        paused, other = [await stack.enter_async_context(server(tmp_path, bus.url, port, 1)) for port in hall.ports]
        late = await stack.enter_async_context(hall.at(hall.ports[0], "late"))
        welcome = json.loads(await late.recv())
        assert welcome["type"] == "welcome"
        paused.send_signal(signal.SIGSTOP)
        voting = asyncio.create_task(hall.one(late, "late", 0))
        async with asyncio.timeout(20), hall.at(hall.ports[1], "prompt") as prompt:
            await hall.one(prompt, "prompt", 0)
        assert other.returncode is None
        paused.send_signal(signal.SIGCONT)
        with pytest.raises((NotNow, ConnectionClosed, TimeoutError)):
            await voting
        assert {person for _, person, _ in ballots(Settings(data=tmp_path))} == {"prompt"}
        async with asyncio.timeout(20), hall.at(hall.ports[0], "late") as again:
            await hall.one(again, "late", 0)
        assert {person for _, person, _ in ballots(Settings(data=tmp_path))} == {"prompt", "late"}
