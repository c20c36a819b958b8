"""The polls of one session and their ballots. Pure: each function changes memory and nothing else.

    draft --open--> open --close--> closed --reveal--> published
                      ^----open-------+

A ballot is a person's: a second one replaces the first until the poll closes. Counts are kept as ballots come, never recounted.
"""

from collections import Counter
from typing import Literal

from msgspec import Struct

from sessions.errors import Closed, Conflict, Invalid, NotHere
from sessions.programme import Texts

OPTIONS_LIMIT = 32
"""Options of one poll; the programme with more is refused."""

POLLS_LIMIT = 100
"""Polls of one session; past it the programme is refused."""

State = Literal["draft", "open", "closed", "published"]
Kind = Literal["single", "multiple"]
Visibility = Literal["always", "published"]


class Option(Struct, frozen=True):
    id: str
    texts: Texts


class Poll(Struct, kw_only=True):
    """`results` says when all may see the tally: while it runs, or once it is published. `version` rises with every ballot."""

    id: str
    kind: Kind
    state: State
    texts: Texts
    options: list[Option]
    max_choices: int
    results: Visibility
    order: int
    version: int = 0
    ballots: dict[str, list[str]]
    counts: Counter[str]


class Polls:
    """All polls of a session by id."""

    def __init__(self, items: list[Poll]) -> None:
        self.items = {poll.id: poll for poll in items}
        for poll in items:
            poll.counts = Counter(choice for ballot in poll.ballots.values() for choice in ballot)
            poll.version = max(poll.version, len(poll.ballots))

    def find(self, id: str) -> Poll:
        poll = self.items.get(id)
        if poll is None:
            raise NotHere(f"there is no poll {id}")
        return poll

    def open(self, id: str) -> Poll:
        """Take ballots, for the first time or again."""
        return self._move(id, "open", ("draft", "closed"))

    def close(self, id: str) -> Poll:
        """Take no more ballots."""
        return self._move(id, "closed", ("open",))

    def reveal(self, id: str) -> Poll:
        """Let everyone see the result. An open poll must be closed first, so that nobody votes by it."""
        return self._move(id, "published", ("closed",))

    def vote(self, id: str, person: str, choices: list[str]) -> Poll:
        """Cast or replace a person's ballot. Raises Closed, Invalid, NotHere; the ballot before stays then."""
        poll = self.find(id)
        if poll.state != "open":
            raise Closed(f"poll {id} takes no votes: it is {poll.state}")
        _check(poll, choices)
        poll.counts.subtract(poll.ballots.get(person, ()))
        poll.counts.update(choices)
        poll.ballots[person] = choices
        poll.version += 1
        return poll

    def _move(self, id: str, to: State, allowed: tuple[State, ...]) -> Poll:
        poll = self.find(id)
        if poll.state != to:  # saying it twice is no error
            if poll.state not in allowed:
                raise Conflict(f"poll {id} is {poll.state}")
            poll.state = to
        return poll


def _check(poll: Poll, choices: list[str]) -> None:
    limit = 1 if poll.kind == "single" else poll.max_choices
    known = {option.id for option in poll.options}
    if not 1 <= len(choices) <= limit:
        raise Invalid(f"choose 1 to {limit} options")
    if len(set(choices)) != len(choices) or not known.issuperset(choices):
        raise Invalid("choose options of this poll, each once")
