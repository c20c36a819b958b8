"""Every statement the writer knows, by name, for both dialects: upserts that say how a row shall be, so that a repeat changes nothing."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sqlalchemy import Delete, Executable, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from sessions import tables


class Dialect(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


Make = Callable[[Dialect], Executable]


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


def _unvote(_: Dialect) -> Delete:
    table: Any = tables.QuestionVoteRow.__table__  # type: ignore[attr-defined]
    return delete(table).where(table.c.question == bindparam("question"), table.c.person == bindparam("person"))


def _poll_state(_: Dialect) -> Executable:
    table: Any = tables.PollRow.__table__  # type: ignore[attr-defined]
    return update(table).where(table.c.id == bindparam("poll")).values(state=bindparam("to"))


STATEMENTS: dict[str, Make] = {
    "event": _upsert(tables.EventRow),
    "invite": _upsert(tables.InviteRow, keep=True),
    "person": _upsert(tables.PersonRow),
    "question": _upsert(tables.QuestionRow),
    "question.vote": _upsert(tables.QuestionVoteRow, keep=True),
    "question.unvote": _unvote,
    "stage": _upsert(tables.StageRow),
    "moderation": _upsert(tables.ModerationRow, keep=True),
    "poll": _upsert(tables.PollRow, keep=True),
    "poll.state": _poll_state,
    "ballot": _upsert(tables.BallotRow),
    "reaction": _upsert(tables.ReactionRow),
    "cue": _upsert(tables.CueRow),
    "reply": _upsert(tables.ReplyRow, keep=True),
}
