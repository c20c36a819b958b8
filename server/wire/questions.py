"""`question.*` and `moderation.*`: the commands of those who ask and of the desk."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long
from sessions.questions import Reason


class QuestionAsk(CommandBase, tag="question.ask"):
    text: Long
    lang: Lang
    anonymous: bool = False


class QuestionVote(CommandBase, tag="question.vote"):
    """Puts one's vote on a question or takes it off: says how it should be, so a repeat changes nothing."""

    question: Id
    on: bool


class QuestionEdit(CommandBase, tag="question.edit"):
    """Other words for one's own question; a moderator has to look again."""

    question: Id
    text: Long
    lang: Lang


class QuestionWithdraw(CommandBase, tag="question.withdraw"):
    """Takes one's own question back, for good."""

    question: Id


class QuestionAppeal(CommandBase, tag="question.appeal"):
    """Asks the moderators to look again at one's own question that was dismissed; once."""

    question: Id
    text: Long


class Versioned(CommandBase, kw_only=True):
    """Where the object is no longer at the `expected_version`, it is refused as `conflict` with the object as it is in `current`."""

    expected_version: int | None = None


class Moderating(Versioned, kw_only=True):
    """An act on a question."""

    question: Id


class QuestionPublish(Moderating, tag="question.publish"):
    pass


class QuestionDismiss(Moderating, tag="question.dismiss"):
    reason: Reason


class QuestionArchive(Moderating, tag="question.archive"):
    """Puts a published question away."""


class QuestionRestore(Moderating, tag="question.restore"):
    """An archived question is published again, a dismissed one waits again."""


class QuestionHighlight(Versioned, tag="question.highlight"):
    """Puts a published question on the stage; None clears it. Where neither the `expected_stage` is on it (None for an empty one) nor
    what is wanted, it is refused as `conflict` with the question that is, if one is, in `current`."""

    question: Id | None
    expected_stage: Id | UnsetType | None = UNSET


class QuestionTake(Moderating, tag="question.take"):
    """Begins to answer a published question."""


class QuestionAnswer(Moderating, tag="question.answer"):
    """Marks a question answered, live or, with a `text`, in writing; without a `lang` in the language the caller came in with."""

    text: Long | None = None
    lang: Lang | None = None


class QuestionReopen(Moderating, tag="question.reopen"):
    """It is unanswered after all; a written answer goes."""


class QuestionLabel(Moderating, tag="question.label"):
    """These labels instead of those it has."""

    labels: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=16)]


class QuestionMerge(Moderating, tag="question.merge"):
    """Lets the question `into` stand for this one, its votes included, until it is unmerged."""

    into: Id


class QuestionUnmerge(Moderating, tag="question.unmerge"):
    pass


class QuestionTranslate(Moderating, tag="question.translate"):
    """A question in another language, instead of the machine's translation."""

    lang: Lang
    text: Long


class QuestionSlow(CommandBase, tag="question.slow"):
    """Slow mode: one question per person in so many seconds; 0 ends it."""

    seconds: Annotated[int, Meta(ge=0, le=3600)]


class ModerationWatch(CommandBase, tag="moderation.watch"):
    """Watches for these words in questions of a language, instead of those before: hints to moderators, no verdicts."""

    lang: Lang
    words: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=200)]


class ModerationUndo(CommandBase, tag="moderation.undo"):
    """Brings back what an entry of the log changed, where nothing has changed it since."""

    entry: Annotated[int, Meta(ge=1)]


QuestionCommand = (
    QuestionAsk
    | QuestionEdit
    | QuestionWithdraw
    | QuestionAppeal
    | QuestionVote
    | QuestionPublish
    | QuestionDismiss
    | QuestionArchive
    | QuestionRestore
    | QuestionHighlight
    | QuestionTake
    | QuestionAnswer
    | QuestionReopen
    | QuestionLabel
    | QuestionMerge
    | QuestionUnmerge
    | QuestionTranslate
    | QuestionSlow
    | ModerationWatch
    | ModerationUndo
)
