"""An answer in one's own words, kept as the one entry of a list: those that say the same are counted together and held as words are."""

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form
from sessions.kinds.words import Words
from sessions.text import clean

KINDS = ("text",)

TEXT_LIMIT = 300
"""Graphemes of one answer; a longer one is refused."""


def form(form: Form) -> None:
    """Nothing to choose from, nothing to get wrong."""


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    if not isinstance(given, str):
        raise Invalid("answer in words")
    return [clean(given, TEXT_LIMIT, "the answer")]


tally = Words
