"""`reaction.*`, `caption.*`, `glossary.*` and `profanity.*` commands."""

from typing import Annotated

from msgspec import Meta

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long, Reaction
from translation.glossary import Term
from translation.profanity import Policy
from translation.sources import Choice


class ReactionSend(CommandBase, tag="reaction.send"):
    reaction: Reaction


class CaptionCommit(CommandBase, tag="caption.commit"):
    """A human captioner's line: `final=False` replaces the line in the making, `final=True` ends it."""

    lang: Lang
    text: Long
    final: bool = True
    speaker: Annotated[str, Meta(max_length=320)] | None = None


class CaptionCorrect(CommandBase, tag="caption.correct"):
    """Puts a final line right. `revision` is the one its author has seen: a line corrected meanwhile is a conflict.

    Without a `speaker` the line keeps its own. A line of the floor is translated anew, except where a person put it right.
    """

    lang: Lang
    number: Annotated[int, Meta(ge=1)]
    revision: Annotated[int, Meta(ge=0)]
    text: Long
    speaker: Annotated[str, Meta(max_length=320)] | None = None


class CaptionSource(CommandBase, tag="caption.source"):
    """Says who alone writes a language from now on. `auto`: people, and the recognizer or the translation while they do not."""

    lang: Lang
    source: Choice


class GlossarySet(CommandBase, tag="glossary.set"):
    """How a word is said from now on, in every translation of the session; without an `entry` the term is taken away."""

    term: Id
    entry: Term | None


class ProfanitySet(CommandBase, tag="profanity.set"):
    """What the captions do with vulgar words from now on; lines that were told stay as they are."""

    policy: Policy


CaptionCommand = ReactionSend | CaptionCommit | CaptionCorrect | CaptionSource | GlossarySet | ProfanitySet
