"""Every message of the socket `/ws`, as types: what `/asyncapi` and the TypeScript types are generated from.

    client -> server   Hello once, then commands; each command's `id` is its idempotency key
    server -> client   Welcome, Snapshot, Update, Ack, Failure, My

A channel's state changes by updates whose `data` is a JSON Merge Patch (RFC 7396) on the snapshot's `data`:
`apply(snapshot, updates)` is the same ten lines for every update type and in every language.
Objects are keyed by id, an absent key means "none", and times are milliseconds since 1970 UTC.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from sessions.programme import Session, Texts

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Key = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="idempotency key")]
Lang = Annotated[str, Meta(min_length=2, max_length=35, description="BCP 47")]
Channel = Annotated[str, Meta(min_length=1, max_length=128)]
Long = Annotated[str, Meta(max_length=4000)]
Reaction = Literal["applause", "heart", "laugh", "wow", "insight"]


# ---- client -> server


class Resume(Struct, forbid_unknown_fields=True):
    """The last update a client holds of a channel."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0)]


class Hello(Struct, tag="hello"):
    """The first message, within 5 s; `captions` is the language to follow, if any."""

    token: Annotated[str, Meta(max_length=2048)]
    captions: Lang | None = None
    resume: Annotated[dict[Channel, Resume], Meta(max_length=8)] = {}


class CommandBase(Struct, kw_only=True):
    id: Key


class ChannelSubscribe(CommandBase, tag="channel.subscribe"):
    channel: Channel
    resume: Resume | None = None


class ChannelUnsubscribe(CommandBase, tag="channel.unsubscribe"):
    channel: Channel


class QuestionAsk(CommandBase, tag="question.ask"):
    text: Long
    lang: Lang
    anonymous: bool = False


class QuestionVote(CommandBase, tag="question.vote"):
    """Puts one's vote on a question or takes it off: says how it should be, so a repeat changes nothing."""

    question: Id
    on: bool


class QuestionPublish(CommandBase, tag="question.publish"):
    question: Id


class QuestionDismiss(CommandBase, tag="question.dismiss"):
    question: Id
    reason: Literal["off_topic", "duplicate", "unclear", "conduct", "time"]


class QuestionHighlight(CommandBase, tag="question.highlight"):
    """Puts a published question on the stage; None clears it."""

    question: Id | None


class QuestionAnswer(CommandBase, tag="question.answer"):
    """Marks a question answered, live or, with a `text`, in writing."""

    question: Id
    text: Long | None = None


class PollOpen(CommandBase, tag="poll.open"):
    poll: Id


class PollClose(CommandBase, tag="poll.close"):
    poll: Id


class PollReveal(CommandBase, tag="poll.reveal"):
    poll: Id


class PollVote(CommandBase, tag="poll.vote"):
    """One's ballot; a second one replaces the first until the poll closes."""

    poll: Id
    choices: Annotated[list[Id], Meta(min_length=1, max_length=32)]


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


Command = (
    ChannelSubscribe
    | ChannelUnsubscribe
    | QuestionAsk
    | QuestionVote
    | QuestionPublish
    | QuestionDismiss
    | QuestionHighlight
    | QuestionAnswer
    | PollOpen
    | PollClose
    | PollReveal
    | PollVote
    | ReactionSend
    | CaptionCommit
    | CaptionCorrect
)
ClientMessage = Hello | Command


# ---- what the channels hold


class Question(Struct, kw_only=True, omit_defaults=True):
    """A question as its reader may know it: `author` is absent when asked anonymously (also for moderators)."""

    id: str
    text: str
    lang: str
    asked_at: int
    state: Literal["pending", "published", "dismissed"]
    answer_state: Literal["unanswered", "answered"]
    votes: int
    translations: Texts
    author: str | None = None
    reason: str | None = None
    answer: str | None = None


class Option(Struct):
    id: str
    texts: Texts


class Tally(Struct):
    """Absolute counts per option id; `version` rises with every change."""

    version: int
    counts: dict[str, int]


