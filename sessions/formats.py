"""What each format of a session turns on, for whom, and for how long. Pure.

    format      questions  anonymous  votes     polls     reactions  hands     chat      summit
    lecture     everyone   yes        everyone  everyone  everyone   nobody    nobody    no
    seminar     everyone   yes        everyone  everyone  everyone   everyone  everyone  no
    symposium   everyone   yes        everyone  everyone  everyone   everyone  nobody    no
    forum       everyone   yes        everyone  everyone  everyone   everyone  everyone  no
    summit      everyone   yes        everyone  everyone  everyone   nobody    staff     yes
    screening   everyone   yes        everyone  everyone  everyone   nobody    nobody    no
    roundtable  everyone   no         everyone  everyone  nobody     everyone  everyone  no

Picking a format fills a session's policy, and each value of it may then be another: in the programme's file, and while it runs.
Of what is for nobody no command is done but taking one's words back; what is for some is refused to the others. Roles and their rights
(`people`) come first.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from sessions.errors import FeatureOff, Invalid
from sessions.people import RIGHTS, Role

Format = Literal["lecture", "seminar", "symposium", "forum", "summit", "screening", "roundtable"]

Who = Literal["nobody", "staff", "delegates", "everyone"]
"""`staff` runs the session; `delegates` are those of a seat, and staff."""

SEATS_LIMIT = 100
"""Seats of one session; a programme with more is refused."""

SECONDS_LIMIT = 86_400
"""Of any time limit; a longer one is refused."""


class SessionPolicy(Struct, frozen=True, kw_only=True):
    """The rules of one session. Times are in seconds, 0 is without limit.

    `turn_seconds` is what a guest has on the stage, `speech_seconds` what a speech of the summit may take, `account_seconds` what each
    seat has in all and `point_seconds` a point of order. `quorum` is in seats, 0 is more than half; with `wait` the next speech begins
    when the slowest interpreter is through with the one before.
    """

    format: Format
    questions: Who = "everyone"
    anonymous: bool = True
    votes: Who = "everyone"
    polls: Who = "everyone"
    reactions: Who = "everyone"
    hands: Who = "everyone"
    chat: Who = "everyone"
    summit: bool = False
    turn_seconds: int = 180
    speech_seconds: int = 180
    account_seconds: int = 600
    point_seconds: int = 60
    quorum: int = 0
    wait: bool = True


POLICIES: dict[Format, SessionPolicy] = {
    "lecture": SessionPolicy(format="lecture", hands="nobody", chat="nobody"),
    "seminar": SessionPolicy(format="seminar"),
    "symposium": SessionPolicy(format="symposium", chat="nobody"),
    "forum": SessionPolicy(format="forum", turn_seconds=120),
    "summit": SessionPolicy(format="summit", hands="nobody", chat="staff", summit=True),
    "screening": SessionPolicy(format="screening", hands="nobody", chat="nobody"),
    "roundtable": SessionPolicy(format="roundtable", anonymous=False, reactions="nobody", turn_seconds=300),
}

TIMES = ("turn_seconds", "speech_seconds", "account_seconds", "point_seconds")

TAKING_PART = frozenset({"question.ask", "question.vote", "poll.vote", "reaction.send", "floor.raise", "chat.send"})
"""What people do with a feature; all else of it is for those who run it or whose own it is, and stays theirs.
"""

BACK = frozenset({"question.withdraw", "chat.retract"})
"""Taking one's own words back: it is always possible, whatever is off meanwhile."""

_FEATURES = {"question": "questions", "poll": "polls", "reaction": "reactions", "floor": "hands", "chat": "chat"}

_ARE = {
    "questions": "questions are",
    "votes": "votes on questions are",
    "polls": "polls are",
    "reactions": "reactions are",
    "hands": "raised hands are",
    "chat": "the chat is",
}
_FOR = {"nobody": "off in this session", "staff": "only for staff in this session", "delegates": "only for delegates in this session"}


def policy(format: Format, changes: dict[str, Any] | None = None) -> SessionPolicy:
    """The format's policy with some values changed. Raises Invalid."""
    made = msgspec.to_builtins(POLICIES[format]) | (changes or {}) | {"format": format}
    unknown = sorted(made.keys() - set(SessionPolicy.__struct_fields__))
    if unknown:
        raise Invalid(f"a policy has no field {', '.join(unknown)}")
    try:
        return checked(msgspec.convert(made, SessionPolicy))
    except msgspec.ValidationError as error:
        raise Invalid(f"the policy: {error}") from None


def checked(policy: SessionPolicy) -> SessionPolicy:
    """Raises Invalid for times and numbers that are none."""
    for name in TIMES:
        if not 0 <= getattr(policy, name) <= SECONDS_LIMIT:
            raise Invalid(f"{name} is 0 to {SECONDS_LIMIT} seconds")
    if not 0 <= policy.quorum <= SEATS_LIMIT:
        raise Invalid(f"a quorum is 0 to {SEATS_LIMIT} seats")
    return policy


def require(policy: SessionPolicy, act: str, role: Role) -> None:
    """Raises FeatureOff for a command of what is off here, or is not for this role."""
    area = act.partition(".")[0]
    if area in ("summit", "motion") and not policy.summit:
        raise FeatureOff("this session is not a summit")
    feature = "votes" if act == "question.vote" else _FEATURES.get(area)
    if feature is None or act in BACK:
        return
    who: Who = getattr(policy, feature)
    if who == "nobody" or (act in TAKING_PART and not admits(who, role)):
        raise FeatureOff(f"{_ARE[feature]} {_FOR[who]}")


def admits(who: Who, role: Role) -> bool:
    """Whether what is for these is for a role."""
    match who:
        case "everyone":
            return True
        case "delegates":
            return bool(RIGHTS[role] & {"motion.vote", "staff.read"})
        case "staff":
            return "staff.read" in RIGHTS[role]
        case _:
            return False
