"""Votes while their PostgreSQL goes away under them: what was acknowledged is there, once, and the server goes on by itself.

    python -m tests.load.outage [runs]

Fifty people at a socket each vote in one poll after the other, and the database is restarted in the middle of it: by pg_ctl's
"immediate" (SIGQUIT), by a SIGKILL of its postmaster, or it is stopped for three seconds (SIGSTOP). It happens under the votes of the
first third, and each run is at another moment. A server that waits as long as it does serves all of them late; one that gives up at
once refuses them as `overloaded`, and who votes again by the same key is heard.
"""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from websockets.asyncio.client import connect

from server.settings import Settings
from tests.load.voter import Crowd
from tests.load.votes import SECONDS_LIMIT, Load, ballots, server, tokens
from tests.postgres import Postgres, postgres
from tests.server.site import Talk

LOAD = Load(voters=50, votes=36)

AGAIN = 0.2
"""Seconds after which a refused vote is said again."""

PAUSE = 3.0
"""Seconds that a paused database says nothing."""

Outage = Callable[[Postgres], None]
"""Takes the database away, and brings it back before it returns."""


def immediate(database: Postgres, seconds: float = 0.5) -> None:
    database.stop(signal.SIGQUIT)
    time.sleep(seconds)
    database.start()


def killed(database: Postgres, seconds: float = 0.5) -> None:
    database.stop(signal.SIGKILL)
    time.sleep(seconds)
    database.start()


def paused(database: Postgres) -> None:
    with database.paused():
        time.sleep(PAUSE)


@dataclass(frozen=True)
class Told:
    """What came of one outage: votes by what became of them, and the longest that an ack took, in seconds.

    `counted` are those that somebody who comes afterwards is told of.
    """

    acked: int
    lost: int
    doubled: int
    counted: int
    refusals: Counter[str]
    worst: float

    def __str__(self) -> str:
        refused = sum(self.refusals.values())
        return (
            f"acked={self.acked} lost={self.lost} doubled={self.doubled} counted={self.counted} refused={refused} worst_s={self.worst:.1f}"
        )


async def vote_through(database: Postgres, outage: Outage, number: int = 1, *flags: str) -> Told:
    """Everyone casts all their votes. Raises TimeoutError where the server does not go on."""
    url = database.database()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with asyncio.timeout(SECONDS_LIMIT), server(data, LOAD, "--database", url, *flags) as tested:
            crowd = Crowd(tokens(data, LOAD.voters), AGAIN)
            await crowd.enter(tested.port)
            crowd.prepare(LOAD.votes)
            voting = asyncio.create_task(crowd.vote(LOAD.votes))
            await crowd.acked(1 + (number * 137) % (LOAD.voters * LOAD.votes // 3))
            await asyncio.to_thread(outage, database)
            await voting
            crowd.leave()
            counted = await turnout(tested.port, tokens(data, 1)[0])
    kept = ballots(Settings(database=url))
    doubled = len(kept) - len({(poll, person) for poll, person, _ in kept})
    return Told(len(crowd.acks), len(crowd.acks - set(kept)), doubled, counted, crowd.refusals, max(crowd.latencies))


async def turnout(port: int, token: str) -> int:
    """Of all polls, as a newcomer is told it when it changes no more."""
    expected = LOAD.voters * LOAD.votes
    async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as ws:
        await ws.send(json.dumps({"type": "hello", "token": token}))
        talk = Talk(ws)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await talk.until(lambda talk: _voters(talk) == expected)
        return _voters(talk)


def _voters(talk: Talk) -> int:
    return sum(poll["voters"] for poll in talk.public["polls"].values())


async def bench(runs: int) -> None:
    with postgres() as database:
        for outage in (immediate, killed, paused):
            for number in range(runs):
                told = await vote_through(database, outage, number)
                print(f"outage {outage.__name__} {told}", flush=True)
                if told.lost or told.doubled or told.counted != told.acked:
                    raise SystemExit(1)


if __name__ == "__main__":
    uvloop.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
