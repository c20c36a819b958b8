"""What readers are told of the policy, the floor and the summit: parts of the session's state and of what is one's own."""

from typing import Literal

from msgspec import Struct

from sessions.motions import Choice, Division, Majority
from sessions.programme import Texts
from sessions.record import Entry
from sessions.speeches import Speech
from sessions.summit import Account


class Hand(Struct, kw_only=True, omit_defaults=True):
    """A hand that is up. `place` rises along the queue; times are in ms since 1970 UTC."""

    state: Literal["waiting", "invited", "accepted", "on_stage"]
    place: int
    lang: str
    raised_at: int
    name: str | None = None
    stage_at: int | None = None


class Guest(Struct, kw_only=True, omit_defaults=True):
    """Who is on the stage `since` (ms since 1970 UTC), by the name they gave."""

    lang: str
    since: int
    name: str | None = None


class OwnHand(Struct, kw_only=True, omit_defaults=True):
    """One's own hand; `ahead` is how many wait before it, while it waits."""

    state: Literal["waiting", "invited", "accepted", "on_stage"]
    ahead: int | None = None


class FloorState(Struct, kw_only=True, omit_defaults=True):
    """How many hands wait, and who is on the stage. Only staff is told whose `hands` are up, by id."""

    waiting: int
    guest: Guest | None = None
    hands: dict[str, Hand] | None = None


class Motion(Struct, kw_only=True, omit_defaults=True):
    """A motion. `voted` says how many seats have; which ones (`silent` are the others) only staff is told before the close, and how
    (`votes`) nobody."""

    texts: Texts
    majority: Majority
    order: int
    state: Literal["open", "closed", "withdrawn"]
    entitled: int
    voted: int
    silent: list[str] | None = None
    votes: dict[str, Choice] | None = None
    division: Division | None = None


class SummitState(Struct, kw_only=True, omit_defaults=True):
    """A summit: accounts by seat, the queue by whose turn it is, seats with a point of order, and the newest acts by number.

    A clock counts from `speech.since` on the server's clock. `aside` is the speech that a point of order interrupted; the next
    speech starts at `free_at` at the earliest. `lags` are in ms, by language; `quorum` is in seats.
    """

    seats: dict[str, Account]
    queue: list[str]
    points: list[str]
    roll: bool
    quorum: int
    lags: dict[str, int]
    motions: dict[str, Motion]
    record: dict[str, Entry]
    speech: Speech | None = None
    aside: Speech | None = None
    free_at: int | None = None
