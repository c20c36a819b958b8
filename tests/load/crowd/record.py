"""What was measured: times in classes that grow by five percent, so that those of all processes can be added up, second by second."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

GROWTH = math.log(1.05)
LEAST = 0.1
"""The shortest time that is told from shorter ones, in ms."""

KINDS = {
    "ack": "from a command to its acknowledgement, which comes after the commit",
    "delivery": "from a moderator's written answer or a captioner's line to each reader of it who is there",
    "reconnect": "from the first try after a break to the welcome; the missed updates follow at once",
    "join": "from the request with the code to the person's token",
}
"""What is measured."""

Times = dict[int, int]
"""How many are in which class."""


def grade(seconds: float) -> int:
    return max(0, math.ceil(math.log(max(seconds * 1e3, LEAST) / LEAST) / GROWTH))


def milliseconds(grade: int) -> float:
    """The longest time of a class."""
    return LEAST * math.exp(grade * GROWTH)


def percentile(times: Times, share: float) -> float | None:
    """In ms, at most five percent too long; None of nothing."""
    wanted, seen = share * sum(times.values()), 0
    for at, count in sorted(times.items()):
        seen += count
        if seen >= wanted:
            return milliseconds(at)
    return None


class Moment(Struct, tag="moment"):
    """One second of one process."""

    second: int
    """Of the machine's one clock."""
    connected: int
    lag: float
    """The longest that the process' own loop was late, in s: what it measures is late by as much."""
    acks: dict[str, int]
    errors: dict[str, int]
    times: dict[str, Times]


class Verdict(Struct, tag="verdict"):
    """What one process found at the end. `examples` says what was lost, a few of it; `voters` and `votes` are what was acknowledged, by
    poll and by question."""

    checked: dict[str, int]
    lost: dict[str, int]
    examples: list[str]
    voters: dict[str, int]
    votes: dict[str, int]


class Record:
    """What one process measures until its next moment."""

    def __init__(self) -> None:
        self.connected, self.lag = 0, 0.0
        self._clear()

    def _clear(self) -> None:
        self._acks: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._times: dict[str, Counter[int]] = defaultdict(Counter)

    def took(self, kind: str, seconds: float) -> None:
        self._times[kind][grade(seconds)] += 1

    def acked(self, command: str) -> None:
        self._acks[command] += 1

    def failed(self, code: str) -> None:
        self._errors[code] += 1

    def moment(self) -> Moment:
        times = {kind: dict(counted) for kind, counted in self._times.items()}
        told = Moment(int(time.monotonic()), self.connected, self.lag, dict(self._acks), dict(self._errors), times)
        self.lag = 0.0
        self._clear()
        return told


class Course:
    """All moments of all processes, and the verdicts."""

    def __init__(self) -> None:
        self.begun = int(time.monotonic())
        self.times: dict[str, dict[int, Counter[int]]] = {kind: defaultdict(Counter) for kind in KINDS}
        self.connected: dict[int, int] = defaultdict(int)
        self.acks: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.examples: list[str] = []
        self.voters: Counter[str] = Counter()
        self.votes: Counter[str] = Counter()
        self.lag = 0.0
        self._here: dict[int, int] = {}

    def add(self, process: int, told: Moment | Verdict) -> None:
        if isinstance(told, Verdict):
            self.checked.update(told.checked)
            self.lost.update(told.lost)
            self.examples += told.examples
            self.voters.update(told.voters)
            self.votes.update(told.votes)
            return
        second = told.second - self.begun
        for kind, times in told.times.items():
            self.times[kind][second].update(times)
        self._here[process] = told.connected
        self.connected[second] = sum(self._here.values())
        self.acks.update(told.acks)
        self.errors.update(told.errors)
        self.lag = max(self.lag, told.lag)

    def compare(self, state: dict[str, Any]) -> None:
        """Whether everybody is told of at least so many voters and votes as were acknowledged: others may have voted too."""
        for what, acknowledged, member in (("polls", self.voters, "voters"), ("questions", self.votes, "votes")):
            told = state.get(what, {})
            short = [id for id, wanted in acknowledged.items() if told.get(id, {}).get(member, 0) < wanted]
            self.checked[f"counts of {what}"] += len(acknowledged)
            self.lost.update({f"counts of {what}": len(short)} if short else {})
            self.examples += [f"{member} of {id}: {acknowledged[id]} acknowledged, {told.get(id, {}).get(member)} told" for id in short[:5]]

    def all(self, kind: str, since: int = 0) -> Times:
        """The times of a kind from a second on."""
        return added(times for second, times in self.times[kind].items() if second >= since)

    @property
    def last(self) -> int:
        return max(self.connected, default=0)

    @property
    def here(self) -> int:
        return sum(self._here.values())


def added(many: Iterable[Times]) -> Times:
    total: Counter[int] = Counter()
    for times in many:
        total.update(times)
    return total