class Poll(Struct, kw_only=True, omit_defaults=True):
    """A poll; `tally` is absent while its reader may not know the result. `voters` is the turnout."""

    id: str
    kind: Literal["single", "multiple"]
    state: Literal["draft", "open", "closed", "published"]
    texts: Texts
    options: list[Option]
    max_choices: int
    results_visibility: Literal["always", "published"]
    order: int
    voters: int
    tally: Tally | None = None


class Presence(Struct):
    total: int
    languages: dict[str, int]


class SessionState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/public` and, with pending questions and drafts, of `{session}/staff`."""

    session: Session
    questions: dict[str, Question]
    polls: dict[str, Poll]
    live: bool
    presence: Presence
    reactions: dict[Reaction, int]
    stage: str | None = None


class Cue(Struct, kw_only=True, omit_defaults=True):
    """One caption line in `lang`. `start` and `end` are ms since 1970 UTC; a partial one has no `end` yet.

    A recognizer's times are the sound's own (RTP), put on the clock by when the sound came in.
    `origin` says who made the words of the floor, `via` how they came into this language:
    `untranslated` means that the text stands in the floor's language because nobody could translate it, `human` that a
    person put the translation right. A final changes only by a correction, and `revision` counts those.
    """

    text: str
    lang: str
    start: int
    origin: Literal["recognizer", "human", "scripted"]
    via: Literal["original", "machine", "untranslated", "human"]
    end: int | None = None
    speaker: str | None = None
    revision: int = 0


class CaptionState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/captions/{lang}`: the last finals by their rising number, and the line in the making."""

    lang: str
    cues: dict[str, Cue]
    partial: Cue | None = None


# ---- server -> client

UpdateType = Literal[
    "question.asked",
    "question.published",
    "question.dismissed",
    "question.highlighted",
    "question.answered",
    "question.voted",
    "question.translated",
    "poll.opened",
    "poll.closed",
    "poll.revealed",
    "poll.tallied",
    "reaction.counted",
    "presence.counted",
    "stream.changed",
    "caption.cued",
    "caption.corrected",
]


class Person(Struct, kw_only=True, omit_defaults=True):
    id: str
    role: str
    lang: str
    name: str | None = None


class Me(Struct, kw_only=True):
    """What is one's own; a shared update never touches it. `voted` holds the questions one voted for, each true."""

    person: Person
    rights: list[str]
    ballots: dict[str, list[str]]
    voted: dict[str, bool]
    questions: dict[str, Question]


class Snapshot(Struct, tag="snapshot", kw_only=True):
    """The whole state of a channel at `seq`. Forget what you had of it."""

    channel: str
    epoch: str
    seq: int
    data: msgspec.Raw


class Update(Struct, kw_only=True):
    """The next step of a channel: `seq` follows the last one; `data` is a merge patch on the channel's state."""

    type: UpdateType
    channel: str
    epoch: str
    seq: int
    data: msgspec.Raw


class Welcome(Struct, tag="welcome", kw_only=True):
    """The answer to Hello; snapshots or missed updates of `channels` follow. `server_time` is in ms."""

    connection: str
    server_time: int
    channels: list[str]
    me: Me


class Failure(Struct, tag="error", kw_only=True):
    """A command that was refused (its `id`) or a message that was none (`id` null): RFC 9457 in `problem`."""

    id: str | None
    problem: dict[str, str | int]


class Ack(Struct, tag="ack", kw_only=True):
    """The command `id` is done and durable. A retry of the same id gets the same result."""

    id: str
    result: msgspec.Raw


class My(Struct, tag="my", kw_only=True):
    """A merge patch on `Me`, to every socket of one person (another tab voted; a question was dismissed)."""

    data: msgspec.Raw


client_message = msgspec.json.Decoder(ClientMessage)
encode = msgspec.json.Encoder().encode


def failure(id: str | None, problem: dict[str, str | int]) -> bytes:
    return encode(Failure(id=id, problem=problem))
