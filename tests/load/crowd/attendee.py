"""One person in the hall: joins by the code, follows, acts, loses the network, comes back, and says again what was not answered."""

import asyncio
import contextlib
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from tests.load.client import Client, Place, Told, command, stamped, wait
from tests.load.crowd import manner

if TYPE_CHECKING:
    from tests.load.crowd.crowd import Crowd

AGAIN = ("overloaded", "rate_limited")
"""Refusals after which a command is said again by the same key, AGAIN_AFTER seconds later."""
AGAIN_AFTER = 1.0

TRIES = 10
"""To come in once more at the end."""

ANSWER = 10.0
"""Seconds that a server has to let somebody in."""

STAMPED = ("question.answered", "caption.cued")
"""Updates whose text says when it was sent."""


@dataclass(slots=True)
class Said:
    """A command that is not answered yet. `subject` is what it is about: nobody says two things about one at once."""

    type: str
    subject: str
    meant: Any
    command: bytes
    at: float | None = None
    """When it was said on this connection, on time.monotonic(); None where it was first said on an earlier one."""


@dataclass(slots=True)
class Kept:
    """What was acknowledged, and must be there in the end: texts of questions by id, votes on them, ballots by poll."""

    questions: dict[str, str] = field(default_factory=dict)
    votes: dict[str, bool] = field(default_factory=dict)
    ballots: dict[str, Any] = field(default_factory=dict)


class Seat(Client):
    """A connection of an attendee."""

    def __init__(self, attendee: "Attendee", places: dict[str, Place]) -> None:
        plan = attendee.crowd.plan
        super().__init__(attendee.token, plan.port, plan.host, attendee.person.captions, places)
        self._attendee, self.since, self.me = attendee, 0.0, msgspec.Raw(b"{}")

    def welcome(self, told: Told) -> None:
        self.since, self.me = time.monotonic(), told.me
        super().welcome(told)

    def heard(self, told: Told) -> None:
        self._attendee.heard(self, told)

    def answer(self, told: Told) -> None:
        self._attendee.answered(told)

    def ended(self, code: int, reason: str) -> None:
        self._attendee.crowd.record.failed(f"closed with {code}")


