"""All that is kept of one person, for them to take along (GDPR, articles 15 and 20)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from sessions import tables

_OWN: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "person": (tables.PersonRow, "id", ("id", "session", "role", "name", "lang", "region", "sector", "seat", "joined_at")),
    "questions": (
        tables.QuestionRow,
        "author",
        ("id", "author_name", "region", "text", "lang", "asked_at", "edited_at", "original", "state", "reason", "appeal", "answer"),
    ),
    "question_votes": (tables.QuestionVoteRow, "person", ("question",)),
    "ballots": (tables.BallotRow, "person", ("poll", "round", "ballot", "name")),
    "secret_polls": (tables.VoterRow, "person", ("poll", "round")),
    "messages": (tables.ChatMessageRow, "author", ("id", "author_name", "text", "lang", "at", "state", "reason")),
    "muted": (tables.ChatMutedRow, "person", ("session",)),
    "acknowledged": (tables.AcknowledgementRow, "person", ("announcement",)),
    "solutions": (tables.SolutionRow, "author", ("id", "problem", "author_name", "state", "reason")),
    "supported": (tables.SupportRow, "person", ("solution",)),
    "hands": (tables.HandRow, "person", ("id", "name", "raised_at")),
    "commands": (tables.ReplyRow, "person", ("key", "at")),
    "moderation": (tables.ModerationRow, "actor", ("session", "number", "at", "act", "question", "reason")),
    "programme": (tables.ProgrammeActRow, "actor", ("number", "at", "act", "session")),
    "problems": (tables.ProblemRow, "author", ("id", "session", "question", "state")),
    "announcements": (tables.AnnouncementRow, "author", ("id", "texts", "made_at", "publish_at")),
}
"""What each part is made of: the rows, the column that says whose they are, and what they tell. Times are ms since 1970."""


def held(db: Connection, person: str, secret: Iterable[tuple[str, int]] = ()) -> dict[str, list[dict[str, Any]]]:
    """`secret` are the secret polls, with their rounds, in which the person's envelope is known to lie."""
    found = {name: _rows(db, *part, person) for name, part in _OWN.items()}
    counted = {(row["poll"], row["round"]) for row in found["secret_polls"]}
    found["secret_polls"] += [{"poll": poll, "round": round} for poll, round in secret if (poll, round) not in counted]
    version, solution = tables.VersionRow.__table__, tables.SolutionRow.__table__  # type: ignore[attr-defined]
    mine = select(solution.c.id).where(solution.c.author == person)
    columns = (version.c.of, version.c.number, version.c.text, version.c.lang, version.c.at)
    rows = db.execute(select(*columns).where(version.c.of.in_(mine)).order_by(version.c.of, version.c.number)).mappings()
    return found | {"solution_texts": [dict(row) for row in rows]}


def _rows(db: Connection, row: Any, by: str, names: tuple[str, ...], person: str) -> list[dict[str, Any]]:
    table = row.__table__
    return [dict(found) for found in db.execute(select(*(table.c[name] for name in names)).where(table.c[by] == person)).mappings()]
