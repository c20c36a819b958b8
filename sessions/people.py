"""Roles and what each may do.

One table answers every "may they?": `RIGHTS[role]` is the set of acts. An act is a command's name
(`poll.vote`) or a use of the media (`media.publish`).
"""

from enum import StrEnum


class Role(StrEnum):
    ATTENDEE = "attendee"
    MODERATOR = "moderator"
    SPEAKER = "speaker"
    INTERPRETER = "interpreter"
    CAPTIONER = "captioner"
    SCREEN = "screen"
    ORGANISER = "organiser"
    PUBLISHER = "publisher"


WATCH = frozenset({"session.read", "media.watch", "caption.read"})
ASK = frozenset({"question.ask", "question.edit", "question.withdraw", "question.appeal", "question.vote"})
TAKE_PART = WATCH | ASK | {"poll.vote", "reaction.send"}
ANSWER = frozenset({"question.highlight", "question.take", "question.answer", "question.reopen", "staff.read"})
TRANSLATE = frozenset({"question.translate"})
CURATE = ANSWER | {
    "question.publish",
    "question.dismiss",
    "question.archive",
    "question.restore",
    "question.label",
    "question.merge",
    "question.unmerge",
    "question.slow",
    "moderation.watch",
    "moderation.undo",
}
MAKE_POLLS = frozenset({"poll.create", "poll.edit", "poll.delete"})
RUN_POLLS = MAKE_POLLS | {f"poll.{act}" for act in ("open", "pause", "close", "reveal", "archive", "reset", "hold")} | {"staff.read"}
WORDS = frozenset({"glossary.set", "profanity.set"})
CAPTION = frozenset({"caption.commit", "caption.correct", "caption.source"}) | WORDS
PUBLISH = frozenset({"media.publish"})
INTERPRET = frozenset({"media.interpret"})
DIRECT = frozenset({"media.air"})

RIGHTS: dict[Role, frozenset[str]] = {
    Role.ATTENDEE: TAKE_PART,
    Role.MODERATOR: TAKE_PART | CURATE | TRANSLATE | RUN_POLLS | DIRECT | WORDS,
    Role.SPEAKER: TAKE_PART | ANSWER | RUN_POLLS | PUBLISH,
    Role.INTERPRETER: TAKE_PART | TRANSLATE | INTERPRET,
    Role.CAPTIONER: TAKE_PART | CAPTION,
    Role.SCREEN: WATCH,
    Role.ORGANISER: TAKE_PART | CURATE | TRANSLATE | RUN_POLLS | CAPTION | PUBLISH | INTERPRET | DIRECT | {"invite.read"},
    Role.PUBLISHER: PUBLISH,
}

NAME_LIMIT = 80
"""Graphemes of a person's name; a longer one is refused."""
