"""A question with right answers, against the clock: who is right at once gets 1,000 points, at the last moment half of that.

A kept ballot says how many ms each chosen option took, so that the points come from the rows alone.
"""

from collections import Counter

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result, chosen, need_choices

KINDS = ("quiz",)

POINTS = 1000
SECONDS_LIMIT = 600
"""Seconds of a quiz, at most: the clock is what the points are made of."""


def form(form: Form) -> None:
    need_choices(form)
    if not 1 <= form.rules.seconds <= SECONDS_LIMIT:
        raise Invalid(f"a quiz runs for 1 to {SECONDS_LIMIT} seconds")
    chosen(form, form.rules.correct, 1, form.rules.max_choices)


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    options = chosen(form, given, form.rules.min_choices, form.rules.max_choices)
    return dict.fromkeys(options, elapsed)


def score(form: Form, ballot: dict[str, int]) -> int:
    """The points of a ballot: only all right options and no wrong one are right."""
    if set(ballot) != set(form.rules.correct):
        return 0
    limit = form.rules.seconds * 1000
    return POINTS - POINTS * min(max(ballot.values()), limit) // (2 * limit)


class Answers:
    def __init__(self, form: Form) -> None:
        self._counts = Counter({option.id: 0 for option in form.options})

    def add(self, ballot: dict[str, int]) -> None:
        for option in ballot:
            self._counts[option] += 1

    def remove(self, ballot: dict[str, int]) -> None:
        for option in ballot:
            self._counts[option] -= 1

    def result(self) -> Result:
        return Result(counts=dict(self._counts))


tally = Answers
