"""Roles and what each may do.

One table answers every "may they?": `RIGHTS[role]` is the set of acts. An act is a command's name
(`poll.vote`) or a use of the media (`media.publish`).
"""

from enum import StrEnum

from sessions.errors import Forbidden


class Role(StrEnum):
    ATTENDEE = "attendee"
    DELEGATE = "delegate"
    MODERATOR = "moderator"
    SPEAKER = "speaker"
    INTERPRETER = "interpreter"
    CAPTIONER = "captioner"
    SCREEN = "screen"
    ORGANISER = "organiser"
    PUBLISHER = "publisher"


WATCH = frozenset({"session.read", "media.watch", "caption.read"})
ASK = frozenset({"question.ask", "question.edit", "question.withdraw", "question.appeal", "question.vote"})
RAISE = frozenset({"floor.raise", "floor.lower", "floor.accept", "floor.decline", "floor.leave"})
TALK = frozenset({"announcement.acknowledge", "chat.send", "chat.retract"}) | {
    f"solution.{act}" for act in ("propose", "amend", "retract", "support")
}
TAKE_PART = WATCH | ASK | RAISE | TALK | {"poll.vote", "reaction.send"}
SIT = frozenset({"summit.answer", "summit.ask", "summit.point", "motion.vote"})
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
ANNOUNCE = frozenset({"announcement.compose", "announcement.withdraw"})
HOST = (
    ANNOUNCE
    | {f"chat.{act}" for act in ("hide", "show", "mute", "slow")}
    | {f"problem.{act}" for act in ("promote", "revise", "publish", "withdraw")}
    | {"solution.hide", "solution.show", "export.read"}
)
MAKE_POLLS = frozenset({"poll.create", "poll.edit", "poll.delete"})
RUN_POLLS = MAKE_POLLS | {f"poll.{act}" for act in ("open", "pause", "close", "reveal", "archive", "reset", "hold")} | {"staff.read"}
RUN_FLOOR = frozenset({"floor.invite", "floor.order", "floor.dismiss", "floor.call", "floor.down"})
LAG = frozenset({"summit.declare"})
CHAIR = (
    LAG
    | {f"summit.{act}" for act in ("roll", "mark", "deny", "call", "start", "pause", "end")}
    | {
        "motion.put",
        "motion.close",
        "motion.withdraw",
        "policy.pick",
        "policy.set",
    }
)
WORDS = frozenset({"glossary.set", "profanity.set"})
CAPTION = frozenset({"caption.commit", "caption.correct", "caption.source"}) | WORDS
PUBLISH = frozenset({"media.publish"})
INTERPRET = frozenset({"media.interpret"})
DIRECT = frozenset({"media.air"})
PLAN = frozenset({"invite.read", "programme.edit", "dashboard.read"})
"""For the whole event: whoever organises one session organises all."""
MODERATE = CURATE | HOST | TRANSLATE | RUN_POLLS | RUN_FLOOR | CHAIR | DIRECT | WORDS

RIGHTS: dict[Role, frozenset[str]] = {
    Role.ATTENDEE: TAKE_PART,
    Role.DELEGATE: TAKE_PART | SIT,
    Role.MODERATOR: TAKE_PART | MODERATE,
    Role.SPEAKER: TAKE_PART | ANSWER | RUN_POLLS | PUBLISH,
    Role.INTERPRETER: TAKE_PART | TRANSLATE | INTERPRET | LAG,
    Role.CAPTIONER: TAKE_PART | CAPTION,
    Role.SCREEN: WATCH,
    Role.ORGANISER: TAKE_PART | MODERATE | CAPTION | PUBLISH | INTERPRET | PLAN,
    Role.PUBLISHER: PUBLISH,
}

AGAINST = frozenset({"chat.mute", "floor.dismiss", "floor.down", "floor.call"})
"""Acts that take something from a person: the chat, a raised hand, the stage (which a call takes from who is there). They never work
upwards, see `above`; nor does undoing the end of one. What is done to somebody's words (hiding, dismissing) is no such act: it concerns
everyone's alike, is in the log, and can be undone."""


def above(person: Role, other: Role) -> bool:
    """Whether one is above the other: may do all that the other may, and more. An organiser is above a moderator."""
    return RIGHTS[person] > RIGHTS[other]


def require_not_above(person: str, actor: Role) -> None:
    """Raises Forbidden for an act of `AGAINST` upwards; `person` is the role of whom it would meet."""
    if above(Role(person), actor):
        raise Forbidden(f"this cannot be done to an {person} by a {actor}")


NAME_LIMIT = 80
"""Graphemes of a person's name; a longer one is refused."""
