"""The rows. Ids are made by the server; times are ms since 1970 UTC; lists that are only ever read whole are JSON."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, false
from sqlmodel import Field, SQLModel


class EventRow(SQLModel, table=True):
    """The programme as a whole: it is written at once and read at once. One row."""

    __tablename__ = "event"
    id: str = Field(primary_key=True)
    programme: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ProgrammeActRow(SQLModel, table=True):
    """An act on the programme (`sessions.planning.Act`): written once, never changed. `number` rises by one, and the key makes it one
    process's."""

    __tablename__ = "programme_act"
    number: int = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)
    act: str
    session: str | None = None
    actor: str | None = None
    actor_name: str | None = None
    actor_role: str | None = None
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class InviteRow(SQLModel, table=True):
    """A link that lets people in, as a role, into one session; `seat` is a delegation's."""

    __tablename__ = "invite"
    code: str = Field(primary_key=True)
    session: str = Field(index=True)
    role: str
    seat: str | None = None


class PersonRow(SQLModel, table=True):
    """Someone who joined. `region` and `sector` are their own words, or nothing."""

    __tablename__ = "person"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    role: str
    name: str | None = None
    lang: str
    region: str | None = None
    sector: str | None = None
    seat: str | None = None
    joined_at: int = Field(sa_type=BigInteger)


class QuestionRow(SQLModel, table=True):
    __tablename__ = "question"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    author: str
    author_name: str | None = None
    region: str | None = None
    text: str
    lang: str
    asked_at: int = Field(sa_type=BigInteger)
    edited_at: int | None = Field(default=None, sa_type=BigInteger)
    original: str | None = None
    state: str
    reason: str | None = None
    appeal: str | None = None
    answer_state: str
    answer: str | None = None
    answer_lang: str | None = None
    answer_translations: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    merged_into: str | None = None
    version: int
    labels: list[str] = Field(sa_column=Column(JSON, nullable=False))
    similar: list[str] = Field(sa_column=Column(JSON, nullable=False))
    translations: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    corrections: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class QuestionVoteRow(SQLModel, table=True):
    """A person's vote on a question: the key makes it one."""

    __tablename__ = "question_vote"
    question: str = Field(primary_key=True)
    person: str = Field(primary_key=True)


class StageRow(SQLModel, table=True):
    """What is on a session's stage, and the seconds between two questions of one person."""

    __tablename__ = "stage"
    session: str = Field(primary_key=True)
    question: str | None = None
    slow: int


class WatchedRow(SQLModel, table=True):
    """Words that a session's moderators watch for in a language."""

    __tablename__ = "watched"
    session: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    words: list[str] = Field(sa_column=Column(JSON, nullable=False))


class ModerationRow(SQLModel, table=True):
    """An entry in a session's log of moderation: written once, never changed. `actor` is none for a question's author."""

    __tablename__ = "moderation"
    session: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)
    act: str
    actor: str | None = None
    actor_name: str | None = None
    actor_role: str | None = None
    question: str | None = None
    reason: str | None = None
    undoes: int | None = None
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class PollRow(SQLModel, table=True):
    """A poll; `round` rises with every reset, and the ballots of former rounds stay."""

    __tablename__ = "poll"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    order: int
    state: str
    round: int
    opened_at: int | None = Field(default=None, sa_type=BigInteger)
    paused_at: int | None = Field(default=None, sa_type=BigInteger)
    form: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    held: dict[str, bool] = Field(sa_column=Column(JSON, nullable=False))
    translations: dict[str, dict[str, str]] = Field(sa_column=Column(JSON, nullable=False, server_default="{}"))


class BallotRow(SQLModel, table=True):
    """A person's ballot in a round of a poll: the primary key makes it one. `name` is there if the poll is named.

    `key` is the idempotency key of the command that cast it, so that a vote is one row and not two; `said` as in a `ReplyRow`.
    """

    __tablename__ = "ballot"
    poll: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    ballot: Any = Field(sa_column=Column(JSON, nullable=False))
    name: str | None = None
    key: str
    said: str | None = None


class SealedRow(SQLModel, table=True):
    """A vote in a secret poll that is open: whose it is stands inside (see `sessions.secrecy`). All are of one length."""

    __tablename__ = "sealed"
    poll: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    envelope: str


class VoterRow(SQLModel, table=True):
    """Who voted in a secret poll; written at its close, by id."""

    __tablename__ = "voter"
    poll: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    person: str = Field(primary_key=True)


class SecretBallotRow(SQLModel, table=True):
    """A ballot of a secret poll; written at its close, by receipt, which is random."""

    __tablename__ = "secret_ballot"
    poll: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    receipt: str = Field(primary_key=True)
    ballot: list[str] = Field(sa_column=Column(JSON, nullable=False))


class CountRow(SQLModel, table=True):
    """What the close of a secret poll laid down."""

    __tablename__ = "count"
    poll: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    entitled: int
    ballots: int
    hash: str


