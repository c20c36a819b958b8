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
TAKE_PART = WATCH | {"question.ask", "question.vote", "poll.vote", "reaction.send"}
CURATE = frozenset({"question.publish", "question.dismiss", "question.highlight", "question.answer", "staff.read"})
RUN_POLLS = frozenset({"poll.open", "poll.close", "poll.reveal", "staff.read"})
CAPTION = frozenset({"caption.commit", "caption.correct"})
PUBLISH = frozenset({"media.publish"})

RIGHTS: dict[Role, frozenset[str]] = {
    Role.ATTENDEE: TAKE_PART,
    Role.MODERATOR: TAKE_PART | CURATE | RUN_POLLS,
    Role.SPEAKER: TAKE_PART | RUN_POLLS | PUBLISH | {"question.answer", "question.highlight"},
    Role.INTERPRETER: TAKE_PART,
    Role.CAPTIONER: TAKE_PART | CAPTION,
    Role.SCREEN: WATCH,
    Role.ORGANISER: TAKE_PART | CURATE | RUN_POLLS | CAPTION | PUBLISH | {"invite.read"},
    Role.PUBLISHER: PUBLISH,
}

NAME_LIMIT = 80
"""Graphemes of a person's name; a longer one is refused."""
