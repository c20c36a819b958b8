"""What a vote costs from socket to disk and back: acknowledged votes a second, beside a server that commits each vote by itself.

    python -m tests.load.votes [--quick]
    python -m tests.load.votes --kills 100

A thousand people at a socket each vote in one poll after the other; the next vote leaves when the last is acknowledged, and so
durable (SQLite, WAL, synchronous=FULL). The server is a process of its own, as `marquee` runs it; the clients are this process. The
naive one is the same server, whose writer commits each vote by itself with an ORM session, as frameworks teach. `--kills` kills the
server in the middle of this so many times (SIGKILL) and counts, in the database, votes that were acknowledged and are not there, and
any that are there twice.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from sqlmodel import Session

from server.auth import Tokens
from server.seeding import Seed
from server.serving import running, spare_collector
from server.settings import Settings
from sessions import polls, store, tables
from sessions.kinds.form import Form, Option
from sessions.people import Role
from sessions.programme import Event, Track
from tests.load.hub.crowd import SPARE_FILES, need_files
from tests.load.hub.processes import Server
from tests.load.hub.processes import server as started
from tests.load.voter import Crowd
from tests.server.site import SESSION, session

SECONDS_LIMIT = 120
"""For one server's part; past it the bench fails."""


@dataclass(frozen=True)
class Load:
    """`voters` sockets, each with `votes` votes to cast; the naive server gets fewer of them."""

    voters: int = 1000
    votes: int = 36
    naive_votes: int = 4


QUICK = Load(voters=20, votes=10, naive_votes=10)
KILLED = Load(voters=50, votes=36)


# ---- The server


def seed(count: int) -> Seed:
    """So many open polls, whose turnout everyone follows."""
    options = [Option(name, {"en": name.upper()}) for name in "abc"]
    form = Form(kind="single", texts={"en": "Which?"}, options=options)
    items = [polls.poll(f"poll-{number}", form, number, state="open", opened_at=0) for number in range(count)]
    event = Event(id="load", names={"en": "Load"}, tracks=[Track(id="film", names={"en": "Film"})], sessions=[session(SESSION)])
    return Seed(event, polls={SESSION: items})


async def serve(data: Path, count: int) -> None:
    """Say the port, and serve until the input ends."""
    async with running(Settings(port=0, data=data), seed(count)) as server:
        spare_collector()
        print(server.url.rsplit(":", 1)[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


def naive(self: store.Store, group: list[store.Job]) -> None:
    """In place of the writer's commit of a group."""
    for job in group:
        with Session(self.engine) as db:
            for write in job.writes:
                if write.name == "ballot":
                    db.merge(tables.BallotRow(**write.params))
                else:  # what the server keeps when it starts
                    db.connection().execute(self._statements[write.name], write.params)
            db.commit()


def server(data: Path, load: Load, *flags: str) -> AbstractAsyncContextManager[Server]:
    return started(sys.executable, "-m", "tests.load.votes", "--serve", str(data), "--polls", str(load.votes), *flags)


def tokens(data: Path, voters: int) -> list[str]:
    office = Tokens((data / "secret").read_text(), ())
    return [office.issue(f"voter-{number}", SESSION, Role.ATTENDEE, "en") for number in range(voters)]


# ---- The measurement


@dataclass(frozen=True)
class Figures:
    votes: int
    seconds: float
    cpu: float
    """Seconds of the server, all its threads."""
    latencies: list[float] = field(repr=False)

    @property
    def per_s(self) -> float:
        return self.votes / self.seconds

    def milliseconds(self, share: float) -> float:
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))] * 1e3


async def measure(load: Load, votes: int, *flags: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with asyncio.timeout(SECONDS_LIMIT), server(data, load, *flags) as tested:
            crowd = Crowd(tokens(data, load.voters))
            await crowd.enter(tested.port)
            crowd.prepare(votes)
            before = tested.cpu()
            begun = time.monotonic()
            await crowd.vote(votes)
            seconds = time.monotonic() - begun
            cpu = tested.cpu() - before
            crowd.leave()
        kept = ballots(data)
    assert len(kept) == load.voters * votes, f"{len(kept)} votes are there of {load.voters * votes}"
    return Figures(len(kept), seconds, cpu, crowd.latencies)


def ballots(data: Path) -> list[tuple[str, str, str, str]]:
    with contextlib.closing(sqlite3.connect(data / "marquee.sqlite3")) as db:
        return db.execute("SELECT poll, person, ballot, key FROM ballot").fetchall()


async def bench(load: Load) -> None:
    need_files(load.voters + SPARE_FILES)
    ours = await measure(load, load.votes)
    naive = await measure(load, load.naive_votes, "--naive")
    print(
        f"votes per_s={ours.per_s:.0f} vs_naive={ours.per_s / naive.per_s:.1f}x naive_per_s={naive.per_s:.0f}"
        f" p50_ms={ours.milliseconds(0.5):.1f} p99_ms={ours.milliseconds(0.99):.1f}"
        f" cpu_us_per_vote={ours.cpu / ours.votes * 1e6:.1f} votes={ours.votes} voters={load.voters}",
        flush=True,
    )


# ---- The kills


async def kill_once(number: int) -> tuple[int, int, int]:
    """Votes acknowledged, lost and doubled in one run: the server is killed under load and its database read."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with asyncio.timeout(SECONDS_LIMIT), server(data, KILLED) as tested:
            crowd = Crowd(tokens(data, KILLED.voters))
            await crowd.enter(tested.port)
            crowd.prepare(KILLED.votes)
            voting = asyncio.create_task(crowd.vote(KILLED.votes))
            # Each run at another moment of the vote, from the first acks to nearly the last.
            await crowd.acked(1 + (number * 137) % (KILLED.voters * KILLED.votes * 9 // 10))
            os.kill(tested.process.pid, signal.SIGKILL)
            await tested.process.wait()
            voting.cancel()
            await asyncio.gather(voting, return_exceptions=True)
            crowd.leave()
        async with server(data, KILLED):
            """It starts on what the killed one left, as an operator's would."""
        kept = ballots(data)
    told = {(poll, person, key) for poll, person, _, key in kept}
    return len(crowd.acks), len(crowd.acks - told), len(kept) - len({(poll, person) for poll, person, _, _ in kept})


async def kills(runs: int) -> None:
    acked = lost = doubled = 0
    for number in range(runs):
        counts = await kill_once(number)
        acked, lost, doubled = acked + counts[0], lost + counts[1], doubled + counts[2]
    print(f"votes kills={runs} acked={acked} lost={lost} doubled={doubled}", flush=True)
    if lost or doubled or not acked:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--polls", type=int, default=1)
    parser.add_argument("--naive", action="store_true")
    given = parser.parse_args()
    if given.serve is None:
        uvloop.run(kills(given.kills) if given.kills else bench(QUICK if given.quick else Load()))
        return
    if given.naive:
        store.GROUP_LIMIT = 1
        store.Store._execute = naive  # type: ignore[method-assign]
    uvloop.run(serve(given.serve, given.polls))


if __name__ == "__main__":
    main()
