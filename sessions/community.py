"""What the people of a session say to each other, as its rows say: announcements, the chat, the problem board."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from sessions import chat, tables
from sessions.announcements import Announcement, Announcements
from sessions.chat import Chat, Message
from sessions.problems import Problem, Problems, Solution, Version
from sessions.store import Write


@dataclass(frozen=True, slots=True)
class Held:
    announcements: Announcements
    chat: Chat
    problems: Problems


def held(db: Connection, session: str) -> Held:
    return Held(_announcements(db, session), _chat(db, session), _problems(db, session))


def messages(db: Connection, session: str, limit: int | None = None, author: str | None = None) -> list[Message]:
    """The newest `limit` messages (all without one), of one author or of all, oldest first."""
    table = _table(tables.ChatMessageRow)
    query = select(table).where(table.c.session == session).order_by(table.c.number.desc()).limit(limit)
    if author is not None:
        query = query.where(table.c.author == author)
    return [Message(**_fields(Message, row)) for row in reversed(db.execute(query).mappings().all())]


def _announcements(db: Connection, session: str) -> Announcements:
    table = _table(tables.AnnouncementRow)
    read = _people(db, tables.AcknowledgementRow, "announcement", select(table.c.id).where(table.c.session == session))
    rows = db.execute(select(table).where(table.c.session == session).order_by(table.c.made_at, table.c.id)).mappings()
    return Announcements([Announcement(**_fields(Announcement, row), acknowledged=read[row["id"]]) for row in rows])


def _chat(db: Connection, session: str) -> Chat:
    table, muted, room = _table(tables.ChatMessageRow), _table(tables.ChatMutedRow), _table(tables.ChatRow)
    sent = db.execute(select(func.max(table.c.number)).where(table.c.session == session)).scalar() or 0
    slow = db.execute(select(room.c.slow).where(room.c.session == session)).scalar() or 0
    people = db.execute(select(muted.c.person).where(muted.c.session == session)).scalars().all()
    written = db.execute(select(table.c.author, func.count()).where(table.c.session == session).group_by(table.c.author))
    newest = {message.id: message for person in people for message in messages(db, session, 1, person)}
    newest |= {message.id: message for message in messages(db, session, chat.HISTORY_LIMIT)}
    items = sorted(newest.values(), key=lambda message: message.number)
    return Chat(items, sent, slow, people, {row[0]: row[1] for row in written})


def _problems(db: Connection, session: str) -> Problems:
    problem, solution, version = (_table(row) for row in (tables.ProblemRow, tables.SolutionRow, tables.VersionRow))
    versions: defaultdict[str, list[Version]] = defaultdict(list)
    for row in db.execute(select(version).where(version.c.session == session).order_by(version.c.of, version.c.number)).mappings():
        versions[row["of"]].append(Version(**_fields(Version, row)))
    support = _people(db, tables.SupportRow, "solution", select(solution.c.id).where(solution.c.session == session))
    problems = db.execute(select(problem).where(problem.c.session == session).order_by(problem.c.id)).mappings()
    solutions = db.execute(select(solution).where(solution.c.session == session).order_by(solution.c.id)).mappings()
    return Problems(
        [Problem(**_fields(Problem, row), versions=versions[row["id"]]) for row in problems],
        [Solution(**_fields(Solution, row), versions=versions[row["id"]], support=support[row["id"]]) for row in solutions],
    )


def _people(db: Connection, row: Any, of: str, ours: Any) -> defaultdict[str, set[str]]:
    """Persons by what they acknowledged or voted for."""
    table, found = _table(row), defaultdict[str, set[str]](set)
    for id, person in db.execute(select(table.c[of], table.c.person).where(table.c[of].in_(ours))):
        found[id].add(person)
    return found


def _fields(struct: Any, row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in struct.__struct_fields__ if name in row}


# Rows out


def announcement_write(session: str, item: Announcement) -> Write:
    return Write("announcement", _row(item, "acknowledged") | {"session": session})


def message_write(session: str, message: Message) -> Write:
    return Write("chat_message", _row(message) | {"session": session})


def problem_write(session: str, problem: Problem) -> Write:
    return Write("problem", _row(problem, "versions") | {"session": session})


def solution_write(session: str, solution: Solution) -> Write:
    return Write("solution", _row(solution, "versions", "support") | {"session": session})


def version_write(session: str, written: Problem | Solution) -> Write:
    """The row of its newest version."""
    return version_writes(session, written)[-1]


def version_writes(session: str, written: Problem | Solution) -> list[Write]:
    """The rows of all its versions."""
    of = {"of": written.id, "session": session}
    return [Write("version", _row(version) | of | {"number": number}) for number, version in enumerate(written.versions, 1)]


def _row(item: Any, *but: str) -> dict[str, Any]:
    # Copies: the row is written later, by another thread.
    values = {name: getattr(item, name) for name in item.__struct_fields__ if name not in but}
    return {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}


def _table(row: Any) -> Any:
    return row.__table__
