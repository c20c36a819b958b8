"""What it costs to be at another process than the session's: 5,000 attendees at one address each of two servers, one world.

    python -m tests.load.cluster [--quick]

Half of the attendees are at the process that owns the session (the owner), half at another one (the edge); both share a database and
a Redis. All follow the turnout of a poll; some of each half vote, at a steady pace, and are measured: how long a vote takes until it is
acknowledged, and how long an update takes from the first of them who has it to each other one. `added` is what the edge's 99th
percentile is above the owner's. The servers are processes of their own, as `marquee` runs them; so is the crowd, whose clients only
listen, and those who are measured are this process. The crowd has the lowest priority of the processor: on machines of their own its
clients would not read in the servers' place, and here their reading takes longer than the servers' sending.
"""

import argparse
import asyncio
import contextlib
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import uvloop

from server.auth import Tokens
from server.serving import running, spare_collector, stop_signals
from server.settings import Settings
from sessions.people import Role
from tests.load.hub.crowd import BATCH, SPARE_FILES, need_files
from tests.load.line import Line, frame
from tests.load.votes import seed
from tests.redis import redis
from tests.server.site import SESSION

SECRET = "a secret that both of the servers have"
PER_SECOND = 100
"""Votes, of all attendees together: each may say ten commands a second."""

MEASURED = 50
"""Attendees of each half who vote and are measured."""

SECONDS_LIMIT = 240
"""For all of it; past it the bench fails."""

LEAST = 19
"""What a process adds to its niceness to leave the processor to everyone else."""

STOP_SECONDS = 20
"""For a server to end; past it it is killed."""


# ---- The servers


async def serve(data: Path, port: int, count: int) -> None:
    """Say the URL, and serve until SIGTERM."""
    async with running(Settings(port=port, data=data), seed(count)) as server:
        spare_collector()
        with stop_signals() as told:
            print(server.url, flush=True)
            await told.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def server(data: Path, bus: str, port: int, polls: int = 1) -> AsyncIterator[asyncio.subprocess.Process]:
    """One process of several, ready; it is told to end, if it has not yet."""
    settings = {"MARQUEE_NODE": f"http://127.0.0.1:{port}", "MARQUEE_BUS": bus, "MARQUEE_SECRET": SECRET}
    command = (sys.executable, "-m", "tests.load.cluster", "--serve", str(data), "--port", str(port), "--polls", str(polls))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=os.environ | settings)
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


def token(person: str, role: Role = Role.ATTENDEE) -> str:
    return Tokens(SECRET, ()).issue(person, SESSION, role, "en")


# ---- The attendees


@dataclass
class Place:
    """What was measured at one process, in seconds."""

    acks: list[float] = field(default_factory=list)
    updates: list[float] = field(default_factory=list)


class Attendee(Line):
    """`ready` when it knows where the session is. `first` is when anyone had each update, by seq."""

    def __init__(self, port: int, person: str, place: Place, first: dict[int, float]) -> None:
        super().__init__(port)
        self._token, self._place, self._first, self._sent = token(person), place, first, 0.0

    def opened(self) -> None:
        self.transport.write(frame(msgspec.json.encode({"type": "hello", "token": self._token})))

    def vote(self, poll: int) -> None:
        self._sent = time.monotonic()
        self.transport.write(frame(b'{"type":"poll.vote","id":"the-vote-%06d","poll":"poll-%d","ballot":["a"]}' % (poll, poll)))

    def message(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"poll.tallied"', start):
            now, at = time.monotonic(), data.index(b'"seq":', start) + 6
            seq = int(data[at : data.index(b",", at)])
            self._place.updates.append(now - self._first.setdefault(seq, now))
        elif data.startswith(b'{"type":"ack"', start):
            self._place.acks.append(time.monotonic() - self._sent)
        elif data.startswith(b'{"type":"snapshot"', start) and not self.ready.done():
            self.ready.set_result(None)


class Listener(Line):
    """One of the crowd, who takes in what comes."""

    def __init__(self, port: int, person: str) -> None:
        super().__init__(port)
        self._token = token(person)

    def opened(self) -> None:
        self.transport.write(frame(msgspec.json.encode({"type": "hello", "token": self._token})))

    def message(self, data: bytes, start: int, end: int) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


async def enter(made: Sequence[Line], port: int) -> None:
    loop = asyncio.get_running_loop()
    for begin in range(0, len(made), BATCH):
        batch = made[begin : begin + BATCH]
        await asyncio.gather(*(loop.create_connection(lambda one=one: one, "127.0.0.1", port) for one in batch))  # type: ignore[misc]
        await asyncio.gather(*(one.ready for one in batch))


async def listen(ports: Sequence[int], count: int) -> None:
    """The crowd: so many at each port. Says when all are there, and stays until the input ends."""
    os.nice(LEAST)
    need_files(len(ports) * count + SPARE_FILES)
    for port in ports:
        await enter([Listener(port, f"of-{port}-{number}") for number in range(count)], port)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextlib.asynccontextmanager
async def crowd(ports: Sequence[int], count: int) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "tests.load.cluster", "--crowd", str(count), "--ports", *map(str, ports))
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError("the crowd did not come in")
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def vote(people: Sequence[Attendee], votes: int) -> None:
    """So many votes, of one after the other, and in the next poll when all have voted in one."""
    begun = time.monotonic()
    for number in range(votes):
        await asyncio.sleep(begun + number / PER_SECOND - time.monotonic())
        people[number % len(people)].vote(number // len(people))
    await asyncio.sleep(1.0)


def ms(seconds: list[float], share: float) -> float:
    return sorted(seconds)[int(share * (len(seconds) - 1))] * 1e3


def told(owner: Place, edge: Place, clients: int) -> str:
    figures = [f"cluster clients={clients}"]
    for name in ("acks", "updates"):
        here, there = getattr(owner, name), getattr(edge, name)
        added = ms(there, 0.99) - ms(here, 0.99)
        figures.append(
            f"{name}={len(here) + len(there)} owner_p50_ms={ms(here, 0.5):.1f} edge_p50_ms={ms(there, 0.5):.1f}"
            f" owner_p99_ms={ms(here, 0.99):.1f} edge_p99_ms={ms(there, 0.99):.1f} {name}_added_p99_ms={added:.1f}"
        )
    return " ".join(figures)


async def bench(clients: int, measured: int, votes: int) -> None:
    async with asyncio.timeout(SECONDS_LIMIT), AsyncExitStack() as stack:
        data, bus = Path(stack.enter_context(tempfile.TemporaryDirectory())), stack.enter_context(redis())
        ports = free_port(), free_port()
        for port in ports:
            await stack.enter_async_context(server(data, bus.url, port, 1 + votes // (2 * measured)))
        places, first, people = (Place(), Place()), dict[int, float](), list[Attendee]()
        for port, place in zip(ports, places, strict=True):
            here = [Attendee(port, f"at-{port}-{number}", place, first) for number in range(measured)]
            await enter(here, port)
            people += here
        await stack.enter_async_context(crowd(ports, clients // 2 - measured))
        await vote(random.sample(people, len(people)), votes)
        print(told(*places, clients), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--polls", type=int, default=1)
    parser.add_argument("--crowd", type=int)
    parser.add_argument("--ports", type=int, nargs="*")
    given = parser.parse_args()
    if given.serve is not None:
        uvloop.run(serve(given.serve, given.port, given.polls))
    elif given.crowd is not None:
        uvloop.run(listen(given.ports, given.crowd))
    else:
        uvloop.run(bench(*((40, 10, 20) if given.quick else (5_000, MEASURED, 3_000))))


if __name__ == "__main__":
    main()
