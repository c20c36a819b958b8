"""`poll.*`: the commands of voters and of those who run polls."""

from typing import Annotated

from msgspec import Meta

from server.wire.base import CommandBase
from server.wire.scalars import Id, Long
from sessions.kinds.form import Form


class PollOpen(CommandBase, tag="poll.open"):
    poll: Id


class PollClose(CommandBase, tag="poll.close"):
    poll: Id


class PollReveal(CommandBase, tag="poll.reveal"):
    poll: Id


class PollPause(CommandBase, tag="poll.pause"):
    poll: Id


class PollArchive(CommandBase, tag="poll.archive"):
    poll: Id


class PollReset(CommandBase, tag="poll.reset"):
    """A new round, as a draft without ballots."""

    poll: Id


class PollCreate(CommandBase, tag="poll.create"):
    """A draft. The result names it: `poll`."""

    form: Form


class PollEdit(CommandBase, tag="poll.edit"):
    """Another form, whole. What there is to answer is frozen once someone has answered."""

    poll: Id
    form: Form


class PollDelete(CommandBase, tag="poll.delete"):
    """Forgets a draft that was never open."""

    poll: Id


class PollHold(CommandBase, tag="poll.hold"):
    """Keeps a word or an answer (a key of the tally's counts) from everyone's sight, or lets them see it."""

    poll: Id
    word: Annotated[str, Meta(min_length=1, max_length=4000)]
    on: bool


class PollVote(CommandBase, tag="poll.vote"):
    """One's ballot; a second one replaces the first until the poll closes, or is refused if the first is final.

    Options chosen (a ranking: best first) or words are a list; a rating, scale or number is one; an answer is a text; a budget is
    a number per option, a point its `x` and `y` in thousandths of the picture.
    """

    poll: Id
    ballot: (
        Annotated[list[Annotated[str, Meta(max_length=1600)]], Meta(max_length=32)]
        | int
        | Long
        | Annotated[dict[Annotated[str, Meta(max_length=64)], int], Meta(max_length=32)]
    )


PollCommand = (
    PollOpen | PollClose | PollReveal | PollPause | PollArchive | PollReset | PollCreate | PollEdit | PollDelete | PollHold | PollVote
)
