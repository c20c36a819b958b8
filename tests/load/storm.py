"""What it takes to come back: everyone's connection breaks at once, and everyone is there again with nothing missed.

    python -m tests.load.storm [--quick]

Ten thousand attendees are in a session; all their sockets break in one moment, a poll is voted in meanwhile, and all ask to go on
from where they were, each after as long as the client of the web waits: at random within the window that the server told, and then
longer each time it is refused. A client is back when it has the vote it missed, by resume or, where the log no longer reaches back, by
a snapshot. One who stayed, a process of their own, says a command every 0.2 s, and `stayed_worst_ms` is the longest that an ack took.
The server is a process of its own too, as `marquee` runs it; the other clients are this process.
"""

import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from tests.load.client import Client, Place, Told, command, wait
from tests.load.hub.crowd import BATCH, SPARE_FILES, need_files
from tests.load.hub.processes import Server
from tests.load.votes import Load as Votes
from tests.load.votes import server, tokens
from tests.server.site import SESSION

COMMAND_EVERY = 0.2
"""Seconds between two commands of the one who stays."""

SECONDS_LIMIT = 180
"""For all of it; past it the bench fails."""

VOTED = b'"voters":1'


class Attendee(Client):
    """`ready` when the server has said where the session is; then it knows its place, and whether it knows of the vote."""

    def __init__(self, token: str, port: int, places: dict[str, Place] | None) -> None:
        super().__init__(token, port, places=places)
        self.back: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def welcome(self, told: Told) -> None:
        """Not before it knows its place."""

    def heard(self, told: Told) -> None:
        if VOTED in bytes(told.data) and not self.back.done():
            self.back.set_result(time.monotonic())
        if not self.ready.done():
            self.ready.set_result(None)

    def answer(self, told: Told) -> None:
        self.acked.set_result(None)

    async def does(self, type: str, id: str, **fields: Any) -> float:
        """Say a command; the seconds until its ack."""
        self.acked, begun = asyncio.get_running_loop().create_future(), time.monotonic()
        self.say(command(type, id, **fields))
        await self.acked
        return time.monotonic() - begun


@dataclass(frozen=True)
class Storm:
    """Seconds from the break to each one's being back, sorted, and what the server spent on them."""

    seconds: list[float]
    snapshots: int
    window: int
    stayed: float
    cpu: float

    def __str__(self) -> str:
        count = len(self.seconds)
        return (
            f"storm sockets={count} resumed_s={self.seconds[-1]:.1f} p50_s={self.seconds[count // 2]:.1f}"
            f" p99_s={self.seconds[int(0.99 * (count - 1))]:.1f} snapshots={self.snapshots} window_s={self.window / 1000:.1f}"
            f" stayed_worst_ms={self.stayed * 1e3:.0f} cpu_us_per_resume={self.cpu / count * 1e6:.0f}"
        )


async def come(port: int, token: str, places: dict[str, Place] | None) -> Attendee:
    _, attendee = await asyncio.get_running_loop().create_connection(lambda: Attendee(token, port, places), "127.0.0.1", port)
    await attendee.ready
    return attendee


async def come_back(port: int, token: str, before: Attendee) -> Attendee:
    for attempt in itertools.count():
        await asyncio.sleep(wait(attempt, before.window))
        with contextlib.suppress(OSError):
            return await come(port, token, before.places)
    raise AssertionError("it counts for ever")


async def enter(port: int, passes: list[str]) -> list[Attendee]:
    found: list[Attendee] = []
    for first in range(0, len(passes), BATCH):
        found += await asyncio.gather(*(come(port, token, None) for token in passes[first : first + BATCH]))
    return found


async def told_of_each_other(crowd: list[Attendee]) -> None:
    """Until the first have heard how many came after them, which the server tells within its round of pings."""
    while 2 * min(attendee.window for attendee in crowd) < max(attendee.window for attendee in crowd):  # noqa: ASYNC110  (an event would cost every message)
        await asyncio.sleep(0.1)


async def stay(port: int, token: str) -> None:
    """Come in and say commands until the input ends; says the longest that one took, in seconds."""
    attendee, worst = await come(port, token, None), 0.0
    print("in", flush=True)
    ending = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    for number in itertools.count():
        worst = max(worst, await attendee.does("channel.unsubscribe", f"command-{number}", channel=f"{SESSION}/captions/en"))
        await asyncio.wait([ending], timeout=COMMAND_EVERY)
        if ending.done():
            break
    print(worst, flush=True)


@contextlib.asynccontextmanager
async def staying(port: int, token: str) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """One who is inside; what is yielded ends their stay and says the worst of it."""
    command = sys.executable, "-m", "tests.load.storm", "--stay", str(port), token
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    out = process.stdout
    try:
        await out.readline()

        async def leave() -> float:
            assert process.stdin
            process.stdin.close()
            return float(await out.readline())

        yield leave
    finally:
        process.stdin.close()
        await process.wait()


async def storm(tested: Server, data: Path, count: int) -> Storm:
    *passes, one_more = tokens(data, count + 2)
    *crowd, voter = await enter(tested.port, passes)
    await told_of_each_other(crowd)
    async with staying(tested.port, one_more) as leave:
        before = tested.cpu()
        for attendee in crowd:
            attendee.transport.abort()
        begun = time.monotonic()
        await voter.does("poll.vote", "the-one-vote", poll="poll-0", ballot=["a"])
        back = await asyncio.gather(*(come_back(tested.port, token, attendee) for token, attendee in zip(passes, crowd, strict=False)))
        seconds = sorted([await attendee.back - begun for attendee in back])
        worst = await leave()
    snapshots, window = sum(attendee.snapshots for attendee in back), max(attendee.window for attendee in crowd)
    return Storm(seconds, snapshots, window, worst, tested.cpu() - before)


async def bench(count: int) -> None:
    need_files(count + SPARE_FILES)
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.timeout(SECONDS_LIMIT), server(data := Path(folder), Votes(votes=1)) as tested:
            print(await storm(tested, data, count), flush=True)


if __name__ == "__main__":
    if "--stay" in sys.argv:
        uvloop.run(stay(int(sys.argv[2]), sys.argv[3]))
    else:
        uvloop.run(bench(50 if "--quick" in sys.argv else 10_000))