class PolicyRow(SQLModel, table=True):
    """A session's policy, once someone has changed it; until then it is what the programme says."""

    __tablename__ = "policy"
    session: str = Field(primary_key=True)
    policy: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class HandRow(SQLModel, table=True):
    """A hand that went up; `lowered` and `done` ones stay. `role` is its owner's."""

    __tablename__ = "hand"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    person: str
    name: str | None = None
    role: str = Field(default="attendee", sa_column_kwargs={"server_default": "attendee"})
    lang: str
    raised_at: int = Field(sa_type=BigInteger)
    place: int
    state: str
    stage_at: int | None = Field(default=None, sa_type=BigInteger)


class SummitRow(SQLModel, table=True):
    """Accounts, queue and speech of a summit (`sessions.summit.Summit`)."""

    __tablename__ = "summit"
    session: str = Field(primary_key=True)
    summit: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class MotionRow(SQLModel, table=True):
    """A motion with its votes by seat (`sessions.motions.Motion`)."""

    __tablename__ = "motion"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    motion: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class RecordRow(SQLModel, table=True):
    """An act at a summit: written once, never changed."""

    __tablename__ = "record"
    session: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)
    act: str
    seat: str | None = None
    motion: str | None = None


class ReactionRow(SQLModel, table=True):
    __tablename__ = "reaction"
    session: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class CueRow(SQLModel, table=True):
    """A final caption line of a session in one language; `number` rises."""

    __tablename__ = "cue"
    session: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    cue: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class CaptionSourceRow(SQLModel, table=True):
    """Who alone shall write a language of a session."""

    __tablename__ = "caption_source"
    session: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    choice: str


class TermRow(SQLModel, table=True):
    """A word of a session and how it is said in each language."""

    __tablename__ = "term"
    session: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    term: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ProfanityRow(SQLModel, table=True):
    """What a session's captions do with vulgar words."""

    __tablename__ = "profanity"
    session: str = Field(primary_key=True)
    policy: str


class ReplyRow(SQLModel, table=True):
    """What a person's command was answered, by its idempotency key: a retry gets the same and does nothing again.

    `said` is the fingerprint of the command; none in rows from before it was kept.
    """

    __tablename__ = "reply"
    person: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    session: str = Field(index=True)
    result: str
    said: str | None = None
    at: int = Field(sa_type=BigInteger, index=True)


class AnnouncementRow(SQLModel, table=True):
    __tablename__ = "announcement"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    author: str
    severity: str
    lang: str
    texts: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    made_at: int = Field(sa_type=BigInteger)
    publish_at: int = Field(sa_type=BigInteger)
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    withdrawn_at: int | None = Field(default=None, sa_type=BigInteger)
    translations: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class AcknowledgementRow(SQLModel, table=True):
    """That a person has read an announcement: the key makes it one."""

    __tablename__ = "acknowledgement"
    announcement: str = Field(primary_key=True)
    person: str = Field(primary_key=True)


class ChatRow(SQLModel, table=True):
    """The seconds between two messages of one person in a session's chat."""

    __tablename__ = "chat"
    session: str = Field(primary_key=True)
    slow: int


class ChatMessageRow(SQLModel, table=True):
    """A message; `number` rises by one in a session."""

    __tablename__ = "chat_message"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    number: int
    author: str
    author_name: str | None = None
    role: str
    text: str
    lang: str
    at: int = Field(sa_type=BigInteger)
    state: str
    reason: str | None = None
    translations: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class ChatMutedRow(SQLModel, table=True):
    """Who may write nothing in a session's chat."""

    __tablename__ = "chat_muted"
    session: str = Field(primary_key=True)
    person: str = Field(primary_key=True)


class ProblemRow(SQLModel, table=True):
    """A problem; its texts are versions. `taken_back` where its question was withdrawn."""

    __tablename__ = "problem"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    author: str
    question: str
    state: str
    taken_back: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class SolutionRow(SQLModel, table=True):
    """What a person proposed to a problem; its texts are versions."""

    __tablename__ = "solution"
    id: str = Field(primary_key=True)
    session: str = Field(index=True)
    problem: str
    author: str
    author_name: str | None = None
    state: str
    reason: str | None = None


class VersionRow(SQLModel, table=True):
    """A version of a problem's or a solution's text (`of`), from 1 up; only its marks and translations are ever written again.

    `public` once everyone could read it, `quotes` where the words of a problem's question are in it.
    """

    __tablename__ = "version"
    of: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    session: str = Field(index=True)
    text: str
    lang: str
    at: int = Field(sa_type=BigInteger)
    public: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    quotes: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    translations: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class SupportRow(SQLModel, table=True):
    """A person's vote for a solution: the key makes it one."""

    __tablename__ = "support"
    solution: str = Field(primary_key=True)
    person: str = Field(primary_key=True)


class ErasureRow(SQLModel, table=True):
    """That somebody was erased, and whether the disk is free of them; `mark` is of their id, from which nobody finds it."""

    __tablename__ = "erasure"
    mark: str = Field(primary_key=True)
    session: str
    at: int = Field(sa_type=BigInteger)
    scrubbed: bool


class OwnershipRow(SQLModel, table=True):
    """In which term a session is, where several processes share the database: who owns it writes in the newest."""

    __tablename__ = "ownership"
    session: str = Field(primary_key=True)
    term: int = Field(sa_type=BigInteger)
