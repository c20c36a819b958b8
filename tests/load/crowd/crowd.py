"""The attendees of one process, what they share, and what is looked at when they have gone."""

import asyncio
import contextlib
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from server.patch import Doc
from tests.load.client import wait
from tests.load.crowd.attendee import ANSWER, Attendee, Seat
from tests.load.crowd.hall import Hall
from tests.load.crowd.plan import Plan
from tests.load.crowd.record import Moment, Record, Verdict

SETTLE = 20.0
"""Seconds in which everything that was said must be answered when nobody says anything new."""

AT_ONCE = 50
"""Attendees who come back at once to be asked what is theirs."""

EXAMPLES = 5

PATIENCE = 5

JOINS = 8
"""Requests with the code at once; the others wait in line, for httpx takes long to look through many that wait for it."""

TICK = 0.1
"""Seconds between two looks at how late this process is."""


class Crowd:
    """Everyone of a plan. `run` is all there is to do."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.record, self.hall = plan, Record(), Hall(self._opened)
        self.over = False
        self._joined, self._all_here = 0, asyncio.Event()
        self._tls = ssl.create_default_context() if plan.secure else None
        self._door = asyncio.Semaphore(JOINS)
        self._attendees = [Attendee(self, plan.first + number) for number in range(plan.attendees)]

    async def run(self) -> None:
        """Live through the session, and print a line of JSON for each second and one at the end."""
        async with httpx.AsyncClient(base_url=self.plan.url, trust_env=False, timeout=30) as self._http:
            telling = asyncio.create_task(self._tell())
            late = asyncio.create_task(self._look_at_the_clock())
            async with asyncio.TaskGroup() as group:
                living = [group.create_task(attendee.live()) for attendee in self._attendees]
                await self._end()
                for task in living:
                    task.cancel()
            await self._settle()
            verdict = await self._verdict()
            telling.cancel()
            late.cancel()
            await asyncio.gather(telling, late, return_exceptions=True)
        _print(self.record.moment())
        _print(verdict)

    async def _end(self) -> None:
        """When all have been here for the plan's time; who is not there by PATIENCE times as long as it should take is not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE * self.plan.arriving + ANSWER):
                await self._all_here.wait()
        await asyncio.sleep(self.plan.seconds)
        self.over = True

    async def join(self, lang: str, name: str) -> str:
        """A person's token. Waits as long as the server asks for; raises what it refuses for good."""
        attempt = 0
        while True:
            try:
                async with self._door:
                    begun = time.monotonic()
                    answer = await self._http.post(f"/api/join/{self.plan.code}", json={"lang": lang, "name": name})
            except httpx.TransportError as error:
                self.record.failed(f"joining: {type(error).__name__}")
            else:
                if answer.status_code == 201:
                    self.record.acked("join")
                    self.record.took("join", time.monotonic() - begun)
                    self._joined += 1
                    if self._joined == self.plan.attendees:
                        self._all_here.set()
                    return str(answer.json()["token"])
                if answer.status_code not in (429, 503):
                    raise RuntimeError(f"{answer.status_code} {answer.text}")
                self.record.failed(f"joining: {answer.json()['code']}")
            await asyncio.sleep(wait(attempt, 0))
            attempt += 1

    async def connect(self, make: Callable[[], Seat]) -> Seat:
        """Raises OSError where the server does not let somebody in."""
        _, seat = await asyncio.get_running_loop().create_connection(make, self.plan.host, self.plan.port, ssl=self._tls)
        try:
            await seat.ready
        except BaseException:
            seat.transport.abort()
            raise
        return seat

    def _opened(self, name: str) -> None:
        for attendee in self._attendees:
            if attendee.token:
                attendee.consider(name)

    # At the end

    async def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline and (waiting := [one for one in self._attendees if one.pending]):
            for attendee in waiting:
                attendee.leave()
            await asyncio.gather(*(attendee.come() for attendee in waiting))
            await asyncio.sleep(1.0)

    async def _verdict(self) -> Verdict:
        told = Verdict({}, {}, [], {}, {})
        checked, lost = Counter[str](), Counter[str]()
        gate = asyncio.Semaphore(AT_ONCE)

        async def check(attendee: Attendee) -> None:
            async with gate:
                me = await attendee.own()
                attendee.leave()
            checked["sequences"] += 1
            for what, count, gone in missing(attendee, me):
                checked[what] += count
                lost[what] += len(gone)
                told.examples.extend(gone[: EXAMPLES - len(told.examples)])

        await asyncio.gather(*(check(attendee) for attendee in self._attendees))
        told.checked, told.lost = dict(+checked), dict(+lost)
        told.voters = Counter(poll for attendee in self._attendees for poll in attendee.kept.ballots)
        told.votes = Counter(id for attendee in self._attendees for id, on in attendee.kept.votes.items() if on)
        return told

    # Meanwhile

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            _print(self.record.moment())

    async def _look_at_the_clock(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK)
            self.record.lag = max(self.record.lag, time.monotonic() - before - TICK)


def missing(attendee: Attendee, me: Doc | None) -> list[tuple[str, int, list[str]]]:
    """What was acknowledged to somebody: its kind, how many, and which of them the server does not know as theirs."""
    kept, who = attendee.kept, f"attendee {attendee.number}"
    if me is None:
        return [("people", 1, [f"{who} was not let in again"])]
    questions, voted, ballots = me["questions"], me["voted"], me["ballots"]
    asked = [f"{who}: question {id}" for id, text in kept.questions.items() if questions.get(id, {}).get("text") != text]
    votes = [f"{who}: vote {on} on {id}" for id, on in kept.votes.items() if voted.get(id, False) != on]
    cast = [f"{who}: ballot {given} in {id}" for id, given in kept.ballots.items() if not _is(given, id, ballots, me["cast"])]
    unanswered = [f"{who}: {said.type} was never answered" for said in attendee.pending.values()]
    gaps = [f"{who} missed {attendee.gaps} updates"] * attendee.gaps
    return [
        ("people", 1, []),
        ("questions", len(kept.questions), asked),
        ("votes on questions", len(kept.votes), votes),
        ("ballots", len(kept.ballots), cast),
        ("answers", len(unanswered), unanswered),
        ("gaps", 0, gaps),
    ]


def _is(given: Any, poll: str, ballots: Doc, cast: Doc) -> bool:
    found = ballots.get(poll)
    return poll in cast if found is None else bool(found == given)


def _print(told: Moment | Verdict) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()
