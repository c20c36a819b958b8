"""`marquee serve --processes`: several processes at one port, which people cannot tell from one."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from server.auth import Tokens
from sessions.people import Role
from tests.realtime.relay.clients import publishing, until, viewing
from tests.redis import redis
from tests.server.site import SDP, Talk
from tests.server.test_cli import Marquee

SESSION, PEOPLE = "main", 12


class Shared:
    """Two processes behind one port."""

    def __init__(self, marquee: Marquee, port: int, data: Path) -> None:
        self.marquee, self.port = marquee, port
        self._tokens = Tokens((data / "secret").read_text(), ())
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)

    def bearer(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens.issue(f'a-{role.value}', SESSION, role, 'en')}"}

    def processes(self) -> list[str]:
        return subprocess.run(["pgrep", "-P", str(self.marquee.process.pid)], capture_output=True, text=True, check=False).stdout.split()

    @asynccontextmanager
    async def talk(self, person: str, role: Role = Role.ATTENDEE) -> AsyncIterator[Talk]:
        async with connect(f"ws://127.0.0.1:{self.port}/ws", proxy=None, max_queue=None) as ws:
            await ws.send(json.dumps({"type": "hello", "token": self._tokens.issue(person, SESSION, role, "en")}))
            talk = Talk(ws)
            await talk.until(lambda talk: talk.states)
            yield talk

    async def signal(self, entrance: str, role: Role, offer: str) -> str:
        # A connection of its own each time: any of the processes may take it.
        async with httpx.AsyncClient(base_url=self.http.base_url, trust_env=False) as http:
            answer = await http.post(f"/{entrance}/{SESSION}", content=offer, headers=SDP | self.bearer(role))
            assert answer.status_code == 201, answer.text
            shown = await http.get(answer.headers["Location"], headers=self.bearer(role))
            assert shown.status_code == 204
        return answer.text


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with redis() as bus:
        options = {"MARQUEE_BUS": bus.url, "MARQUEE_DATA": str(tmp_path)}
        marquee = Marquee("serve", "--port", str(port), "--processes", "2", **options)
        try:
            await asyncio.to_thread(marquee.until, "in 2 processes")
            shared = Shared(marquee, port, tmp_path)
            async with shared.http:
                yield shared
        finally:
            assert await asyncio.to_thread(marquee.end, signal.SIGTERM) < 10


async def test_one_port_is_one_world_whichever_process_takes_a_connection(shared: Shared) -> None:
    def state(talk: Talk) -> object:
        return talk.states[f"{SESSION}/public"]["presence"]["total"]

    async def live() -> bool:
        return bool((await shared.http.get("/api/event")).json()["live"][SESSION])

    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(shared.talk(f"person-{number}")) for number in range(PEOPLE)]
        for talk in people:
            await talk.until(lambda talk: state(talk) == PEOPLE)
        moderator = await stack.enter_async_context(shared.talk("moderator", Role.MODERATOR))
        question = await people[0].ask("Do you all read me?")
        await moderator.do("question.publish", question=question)
        for talk in people:
            await talk.until(lambda talk: question in talk.states[f"{SESSION}/public"]["questions"])
        await stack.enter_async_context(publishing(lambda offer: shared.signal("whip", Role.SPEAKER, offer)))
        await until(live)
        viewers = [await stack.enter_async_context(viewing(lambda offer: shared.signal("whep", Role.ATTENDEE, offer))) for _ in range(2)]
        await until(lambda: all(viewer.frames > 3 for viewer in viewers))


async def test_a_process_that_dies_is_replaced_a_hangup_replaces_each_in_turn_and_none_outlives_a_killed_supervisor(shared: Shared) -> None:
    first = shared.processes()
    assert len(first) == 2
    os.kill(int(first[0]), signal.SIGKILL)
    await until(lambda: len(shared.processes()) == 2 and first[0] not in shared.processes(), 30)
    second = shared.processes()
    async with shared.talk("ana") as ana:
        question = await ana.ask("Still there?")
    shared.marquee.process.send_signal(signal.SIGHUP)
    await until(lambda: len(shared.processes()) == 2 and not set(second) & set(shared.processes()), 60)
    async with shared.talk("moderator", Role.MODERATOR) as moderator:
        assert question in moderator.states[f"{SESSION}/staff"]["questions"]
    third = shared.processes()
    shared.marquee.process.kill()
    await until(lambda: not any(_runs(process) for process in third), 15)


def _runs(process: str) -> bool:
    """Whether it has not ended; one that has and that nobody waited for yet (a zombie) does not run."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_several_processes_need_a_redis_to_meet_in(tmp_path: Path) -> None:
    marquee = Marquee("serve", "--port", "0", "--processes", "2", MARQUEE_DATA=str(tmp_path))
    assert marquee.process.wait(30) == 1
    marquee.until("MARQUEE_BUS").kill()
