"""What the channels hold: the data of snapshots, and what updates patch."""

from typing import Literal

from msgspec import Struct

from server.wire.announcements import Announcement
from server.wire.podium import FloorState, SummitState
from server.wire.scalars import Reaction
from sessions.formats import SessionPolicy
from sessions.kinds.form import Anonymity, Option, Revote, Rules, Visibility
from sessions.kinds.form import Kind as PollKind
from sessions.kinds.form import State as PollState
from sessions.leaderboard import Leader
from sessions.programme import Session, Texts
from sessions.questions import AnswerState, Reason, State
from sessions.secrecy import Count
from translation.glossary import Term
from translation.profanity import Policy
from translation.sources import Origin, Source


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
    `rules.seconds` takes ballots until then. `rules.correct` is absent until it is over. `translations` are a machine's, by language
    that the author did not write: of options by their id, of the question under "".
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
    translations: dict[str, dict[str, str]] = {}
    count: Count | None = None
    tally: Tally | None = None


class Presence(Struct):
    """People in the session, however many connections each has. `regions` are as people wrote them; those of fewer than five, and what
    would give them away, are told to staff alone."""

    total: int
    languages: dict[str, int]
    regions: dict[str, int]


class Venues(Struct):
    """Where the floor is published from, `a` or its backup `b`: which of them is on air, and from which ones media arrives."""

    on_air: Literal["a", "b"]
    arriving: list[Literal["a", "b"]]


class SessionState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/public` and, with pending questions, drafts, the newest acts (`log`), watched words and venues, of
    `{session}/staff`.

    `interpreting` are the languages whose booths speak now. `next` are questions in the order that is fair to all regions and
    languages; `slow` is how many seconds a person waits between two questions, absent when they need not. `policy` says what is on;
    `floor` is absent where no hands are raised, `summit` where the session is none.
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
    policy: SessionPolicy
    floor: FloorState | None = None
    summit: SummitState | None = None
    announcements: dict[str, Announcement]
    stage: str | None = None
    slow: int | None = None
    log: dict[str, Act] | None = None
    watched: dict[str, list[str]] | None = None
    venues: Venues | None = None


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
    """The state of `{session}/glossary`: the session's own terms, how many words were wanted so far and are in the translations, and
    what becomes of vulgar words."""

    terms: dict[str, Term]
    wanted: int
    hit: int
    profanity: Policy
