"""Options in one's order: of n options the first gets n points, the next n-1, and so on; the mean over all voters ranks them.

One that a voter left out gets none from them.
"""

from collections import Counter

from sessions.kinds.form import Ballot, Form, Result, chosen, need_choices

KINDS = ("ranking",)


def form(form: Form) -> None:
    need_choices(form)


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    return chosen(form, given, form.rules.min_choices, form.rules.max_choices)


class Points:
    """`counts` are the points of each option; over the voters they are its mean."""

    def __init__(self, form: Form) -> None:
        self._points = Counter({option.id: 0 for option in form.options})
        self._first = len(form.options)

    def add(self, ballot: list[str]) -> None:
        for place, option in enumerate(ballot):
            self._points[option] += self._first - place

    def remove(self, ballot: list[str]) -> None:
        for place, option in enumerate(ballot):
            self._points[option] -= self._first - place

    def result(self) -> Result:
        return Result(counts=dict(self._points))


tally = Points
