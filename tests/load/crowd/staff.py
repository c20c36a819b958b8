"""Those who run the session: a moderator publishes, answers and sees to hands, a speaker opens and closes polls, a captioner types."""

import asyncio
import random
import secrets
import ssl
import time
from typing import Any

import httpx
import msgspec

from server.patch import Doc, merge
from tests.load.client import Client, Told, command, stamp, wait
from tests.load.crowd.plan import Plan
from tests.load.crowd.record import Record

LOOK = 1.0
"""Seconds between two looks of the moderator at the desk, who does at most PER_LOOK things then."""
PER_LOOK = 6

DISMISSED = 0.15
"""Of questions, so many are dismissed."""

ANSWERS_EVERY = 2.0
"""Seconds between two written answers. Each says when it was sent: what the attendees' delivery is measured by."""

POLL_OPEN, POLL_PAUSE = 20.0, 5.0
"""Seconds that a poll is open, and until the next one."""
POLLS_LIMIT = 80
"""Polls of a run; a session takes a hundred."""

LINE_EVERY = 3.0
"""Seconds between two caption lines, each first as a line in the making."""

ANSWER = 30.0
"""Seconds that an act of theirs may take; past it they go on with the next."""

KINDS: tuple[Doc, ...] = (
    {"kind": "single"},
    {"kind": "multiple", "rules": {"max_choices": 2}},
    {"kind": "rating", "rules": {"low": 1, "high": 5}},
)
OPTIONS = [{"id": id, "texts": {"en": f"Option {id.upper()}"}} for id in "abc"]


class Desk(Client):
    """A connection of one of the staff, who sees the state of the session whole."""

    def __init__(self, token: str, plan: Plan) -> None:
        super().__init__(token, plan.port, plan.host)
        self.state: Doc = {}
        self.seen = asyncio.Event()
        self._asked: dict[str, asyncio.Future[Told]] = {}

    def heard(self, told: Told) -> None:
        if told.type == "snapshot":
            self.state = msgspec.json.decode(told.data)
            self.seen.set()
        else:
            merge(self.state, msgspec.json.decode(told.data))

    def answer(self, told: Told) -> None:
        if (asked := self._asked.pop(told.id or "", None)) is not None and not asked.done():
            asked.set_result(told)

    async def ask(self, key: str, said: bytes) -> Told:
        """Raises ConnectionError where the connection is lost before the answer, TimeoutError."""
        asked = self._asked[key] = asyncio.get_running_loop().create_future()
        self.say(said)
        async with asyncio.timeout(ANSWER):
            await asyncio.wait((asked, self.closed), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ConnectionError("the connection was lost")
        return asked.result()


class Staff:
    """One of them, over as many connections as it takes."""

    def __init__(self, plan: Plan, record: Record, code: str) -> None:
        self._plan, self._record, self._code = plan, record, code
        self._tls = ssl.create_default_context() if plan.secure else None
        self._dice = random.Random(f"{plan.seed}/{code}")
        self._token = ""
        self._desk: Desk | None = None

    async def join(self) -> None:
        async with httpx.AsyncClient(base_url=self._plan.url, trust_env=False) as http:
            answer = await http.post(f"/api/join/{self._code}", json={"lang": "en", "name": "Staff of the load"})
            answer.raise_for_status()
            self._token = answer.json()["token"]

    async def do(self, type: str, **fields: Any) -> Doc | None:
        """Say it until it is answered, by one key; the ack's result, None where it is refused."""
        key = secrets.token_hex(8)
        said = command(type, key, **fields)
        while True:
            desk = await self._at()
            begun = time.monotonic()
            try:
                told = await desk.ask(key, said)
            except (OSError, TimeoutError):
                desk.transport.abort()
                self._desk = None
                continue
            if told.type == "ack":
                self._record.acked(type)
                self._record.took("ack", time.monotonic() - begun)
                result: Doc = msgspec.json.decode(told.result)
                return result
            code = str(told.problem.get("code"))
            self._record.failed(f"{type}: {code}")
            if code != "overloaded":
                return None
            await asyncio.sleep(1.0)

    async def _at(self) -> Desk:
        """A connection that has said hello: the one there is, or the next that can be had."""
        attempt, loop = 0, asyncio.get_running_loop()
        while self._desk is None or self._desk.closed.done():
            try:
                async with asyncio.timeout(ANSWER):
                    plan = self._plan
                    _, desk = await loop.create_connection(lambda: Desk(self._token, self._plan), plan.host, plan.port, ssl=self._tls)
                    await desk.ready
                self._desk = desk
            except (OSError, TimeoutError) as error:
                self._record.failed(f"staff connecting: {str(error) or type(error).__name__}")
                await asyncio.sleep(wait(attempt, 0))
                attempt += 1
        return self._desk

    async def state(self) -> Doc:
        """The session as it is now, to somebody who comes anew."""
        if self._desk is not None:
            self._desk.transport.abort()
            self._desk = None
        desk = await self._at()
        async with asyncio.timeout(ANSWER):
            await desk.seen.wait()
        return desk.state

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._plan.pace)

    async def moderate(self) -> None:
        """Until cancelled."""
        answered = 0.0
        while True:
            await self.pause(LOOK)
            state = (await self._at()).state
            for id in [id for id, question in state.get("questions", {}).items() if question["state"] == "pending"][:PER_LOOK]:
                if self._dice.random() < DISMISSED:
                    await self.do("question.dismiss", question=id, reason="off_topic")
                else:
                    await self.do("question.publish", question=id)
            for hand in list(state.get("floor", {}).get("hands", {}))[:PER_LOOK]:
                await self.do("floor.dismiss", hand=hand)
            if time.monotonic() - answered > ANSWERS_EVERY / self._plan.pace:
                answered = time.monotonic()
                await self._answer(state)

    async def _answer(self, state: Doc) -> None:
        published = [id for id, question in state.get("questions", {}).items() if question["state"] == "published"]
        if published:
            await self.do("question.answer", question=self._dice.choice(published), text=f"Thank you. {stamp()}", lang="en")

    async def poll(self) -> None:
        """Until cancelled, POLLS_LIMIT polls at most."""
        for number in range(POLLS_LIMIT):
            kind = KINDS[number % len(KINDS)]
            options = [] if kind["kind"] == "rating" else OPTIONS
            form = {"texts": {"en": f"Poll {number + 1}"}, "options": options, "results_visibility": "always"} | kind
            made = await self.do("poll.create", form=form)
            if made is not None:
                await self.do("poll.open", poll=made["poll"])
                await self.pause(POLL_OPEN)
                await self.do("poll.close", poll=made["poll"])
            await self.pause(POLL_PAUSE)

    async def caption(self) -> None:
        """Until cancelled."""
        number = 0
        while True:
            number += 1
            for final in (False, True):
                await self.do("caption.commit", lang=self._plan.floor, text=f"This is line {number}. {stamp()}", final=final)
                await self.pause(LINE_EVERY / 2)
