"""Who leads in a session's quizzes. Pure."""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2s
from typing import TYPE_CHECKING

from msgspec import Struct

from sessions.kinds.quiz import score

if TYPE_CHECKING:
    from sessions.polls import Poll

LEADERS_LIMIT = 10
"""Places of the board."""


class Leader(Struct, frozen=True):
    """`name` is what a player of a named quiz goes by, else a sign that stays theirs."""

    name: str
    score: int


def leaders(polls: Iterable["Poll"]) -> list[Leader]:
    """The best of all quizzes that are over, by their points together."""
    over = [poll for poll in polls if poll.form.kind == "quiz" and poll.state in ("closed", "published", "archived")]
    points: Counter[str] = Counter()
    names: dict[str, str] = {}
    for poll in over:
        names |= poll.names
        for person, ballot in poll.ballots.items():
            assert isinstance(ballot, dict)
            points[person] += score(poll.form, ballot)
    best = sorted((person for person, sum in points.items() if sum), key=lambda person: (-points[person], person))
    return [Leader(names.get(person, sign(person)), points[person]) for person in best[:LEADERS_LIMIT]]


def sign(person: str) -> str:
    """What someone is called who is not named: the same all the time, and no way back to their id."""
    return "#" + blake2s(person.encode(), digest_size=2).hexdigest().upper()
