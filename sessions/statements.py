"""Every statement the writer knows, by name, for both dialects: upserts that say how a row shall be, so that a repeat changes nothing."""

from typing import Any

from sqlalchemy import Executable, bindparam, delete, insert, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from sessions import erasing, tables
from sessions.dialect import Dialect, Make

BALLOT = ("poll", "round", "person", "ballot", "name", "key", "said")
BULK = {"ballot": BALLOT[:3]}
"""Statements that take all their rows as one JSON array, `rows`, and what makes two rows the same: the last one holds."""


def _upsert(row: type[SQLModel], *, keep: bool = False) -> Make:
    """Insert a row or make it as given; with `keep` the one that is there stays."""

    def make(dialect: Dialect) -> Executable:
        table = row.__table__  # type: ignore[attr-defined]
        insert: Any = sqlite.insert(table) if dialect is Dialect.SQLITE else postgresql.insert(table)
        keys = [column.name for column in table.primary_key]
        others = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
        if keep or not others:
            return insert.on_conflict_do_nothing(index_elements=keys)  # type: ignore[no-any-return]
        return insert.on_conflict_do_update(index_elements=keys, set_=others)  # type: ignore[no-any-return]

    return make


def _inserted(row: type[SQLModel]) -> Make:
    """Insert a row; the job fails when there is one with its key, also when it comes twice: its writer looks whose it is."""
    return lambda _: insert(row.__table__)  # type: ignore[attr-defined]


def _deleted(row: type[SQLModel], *by: str) -> Make:
    """Delete by these columns."""
    table: Any = row.__table__  # type: ignore[attr-defined]
    return lambda _: delete(table).where(*(table.c[name] == bindparam(name) for name in by))


def _scrubbed(_: Dialect) -> Executable:
    table: Any = tables.ErasureRow.__table__  # type: ignore[attr-defined]
    return update(table).where(table.c.mark == bindparam("erased")).values(scrubbed=True)


def _ballots(dialect: Dialect) -> Executable:
    """Many ballots as one JSON array. The database reads it itself: one call for all, and none of it under Python's lock."""
    if dialect is Dialect.SQLITE:
        values = ", ".join(f"json_extract(value, '$.{column}')" for column in BALLOT)
        rows = "json_each(:rows) WHERE true"  # else ON CONFLICT is read as a join's ON
    else:
        values = ", ".join(BALLOT)
        columns = "poll text, round int, person text, ballot json, name text, key text, said text"
        rows = f"json_to_recordset(CAST(:rows AS json)) AS given({columns})"
    sets = ", ".join(f"{column} = excluded.{column}" for column in BALLOT[3:])
    into = f"INSERT INTO ballot ({', '.join(BALLOT)}) SELECT {values} FROM {rows}"
    return text(f"{into} ON CONFLICT (poll, round, person) DO UPDATE SET {sets}")


def _ownership(dialect: Dialect) -> Executable:
    table: Any = tables.OwnershipRow.__table__  # type: ignore[attr-defined]
    insert: Any = sqlite.insert(table) if dialect is Dialect.SQLITE else postgresql.insert(table)
    begun = insert.values(session=bindparam("session"), term=1)
    return begun.on_conflict_do_update(index_elements=["session"], set_={"term": table.c.term + 1}).returning(table.c.term)  # type: ignore[no-any-return]


STATEMENTS: dict[str, Make] = {
    "ownership": _ownership,
    "event": _upsert(tables.EventRow),
    "programme.act": _inserted(tables.ProgrammeActRow),
    "invite": _upsert(tables.InviteRow, keep=True),
    "invite.remove": _deleted(tables.InviteRow, "session", "seat"),
    "person": _upsert(tables.PersonRow),
    "question": _upsert(tables.QuestionRow),
    "question.vote": _upsert(tables.QuestionVoteRow, keep=True),
    "question.unvote": _deleted(tables.QuestionVoteRow, "question", "person"),
    "stage": _upsert(tables.StageRow),
    "watched": _upsert(tables.WatchedRow),
    "moderation": _upsert(tables.ModerationRow, keep=True),
    "poll": _upsert(tables.PollRow),
    "poll.delete": _deleted(tables.PollRow, "id"),
    "ballot": _ballots,
    "sealed": _upsert(tables.SealedRow),
    "sealed.delete": _deleted(tables.SealedRow, "poll", "round"),
    "voter": _upsert(tables.VoterRow, keep=True),
    "secret_ballot": _upsert(tables.SecretBallotRow, keep=True),
    "count": _upsert(tables.CountRow, keep=True),
    "policy": _upsert(tables.PolicyRow),
    "hand": _upsert(tables.HandRow),
    "summit": _upsert(tables.SummitRow),
    "motion": _upsert(tables.MotionRow),
    "record": _upsert(tables.RecordRow, keep=True),
    "announcement": _upsert(tables.AnnouncementRow),
    "announcement.acknowledge": _upsert(tables.AcknowledgementRow, keep=True),
    "chat": _upsert(tables.ChatRow),
    "chat_message": _upsert(tables.ChatMessageRow),
    "chat.mute": _upsert(tables.ChatMutedRow, keep=True),
    "chat.unmute": _deleted(tables.ChatMutedRow, "session", "person"),
    "problem": _upsert(tables.ProblemRow),
    "solution": _upsert(tables.SolutionRow),
    "solution.support": _upsert(tables.SupportRow, keep=True),
    "solution.unsupport": _deleted(tables.SupportRow, "solution", "person"),
    "version": _upsert(tables.VersionRow),
    "version.forget": _deleted(tables.VersionRow, "of"),
    "reaction": _upsert(tables.ReactionRow),
    "cue": _upsert(tables.CueRow),
    "glossary.set": _upsert(tables.TermRow),
    "glossary.remove": _deleted(tables.TermRow, "session", "id"),
    "profanity": _upsert(tables.ProfanityRow),
    "caption.source": _upsert(tables.CaptionSourceRow),
    "reply": _upsert(tables.ReplyRow, keep=True),
    "erasure": _upsert(tables.ErasureRow, keep=True),
    "erasure.scrubbed": _scrubbed,
} | erasing.STATEMENTS
