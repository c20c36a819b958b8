"""So much to give away among the options."""

from collections import Counter

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result, amounts, need_options

KINDS = ("budget",)

BUDGET_LIMIT = 1_000_000
"""The greatest budget of one voter."""


def form(form: Form) -> None:
    need_options(form)
    if not 1 <= form.rules.budget <= BUDGET_LIMIT:
        raise Invalid(f"a budget is 1 to {BUDGET_LIMIT}")


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    gifts = amounts(given, {option.id for option in form.options}, form.rules.budget)
    if not 1 <= sum(gifts.values()) <= form.rules.budget:
        raise Invalid(f"spend 1 to {form.rules.budget}")
    # Every option is named, because a ballot told as a merge patch must not leave an old number behind.
    return {option.id: gifts.get(option.id, 0) for option in form.options}


class Sums:
    def __init__(self, form: Form) -> None:
        self._sums = Counter({option.id: 0 for option in form.options})

    def add(self, ballot: dict[str, int]) -> None:
        self._sums.update(ballot)

    def remove(self, ballot: dict[str, int]) -> None:
        self._sums.subtract(ballot)

    def result(self) -> Result:
        return Result(counts=dict(self._sums))


tally = Sums
