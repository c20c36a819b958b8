"""Every message of the socket `/ws`, as types: what `/asyncapi` and the TypeScript types are generated from.

    client -> server   Hello once, then commands; each command's `id` is its idempotency key
    server -> client   Welcome, Snapshot, Update, Ack, Failure, My

A channel's state changes by updates whose `data` is a JSON Merge Patch (RFC 7396) on the snapshot's `data`:
`apply(snapshot, updates)` is the same ten lines for every update type and in every language.
Objects are keyed by id, an absent key means "none", and times are milliseconds since 1970 UTC.
"""

from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from sessions.kinds.form import Anonymity, Ballot, Form, Option, Revote, Rules, Visibility
from sessions.kinds.form import Kind as PollKind
from sessions.kinds.form import State as PollState
from sessions.leaderboard import Leader
from sessions.programme import Session, Texts
from sessions.questions import AnswerState, Reason, State
from sessions.secrecy import Count
from translation.glossary import Term
from translation.sources import Choice, Origin, Source

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
    """Puts a published question on the stage; None clears it."""

    question: Id | None


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


Command = (
    ChannelSubscribe
    | ChannelUnsubscribe
    | QuestionAsk
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
    | PollOpen
    | PollClose
    | PollReveal
    | PollPause
    | PollArchive
    | PollReset
    | PollCreate
    | PollEdit
    | PollDelete
    | PollHold
    | PollVote
    | ReactionSend
    | CaptionCommit
    | CaptionCorrect
    | CaptionSource
    | GlossarySet
)
ClientMessage = Hello | Command


# ---- what the channels hold


class Question(Struct, kw_only=True, omit_defaults=True):
    """A question as its reader may know it: `author` is absent when asked anonymously (also for moderators).

    `translations` are the machine's, or a person's in the languages that `corrected` names. Only staff is told the fields from
    `version` on: `original` is what was asked before it was edited, `similar` are ids that may ask the same, `flagged` are watched
    words in it, `appeal` is what its author said to a dismissal.
    """

    id: str
    text: str
    lang: str
    asked_at: int
    state: State
    answer_state: AnswerState
    votes: int
    translations: Texts
    corrected: list[str] = []
    author: str | None = None
    answer: str | None = None
    answer_lang: str | None = None
    answer_translations: Texts = {}
    edited_at: int | None = None
    version: int = 0
    reason: Reason | None = None
    original: str | None = None
    appeal: str | None = None
    merged_into: str | None = None
    labels: list[str] = []
    similar: list[str] = []
    flagged: list[str] = []


class OwnQuestion(Struct, kw_only=True, omit_defaults=True):
    """One's own question and what becomes of it. One that is `merged_into` another goes where that one goes."""

    id: str
    text: str
    lang: str
    asked_at: int
    state: State
    answer_state: AnswerState
    anonymous: bool = False
    reason: Reason | None = None
    answer: str | None = None
    original: str | None = None
    appeal: str | None = None
    merged_into: str | None = None


class Act(Struct, kw_only=True, omit_defaults=True):
    """An entry in the log of moderation. `person`, `name` and `role` are absent for what a question's author did; `undoes` is an entry."""

    at: int
    act: str
    person: str | None = None
    name: str | None = None
    role: str | None = None
    question: str | None = None
    reason: str | None = None
    undoes: int | None = None


class Moderation(Struct):
    """How often moderators did what (by command), and why they dismissed."""

    acts: dict[str, int]
    reasons: dict[str, int]


class Tally(Struct, kw_only=True, omit_defaults=True):
    """The result so far; `version` rises with every change. `counts` are absolute: votes per option or number (`low..high` for a
    range), points of a ranking, sums of a budget, votes per word or per cell (`column.row` of 20) of a picture.

    `texts` are the words behind the keys; `held` those that only staff sees; `mean` and `median` are of numbers; `leaders` are those
    of all quizzes so far.
    """

    version: int
    counts: dict[str, int]
    texts: dict[str, str] = {}
    held: dict[str, bool] = {}
    mean: float | None = None
    median: float | None = None
    leaders: list[Leader] = []


