"""What a vote costs from socket to disk and back: acknowledged votes a second, beside a server that commits each vote by itself.

    python -m tests.load.votes [--quick] [--postgres]
    python -m tests.load.votes --kills 100

A thousand people at a socket each vote in one poll after the other; the next vote leaves when the last is acknowledged, and so
durable (SQLite, WAL, synchronous=FULL; with `--postgres` a PostgreSQL of its own, with fsync). `store_per_s` is what the store's writer
takes by itself, without sockets. The server is a process of its own, as `marquee` runs it; the clients are this process. The
naive one is the same server, whose writer commits each vote by itself with an ORM session, as frameworks teach. `--kills` kills the
server in the middle of this so many times (SIGKILL) and counts, in the database, votes that were acknowledged and are not there, and
any that are there twice.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from sqlalchemy import select
from sqlmodel import Session

from server.auth import Tokens
from server.migrating import migrate
from server.seeding import Seed
from server.serving import running, spare_collector
from server.settings import Settings
from sessions import polls, store, tables
from sessions.database import connect
from sessions.kinds.form import Form, Option
from sessions.people import Role
from sessions.programme import Event, Track
from tests.load.hub.crowd import SPARE_FILES, need_files
from tests.load.hub.processes import Server
from tests.load.hub.processes import server as started
from tests.load.voter import Crowd
from tests.postgres import postgres
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


async def serve(settings: Settings, count: int) -> None:
    """Say the port, and serve until the input ends."""
    async with running(settings, seed(count)) as server:
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


async def measure(load: Load, votes: int, database: str, *flags: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with asyncio.timeout(SECONDS_LIMIT), server(data, load, "--database", database, *flags) as tested:
            crowd = Crowd(tokens(data, load.voters))
            await crowd.enter(tested.port)
            crowd.prepare(votes)
            before = tested.cpu()
            begun = time.monotonic()
            await crowd.vote(votes)
            seconds = time.monotonic() - begun
            cpu = tested.cpu() - before
            crowd.leave()
        kept = ballots(Settings(data=data, database=database))
    assert len(kept) == load.voters * votes, f"{len(kept)} votes are there of {load.voters * votes}"
    return Figures(len(kept), seconds, cpu, crowd.latencies)


def ballots(settings: Settings) -> list[tuple[str, str, str]]:
    """Poll, person and key of each that is in the database."""
    table = tables.BallotRow.__table__  # type: ignore[attr-defined]
    engine = connect(settings.database_url())
    try:
        with engine.connect() as db:
            return [tuple(row) for row in db.execute(select(table.c.poll, table.c.person, table.c.key))]
    finally:
        engine.dispose()


async def alone(load: Load, database: str) -> float:
    """Votes a second that the store takes when nothing else is to be done, as many at once as there are voters."""
    with tempfile.TemporaryDirectory() as folder:
        kept = store.Store(Settings(data=Path(folder), database=database).database_url())
        await asyncio.to_thread(migrate, kept.engine)
        async with kept:
            begun = time.monotonic()
            for number in range(load.votes):
                rows = [{"poll": f"poll-{number}", "round": 1, "person": f"voter-{voter}"} for voter in range(load.voters)]
                given = {"ballot": ["a"], "name": None, "said": "as-long-as-a-fingerprint"}
                writes = [store.Write("ballot", row | given | {"key": f"key-{row['person']}-{number}"}) for row in rows]
                await asyncio.gather(*(kept.write(write) for write in writes))
            return load.votes * load.voters / (time.monotonic() - begun)


async def bench(load: Load, databases: Iterator[str], name: str) -> None:
    need_files(load.voters + SPARE_FILES)
    ours = await measure(load, load.votes, next(databases))
    naive = await measure(load, load.naive_votes, next(databases), "--naive")
    print(
        f"votes per_s={ours.per_s:.0f} vs_naive={ours.per_s / naive.per_s:.1f}x naive_per_s={naive.per_s:.0f}"
        f" p50_ms={ours.milliseconds(0.5):.1f} p99_ms={ours.milliseconds(0.99):.1f}"
        f" cpu_us_per_vote={ours.cpu / ours.votes * 1e6:.1f} votes={ours.votes} voters={load.voters}"
        f" store_per_s={await alone(load, next(databases)):.0f} database={name}",
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
        kept = ballots(Settings(data=data))
    return len(crowd.acks), len(crowd.acks - set(kept)), len(kept) - len({(poll, person) for poll, person, _ in kept})


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
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--database", default="")
    parser.add_argument("--polls", type=int, default=1)
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--patience", type=float, default=store.PATIENCE)
    given = parser.parse_args()
    if given.serve is not None:
        store.PATIENCE = given.patience
        if given.naive:
            store.GROUP_LIMIT = 1
            store.Store._execute = naive  # type: ignore[method-assign]
        uvloop.run(serve(Settings(port=0, data=given.serve, database=given.database), given.polls))
    elif given.kills:
        uvloop.run(kills(given.kills))
    else:
        load = QUICK if given.quick else Load()
        with postgres(durable=True) if given.postgres else contextlib.nullcontext() as server:
            databases = iter(server.database, None) if server is not None else itertools.repeat("")
            uvloop.run(bench(load, databases, "postgresql" if given.postgres else "sqlite"))


if __name__ == "__main__":
    main()
