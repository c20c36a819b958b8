"""One or several of the options: `single`, `multiple`, `image` (options with pictures), `yesno` (yes, no or abstain)."""

from collections import Counter

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result, chosen, need_choices

KINDS = ("single", "multiple", "image", "yesno")
YES_NO = ["yes", "no", "abstain"]


def form(form: Form) -> None:
    need_choices(form)
    if form.kind == "yesno" and [option.id for option in form.options] != YES_NO:
        raise Invalid(f"the options are {', '.join(YES_NO)}")
    if form.kind == "image" and not all(option.image for option in form.options):
        raise Invalid("each option needs its picture")


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    if form.kind in ("single", "yesno"):
        return chosen(form, given, 1, 1)
    return chosen(form, given, form.rules.min_choices, form.rules.max_choices)


class Choices:
    def __init__(self, form: Form) -> None:
        self._counts = Counter({option.id: 0 for option in form.options})

    def add(self, ballot: list[str]) -> None:
        for option in ballot:
            self._counts[option] += 1

    def remove(self, ballot: list[str]) -> None:
        for option in ballot:
            self._counts[option] -= 1

    def result(self) -> Result:
        return Result(counts=dict(self._counts))


tally = Choices
