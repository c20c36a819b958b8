"""Acknowledged means durable: the server is killed in the middle of a vote and started again."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.auth import Tokens
from sessions.people import Role
from tests.load.votes import kill_once
from tests.postgres import postgres
from tests.server.site import SESSION, Talk

VOTERS = 200
LATE = 50


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
    else:
        with postgres() as server:
            yield server.database()


@asynccontextmanager
async def server(data: Path, database: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    command = (sys.executable, "-m", "tests.journeys.serve", str(data), *([database] if database else []))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().strip()
        yield url.replace("http", "ws") + "/ws", process
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.communicate()


@asynccontextmanager
async def talk(url: str, data: Path, role: Role, person: str) -> AsyncIterator[Talk]:
    tokens = Tokens((data / "secret").read_text(), ())
    async with connect(url, proxy=None) as ws:
        await ws.send(json.dumps({"type": "hello", "token": tokens.issue(person, SESSION, role, "en")}))
        talk = Talk(ws)
        await talk.until(lambda talk: talk.states)
        yield talk


def ballot(person: str) -> str:
    """Everyone's vote, and its key, so that it can be said again."""
    return json.dumps({"type": "poll.vote", "id": f"vote-of-{person}", "poll": "one", "ballot": ["abc"[len(person) % 3]]})


async def acked(ws: ClientConnection) -> None:
    async for message in ws:
        if json.loads(message)["type"] == "ack":
            return


@pytest.mark.parametrize("number", [1, 11])
async def test_a_server_killed_under_load_keeps_every_acknowledged_vote_once(number: int) -> None:
    """At an early and a late moment; `make bench-votes ARGS="--kills 100"` does it a hundred times."""
    acked, lost, doubled = await kill_once(number)
    assert acked > 0
    assert (lost, doubled) == (0, 0)


async def test_votes_survive_a_kill_and_none_counts_twice(tmp_path: Path, database: str) -> None:
    voters = [f"voter-{number}" for number in range(VOTERS + LATE)]
    async with server(tmp_path, database) as (url, process), AsyncExitStack() as stack:
        speaker = await stack.enter_async_context(talk(url, tmp_path, Role.SPEAKER, "speaker"))
        await speaker.do("poll.open", poll="one")
        talks = [await stack.enter_async_context(talk(url, tmp_path, Role.ATTENDEE, voter)) for voter in voters]
        for client, voter in zip(talks, voters, strict=True):
            await client.ws.send(ballot(voter))
            if client is talks[VOTERS - 1]:
                async with asyncio.timeout(20), asyncio.TaskGroup() as group:
                    for early in talks[:VOTERS]:
                        group.create_task(acked(early.ws))
        os.kill(process.pid, signal.SIGKILL)  # while the late ones are on their way
        await process.wait()
        with pytest.raises(ConnectionClosed):
            await speaker.until(lambda _: False)

    async with server(tmp_path, database) as (url, _), talk(url, tmp_path, Role.SPEAKER, "speaker") as speaker:
        poll = speaker.staff["polls"]["one"]
        assert VOTERS <= poll["voters"] <= VOTERS + LATE
        assert sum(poll["tally"]["counts"].values()) == poll["voters"]
        for voter in voters[VOTERS - 20 :]:
            async with talk(url, tmp_path, Role.ATTENDEE, voter) as client:
                assert voter in voters[VOTERS:] or "one" in client.me["ballots"]
                await client.ws.send(ballot(voter))
                await acked(client.ws)
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["voters"] == VOTERS + LATE)
        assert sum(speaker.staff["polls"]["one"]["tally"]["counts"].values()) == VOTERS + LATE