class Poll(Struct, kw_only=True, omit_defaults=True):
    """A poll; `tally` is absent while its reader may not know the result. `voters` is the turnout.

    With `results_visibility` after_vote, who has voted follows the tally on the channel `{session}/polls/{poll}/{round}`.
    A secret poll has a `count` once it is closed, and no tally before. `opened_at` is when its clock started; one with
    `rules.seconds` takes ballots until then. `rules.correct` is absent until it is over.
    """

    id: str
    kind: PollKind
    state: PollState
    texts: Texts
    options: list[Option]
    rules: Rules
    results_visibility: Visibility
    anonymity: Anonymity
    revote: Revote
    order: int
    round: int
    voters: int
    pair: str | None = None
    opened_at: int | None = None
    count: Count | None = None
    tally: Tally | None = None


class Presence(Struct):
    total: int
    languages: dict[str, int]


class SessionState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/public` and, with pending questions, drafts, the newest acts (`log`) and watched words, of `{session}/staff`.

    `interpreting` are the languages whose booths speak now. `next` are questions in the order that is fair to all regions and
    languages; `slow` is how many seconds a person waits between two questions, absent when they need not.
    """

    session: Session
    questions: dict[str, Question]
    polls: dict[str, Poll]
    live: bool
    interpreting: list[str]
    presence: Presence
    reactions: dict[Reaction, int]
    moderation: Moderation
    next: list[str]
    stage: str | None = None
    slow: int | None = None
    log: dict[str, Act] | None = None
    watched: dict[str, list[str]] | None = None


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
    origin: Origin
    via: Literal["original", "machine", "untranslated", "human"]
    end: int | None = None
    speaker: str | None = None
    revision: int = 0


class CaptionState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/captions/{lang}`: the last finals by their rising number, and the line in the making.

    `source` is absent while nobody writes: nobody has, and no recognizer listens.
    """

    lang: str
    cues: dict[str, Cue]
    partial: Cue | None = None
    source: Source | None = None


class GlossaryState(Struct, kw_only=True):
    """The state of `{session}/glossary`: the session's own terms, and how many words were wanted so far and are in the translations."""

    terms: dict[str, Term]
    wanted: int
    hit: int


# ---- server -> client

UpdateType = Literal[
    "question.asked",
    "question.edited",
    "question.withdrawn",
    "question.appealed",
    "question.published",
    "question.dismissed",
    "question.archived",
    "question.restored",
    "question.highlighted",
    "question.taken",
    "question.answered",
    "question.reopened",
    "question.labelled",
    "question.merged",
    "question.unmerged",
    "question.slowed",
    "moderation.watched",
    "moderation.undone",
    "question.voted",
    "question.translated",
    "poll.created",
    "poll.edited",
    "poll.deleted",
    "poll.opened",
    "poll.paused",
    "poll.closed",
    "poll.revealed",
    "poll.archived",
    "poll.reset",
    "poll.held",
    "poll.tallied",
    "reaction.counted",
    "presence.counted",
    "stream.changed",
    "booth.changed",
    "caption.cued",
    "caption.corrected",
    "source.changed",
    "glossary.set",
    "glossary.counted",
]


class Person(Struct, kw_only=True, omit_defaults=True):
    id: str
    role: str
    lang: str
    name: str | None = None


class Me(Struct, kw_only=True):
    """What is one's own; a shared update never touches it. `voted` holds the questions one voted for, each true; `ballots` is as kept:
    a quiz' options with the ms each took; `cast` names the secret polls one has voted in: how, nobody says."""

    person: Person
    rights: list[str]
    ballots: dict[str, Ballot]
    cast: dict[str, bool]
    voted: dict[str, bool]
    questions: dict[str, OwnQuestion]


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
    """A command that was refused (its `id`) or a message that was none (`id` null): RFC 9457 in `problem`.

    A `conflict` may say in `current` how the object is now; a `too_soon` in `retry_after` how many seconds to wait.
    """

    id: str | None
    problem: dict[str, Any]


class Ack(Struct, tag="ack", kw_only=True):
    """The command `id` is done and durable. A retry of the same id gets the same result."""

    id: str
    result: msgspec.Raw


class My(Struct, tag="my", kw_only=True):
    """A merge patch on `Me`, to every socket of one person (another tab voted; a question was dismissed)."""

    data: msgspec.Raw


client_message = msgspec.json.Decoder(ClientMessage)
encode = msgspec.json.Encoder().encode


def fingerprint(command: Any) -> str:
    """What a command says, its key included, in 24 characters: the same for a retry, and for nothing else."""
    return blake2b(encode(command), digest_size=12).hexdigest()


def failure(id: str | None, problem: dict[str, Any]) -> bytes:
    return encode(Failure(id=id, problem=problem))
