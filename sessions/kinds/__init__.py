"""The kinds of polls, one module per family that votes alike: `FAMILIES["ranking"]` checks and counts a ranking's ballots."""

from typing import Any, Protocol

from sessions.kinds import budget, choice, point, quiz, ranking, scale, text, words
from sessions.kinds.form import Ballot, Form, Result


class Tally(Protocol):
    """Counts kept as ballots come and go, never recounted: `add` and `remove` cost what one ballot costs."""

    def add(self, ballot: Any) -> None: ...

    def remove(self, ballot: Any) -> None: ...

    def result(self) -> Result: ...


class Family(Protocol):
    """What differs from kind to kind. `check` raises Invalid, TooLong."""

    @property
    def KINDS(self) -> tuple[str, ...]: ...

    def form(self, form: Form) -> None:
        """Raises Invalid for a form that nobody could vote by."""

    def check(self, form: Form, given: Ballot, elapsed: int) -> Ballot:
        """The ballot as it is kept; `elapsed` is how long the voter took, in ms."""

    def tally(self, form: Form) -> Tally: ...


_ALL: tuple[Family, ...] = (choice, scale, ranking, words, text, quiz, point, budget)
FAMILIES: dict[str, Family] = {kind: family for family in _ALL for kind in family.KINDS}


def count(form: Form, ballots: list[Ballot]) -> Tally:
    """A tally from its ballots: for the start, and for the tests that hold the running one against it."""
    tally = FAMILIES[form.kind].tally(form)
    for ballot in ballots:
        tally.add(ballot)
    return tally
