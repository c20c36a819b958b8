"""Motions of a summit: one seat, one vote. Pure.

    act        from      to
    put        -         open        one at a time, not while the roll is called; the seats present then are entitled
    vote       open      open        a seat's vote replaces its former one
    close      open      closed      the count is laid down
    withdraw   open      withdrawn   without a count

Votes are by roll and told seat by seat, after the close. An abstention counts for neither side.
"""

from typing import Literal

from msgspec import Struct

from sessions.errors import Closed, Conflict, Invalid, NotHere, TooMany
from sessions.programme import Texts
from sessions.text import clean, language

MOTIONS_LIMIT = 50
"""Motions of one session; past it TooMany."""

TEXT_LIMIT = 1000
"""Graphemes of a motion; a longer one is refused."""

LANGUAGES_LIMIT = 32
"""Languages of one motion; past it Invalid."""

Choice = Literal["yes", "no", "abstain"]
Majority = Literal["simple", "two_thirds"]
State = Literal["open", "closed", "withdrawn"]


class Division(Struct, frozen=True, kw_only=True):
    """The count, seat by seat: `yes`, `no`, `abstain` and `silent` are together the `entitled`, and those and the `absent` all seats."""

    entitled: int
    absent: int
    yes: int
    no: int
    abstain: int
    silent: int
    adopted: bool


class Motion(Struct, kw_only=True):
    """`votes` are by seat; `entitled` are the seats that were present when it was put, of `seats` in all."""

    id: str
    texts: Texts
    majority: Majority
    order: int
    entitled: list[str]
    seats: int
    state: State = "open"
    votes: dict[str, Choice] = {}
    division: Division | None = None


class Motions:
    """All motions of a session by id."""

    def __init__(self, items: list[Motion]) -> None:
        self.items = {motion.id: motion for motion in items}

    @property
    def open(self) -> Motion | None:
        return next((motion for motion in self.items.values() if motion.state == "open"), None)

    def find(self, id: str) -> Motion:
        motion = self.items.get(id)
        if motion is None:
            raise NotHere(f"there is no motion {id}")
        return motion

    def put(self, id: str, texts: Texts, majority: Majority, entitled: list[str], seats: int) -> Motion:
        """Raises Conflict while another is open, TooMany, Invalid, TooLong."""
        if self.open is not None:
            raise Conflict("another motion is open")
        if len(self.items) >= MOTIONS_LIMIT:
            raise TooMany(f"a session takes {MOTIONS_LIMIT} motions at most")
        if not 1 <= len(texts) <= LANGUAGES_LIMIT:
            raise Invalid(f"a motion is in 1 to {LANGUAGES_LIMIT} languages")
        clear = {language(lang): clean(text, TEXT_LIMIT, "the motion") for lang, text in texts.items()}
        order = len(self.items) + 1
        motion = Motion(id=id, texts=clear, majority=majority, order=order, entitled=entitled, seats=seats)
        self.items[id] = motion
        return motion

    def vote(self, id: str, seat: str, choice: Choice) -> Motion:
        """Raises NotHere, Closed, Conflict for a seat that was absent when it was put."""
        motion = self.find(id)
        if motion.state != "open":
            raise Closed(f"motion {id} is {motion.state}")
        if seat not in motion.entitled:
            raise Conflict(f"seat {seat} was absent when the motion was put")
        motion.votes[seat] = choice
        return motion

    def close(self, id: str) -> Motion:
        """Count. Raises NotHere, Conflict for one that was withdrawn; a second close changes nothing."""
        motion = self.find(id)
        if motion.state == "withdrawn":
            raise Conflict(f"motion {id} is withdrawn")
        motion.state, motion.division = "closed", counted(motion)
        return motion

    def withdraw(self, id: str) -> Motion:
        """Raises NotHere, Conflict for one that was closed."""
        motion = self.find(id)
        if motion.state == "closed":
            raise Conflict(f"motion {id} is closed")
        motion.state = "withdrawn"
        return motion


def counted(motion: Motion) -> Division:
    votes = list(motion.votes.values())
    yes, no, abstain = (votes.count(choice) for choice in ("yes", "no", "abstain"))
    adopted = yes > no if motion.majority == "simple" else yes > 0 and yes * 3 >= (yes + no) * 2
    entitled = len(motion.entitled)
    silent = entitled - len(votes)
    return Division(entitled=entitled, absent=motion.seats - entitled, yes=yes, no=no, abstain=abstain, silent=silent, adopted=adopted)
