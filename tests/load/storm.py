"""What it takes to come back: everyone's connection breaks at once, and everyone is there again with nothing missed.

    python -m tests.load.storm [--quick]

Ten thousand attendees are in a session; all their sockets break in one moment, a poll is voted in meanwhile, and all ask to go on
from where they were, in as many seconds as the client of the web waits at random after a broken connection. A client is back when it
has the vote it missed, by resume or, where the log no longer reaches back, by a snapshot. The server is a process of its own, as
`marquee` runs it; the clients are this process.
"""

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from tests.load.hub.crowd import BATCH, SPARE_FILES, need_files
from tests.load.hub.processes import Server
from tests.load.line import Line, frame
from tests.load.votes import Load as Votes
from tests.load.votes import server, tokens
from tests.server.site import SESSION

FIRST_WAIT = 0.5
"""Seconds within which the web client comes back after a broken connection (`pace.ts`)."""

SECONDS_LIMIT = 180
"""For all of it; past it the bench fails."""

CHANNEL = f"{SESSION}/public"
VOTED = b'"voters":1'


class Attendee(Line):
    """`ready` when the server has said where the session is; then it knows its place, and whether it knows of the vote."""

    def __init__(self, token: str, port: int, place: tuple[str, int] | None) -> None:
        super().__init__(port)
        self._token, self.place, self.voted = token, place, False
        self.back: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.snapshots = 0

    def opened(self) -> None:
        hello: dict[str, Any] = {"type": "hello", "token": self._token}
        if self.place is not None:
            hello["resume"] = {CHANNEL: {"epoch": self.place[0], "seq": self.place[1]}}
        self.transport.write(frame(msgspec.json.encode(hello)))

    def message(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"snapshot"', start):
            self.snapshots += 1
        elif data.startswith((b'{"type":"welcome"', b'{"type":"ack"', b'{"type":"my"'), start):
            return
        if data.find(VOTED, start, end) >= 0 and not self.back.done():
            self.back.set_result(time.monotonic())
        told = msgspec.json.decode(memoryview(data)[start:end], type=Place)
        self.place = told.epoch, told.seq
        if not self.ready.done():
            self.ready.set_result(None)

    def vote(self) -> None:
        self.transport.write(frame(b'{"type":"poll.vote","id":"the-one-vote","poll":"poll-0","ballot":["a"]}'))


class Place(msgspec.Struct):
    epoch: str
    seq: int


@dataclass(frozen=True)
class Storm:
    """Seconds from the break to each one's being back, sorted, and what the server spent on them."""

    seconds: list[float]
    snapshots: int
    cpu: float

    def __str__(self) -> str:
        count = len(self.seconds)
        return (
            f"storm sockets={count} resumed_s={self.seconds[-1]:.1f} p50_s={self.seconds[count // 2]:.1f}"
            f" p99_s={self.seconds[int(0.99 * (count - 1))]:.1f} snapshots={self.snapshots} cpu_us_per_resume={self.cpu / count * 1e6:.0f}"
        )


async def come(port: int, token: str, place: tuple[str, int] | None, wait: float) -> Attendee:
    await asyncio.sleep(wait)
    while True:
        try:
            _, attendee = await asyncio.get_running_loop().create_connection(lambda: Attendee(token, port, place), "127.0.0.1", port)
            await attendee.ready
            return attendee
        except OSError:
            await asyncio.sleep(random.uniform(0, 2 * FIRST_WAIT))


async def enter(port: int, passes: list[str]) -> list[Attendee]:
    found: list[Attendee] = []
    for first in range(0, len(passes), BATCH):
        found += await asyncio.gather(*(come(port, token, None, 0) for token in passes[first : first + BATCH]))
    return found


async def storm(tested: Server, data: Path, count: int) -> Storm:
    passes = tokens(data, count + 1)
    *crowd, voter = await enter(tested.port, passes)
    places = [attendee.place for attendee in crowd]
    before = tested.cpu()
    for attendee in crowd:
        attendee.transport.abort()
    begun = time.monotonic()
    voter.vote()
    await voter.back
    coming = (come(tested.port, *one, random.uniform(0, FIRST_WAIT)) for one in zip(passes, places, strict=False))
    back = await asyncio.gather(*coming)
    seconds = sorted([await attendee.back - begun for attendee in back])
    return Storm(seconds, sum(attendee.snapshots for attendee in back), tested.cpu() - before)


async def bench(count: int) -> None:
    need_files(count + SPARE_FILES)
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.timeout(SECONDS_LIMIT), server(data := Path(folder), Votes(votes=1)) as tested:
            print(await storm(tested, data, count), flush=True)


if __name__ == "__main__":
    uvloop.run(bench(50 if "--quick" in sys.argv else 10_000))