class Attendee:
    def __init__(self, crowd: "Crowd", number: int) -> None:
        self.crowd, self.number, self.token = crowd, number, ""
        self._dice = random.Random(f"{crowd.plan.seed}/{number}")
        self.person = manner.person(self._dice, crowd.plan.floor, crowd.plan.captions)
        self.pending: dict[str, Said] = {}
        self.kept = Kept()
        self.gaps = self._asked = 0
        self._places: dict[str, Place] = {}
        self._seat: Seat | None = None
        self._window = 0

    # The course of a session

    async def live(self) -> None:
        """Until cancelled."""
        await asyncio.sleep((self.number - self.crowd.plan.first) / self.crowd.plan.arrivals)
        self.token = await self.crowd.join(self.person.lang, f"{self.person.lang} {self.number}")
        if self._dice.random() < manner.COMES_WITH:
            self._later(self._dice.uniform(0, manner.ASKS_WITHIN), self._ask)
        attempt = 0
        while True:
            if not await self.come():
                await asyncio.sleep(wait(attempt, self._window))
                attempt += 1
                continue
            attempt = 0
            await self._stay()
            self.leave()
            away = min(manner.later(self._dice, *manner.AWAY), manner.AWAY_LIMIT) / self.crowd.plan.pace
            await asyncio.sleep(away + wait(0, self._window))

    async def come(self, *, resume: bool = True) -> bool:
        """Connect and say hello; then everything that was not answered, by the same keys. Whether it went well."""
        begun, places = time.monotonic(), self._places if resume else {}
        try:
            async with asyncio.timeout(ANSWER):
                seat = await self.crowd.connect(lambda: Seat(self, places))
        except (OSError, TimeoutError) as error:
            self.crowd.record.failed(f"connecting: {str(error) or type(error).__name__}")
            return False
        if self._places and resume:
            self.crowd.record.took("reconnect", time.monotonic() - begun)
        elif resume:
            for poll in self.crowd.hall.open:
                self.consider(poll)
        self._seat, self._window = seat, seat.window
        self.crowd.record.connected += 1
        if self.person.chats:
            seat.say(command("channel.subscribe", secrets.token_hex(8), channel=f"{self.crowd.plan.session}/chat"))
        for said in self.pending.values():
            said.at = None
            seat.say(said.command)
        return True

    def leave(self) -> None:
        """The network breaks: nobody says goodbye."""
        if self._seat is not None:
            self.gaps += self._seat.gaps
            self._places, self._window = self._seat.places, self._seat.window
            self._seat.transport.abort()
            self._seat = None
            self.crowd.record.connected -= 1

    async def _stay(self) -> None:
        """Until the connection breaks, by chance or by the server."""
        assert self._seat is not None
        cut = time.monotonic() + self._dice.expovariate(1 / self.person.cuts) / self.crowd.plan.pace
        while True:
            thinking = self._dice.expovariate(1 / manner.THINK) / self.crowd.plan.pace
            await asyncio.wait((self._seat.closed,), timeout=min(thinking, max(0.0, cut - time.monotonic())))
            if self._seat.closed.done() or time.monotonic() >= cut:
                return
            self._act(self._dice.choices(list(manner.ACTS), list(manner.ACTS.values()))[0])

    # What they do

    def _act(self, act: str) -> None:
        match act:
            case "question.vote":
                self._vote_for_a_question()
            case "question.ask":
                self._ask()
            case "reaction.send":
                self._say(act, "", None, reaction=self._dice.choice(manner.REACTIONS))
            case "chat.send" if self.person.chats:
                self._say(act, "", None, text=self._words(), lang=self.person.lang)
            case "floor.raise" | "floor.lower":
                self._say(act, "hand", None)

    def _ask(self) -> None:
        text = self._words()
        self._say("question.ask", text, text, text=text, lang=self.person.lang, anonymous=self._dice.random() < 0.3)

    def _vote_for_a_question(self) -> None:
        if not self.crowd.hall.questions:
            return
        question = self._dice.choice(self.crowd.hall.questions)
        on = not self.kept.votes.get(question, False)
        if on or self._dice.random() < manner.TAKES_BACK:
            self._say("question.vote", question, on, question=question, on=on)

    def consider(self, poll: str) -> None:
        """A poll (its id and round) is open: answer it after a while, or not."""
        if self._dice.random() < manner.ANSWERS:
            self._later(manner.later(self._dice, *manner.DECIDE), self._answer, poll, self._dice.random() < manner.CHANGES)

    def _answer(self, poll: str, changes: bool) -> None:
        found = self.crowd.hall.open.get(poll)
        if found is None or (ballot := manner.ballot(self._dice, found)) is None:
            return
        self._say("poll.vote", poll, ballot, poll=found["id"], ballot=ballot)
        if changes and found["revote"] == "last":
            self._later(manner.later(self._dice, *manner.DECIDE), self._answer, poll, False)

    def _words(self) -> str:
        self._asked += 1
        return manner.text(self._dice, self.person.lang, self.number * 1000 + self._asked)

    def _later(self, seconds: float, act: Any, *args: Any) -> None:
        asyncio.get_running_loop().call_later(seconds / self.crowd.plan.pace, act, *args)

    # What they say and are told

    def _say(self, type: str, subject: str, meant: Any, **fields: Any) -> None:
        if self.crowd.over or (subject and any(said.subject == subject for said in self.pending.values())):
            return
        key = secrets.token_hex(8)
        said = self.pending[key] = Said(type, subject, meant, command(type, key, **fields))
        if self._seat is not None:
            said.at = time.monotonic()
            self._seat.say(said.command)

    def heard(self, seat: Seat, told: Told) -> None:
        plan = self.crowd.plan
        if told.channel == f"{plan.session}/public":
            self.crowd.hall.hear(told)
        elif told.channel != f"{plan.session}/captions/{plan.floor}":
            return
        if told.type in STAMPED and (sent := stamped(bytes(told.data))) is not None and sent / 1e9 > seat.since:
            self.crowd.record.took("delivery", time.monotonic() - sent / 1e9)  # what was missed while away is not late

    def answered(self, told: Told) -> None:
        said = self.pending.get(told.id or "")
        if told.type == "error":
            code = str(told.problem.get("code"))
            self.crowd.record.failed(f"{said.type}: {code}" if said is not None else code)
            if said is not None and code in AGAIN:
                asyncio.get_running_loop().call_later(AGAIN_AFTER, self._again, told.id)
            else:
                self.pending.pop(told.id or "", None)
        elif said is not None:
            del self.pending[told.id or ""]
            self.crowd.record.acked(said.type)
            if said.at is not None:
                self.crowd.record.took("ack", time.monotonic() - said.at)
            self._keep(said, told)

    def _again(self, key: str) -> None:
        if self._seat is not None and key in self.pending:
            self.pending[key].at = None
            self._seat.say(self.pending[key].command)

    def _keep(self, said: Said, told: Told) -> None:
        match said.type:
            case "question.ask":
                self.kept.questions[msgspec.json.decode(told.result)["question"]] = said.meant
            case "question.vote":
                self.kept.votes[said.subject] = said.meant
            case "poll.vote":
                self.kept.ballots[said.subject.rpartition("/")[0]] = said.meant

    async def own(self) -> dict[str, Any] | None:
        """What the server says is theirs, to somebody who comes anew; None where it does not let them in."""
        self.leave()
        for attempt in range(TRIES if self.token else 0):
            if await self.come(resume=False):
                assert self._seat is not None
                with contextlib.suppress(msgspec.DecodeError):
                    found: dict[str, Any] = msgspec.json.decode(self._seat.me)
                    return found
            await asyncio.sleep(wait(attempt, self._window))
        return None
