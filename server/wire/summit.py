"""`summit.*`, `motion.*` and `policy.set`: the commands of delegates and of the chair."""

from typing import Annotated

from msgspec import Meta

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long
from sessions.formats import Format, SessionPolicy
from sessions.motions import Choice, Majority


class SummitRoll(CommandBase, tag="summit.roll"):
    """Calls the roll: all are absent until they answer. Or ends it."""

    on: bool


class SummitAnswer(CommandBase, tag="summit.answer"):
    """One's seat is present."""


class SummitMark(CommandBase, tag="summit.mark"):
    seat: Id
    present: bool


class SummitAsk(CommandBase, tag="summit.ask"):
    """Asks to speak for one's seat, or no longer."""

    on: bool


class SummitPoint(CommandBase, tag="summit.point"):
    """Raises a point of order."""


class SummitDeny(CommandBase, tag="summit.deny"):
    """Does not hear a seat's point of order."""

    seat: Id


class SummitCall(CommandBase, tag="summit.call"):
    """Gives a seat the floor; without one, whose turn it is: points of order first, then who has spoken least."""

    seat: Id | None = None


class SummitStart(CommandBase, tag="summit.start"):
    """The speaker's clock runs, for the first time or again."""


class SummitPause(CommandBase, tag="summit.pause"):
    pass


class SummitEnd(CommandBase, tag="summit.end"):
    pass


class SummitDeclare(CommandBase, tag="summit.declare"):
    """Says by how many seconds the interpretation into a language is behind."""

    lang: Lang
    seconds: int


class MotionPut(CommandBase, tag="motion.put"):
    """Puts a motion to the vote of the seats that are present. The result names it: `motion`."""

    texts: Annotated[dict[Lang, Long], Meta(min_length=1, max_length=32)]
    majority: Majority = "simple"


class MotionVote(CommandBase, tag="motion.vote"):
    """The vote of one's seat; a later one replaces it until the close."""

    motion: Id
    choice: Choice


class MotionClose(CommandBase, tag="motion.close"):
    motion: Id


class MotionWithdraw(CommandBase, tag="motion.withdraw"):
    motion: Id


class PolicyPick(CommandBase, tag="policy.pick"):
    """The session is of this format from now on, with all that the format has on."""

    format: Format


class PolicySet(CommandBase, tag="policy.set"):
    """What the session allows from now on, whole."""

    policy: SessionPolicy


SummitCommand = (
    SummitRoll
    | SummitAnswer
    | SummitMark
    | SummitAsk
    | SummitPoint
    | SummitDeny
    | SummitCall
    | SummitStart
    | SummitPause
    | SummitEnd
    | SummitDeclare
    | MotionPut
    | MotionVote
    | MotionClose
    | MotionWithdraw
    | PolicyPick
    | PolicySet
)
