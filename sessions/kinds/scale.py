"""A number: `rating` (stars), `scale` (between two ends that have names), `numeric` (any within the bounds)."""

from collections import Counter

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result

KINDS = ("rating", "scale", "numeric")

STEPS_LIMIT = 11
"""Numbers of a rating or a scale, each with a bar of its own; a form with more is refused."""

NUMBER_LIMIT = 1_000_000_000
"""The greatest bound of a number, below zero as well."""

BINS = 10
"""Bars of a wide range of numbers: each `low-high` is one."""


def form(form: Form) -> None:
    low, high = form.rules.low, form.rules.high
    if low < -NUMBER_LIMIT or high > NUMBER_LIMIT:
        raise Invalid(f"the bounds are from -{NUMBER_LIMIT} to {NUMBER_LIMIT}")
    if low >= high:
        raise Invalid("the lowest number comes before the highest")
    if form.kind != "numeric" and high - low >= STEPS_LIMIT:
        raise Invalid(f"a {form.kind} has {STEPS_LIMIT} steps at most")


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    if not isinstance(given, int) or isinstance(given, bool) or not form.rules.low <= given <= form.rules.high:
        raise Invalid(f"give a number from {form.rules.low} to {form.rules.high}")
    return given


class Numbers:
    def __init__(self, form: Form) -> None:
        self._low, self._high = form.rules.low, form.rules.high
        self._of: Counter[int] = Counter()
        self._sum = self._count = 0

    def add(self, ballot: int) -> None:
        self._change(ballot, 1)

    def remove(self, ballot: int) -> None:
        self._change(ballot, -1)

    def _change(self, number: int, by: int) -> None:
        self._of[number] += by
        self._sum += number * by
        self._count += by
        if not self._of[number]:
            del self._of[number]

    def result(self) -> Result:
        """Costs what the different numbers cost, a few times a second, not the ballots."""
        if not self._count:
            return Result(counts=self._bars())
        return Result(counts=self._bars(), mean=round(self._sum / self._count, 2), median=self._median())

    def _bars(self) -> dict[str, int]:
        span = self._high - self._low + 1
        if span <= STEPS_LIMIT:
            return {str(number): self._of[number] for number in range(self._low, self._high + 1)}
        edges = [self._low + span * bin // BINS for bin in range(BINS + 1)]
        counts = [0] * BINS
        for number, count in self._of.items():
            # The least bin whose end lies past the number.
            counts[((number - self._low + 1) * BINS - 1) // span] += count
        return {f"{edges[bin]}..{edges[bin + 1] - 1}": counts[bin] for bin in range(BINS)}

    def _median(self) -> float:
        middle = ((self._count - 1) // 2, self._count // 2)
        found: list[int] = []
        passed = 0
        for number in sorted(self._of):
            passed += self._of[number]
            while len(found) < 2 and middle[len(found)] < passed:
                found.append(number)
        return sum(found) / 2


tally = Numbers
