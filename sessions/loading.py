"""A session as its rows say, for the start of the service and for starting over after a failed write."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from sessions import ballots, community, moderation, podiums, questions, tables, wording
from sessions.ballots import Answer, Opener
from sessions.moderation import Actor, Entry, Log
from sessions.people import RIGHTS, Role
from sessions.polls import Polls
from sessions.programme import Event
from sessions.questions import Question, Questions
from sessions.reactions import Reactions

REPLIES_LIMIT = 50_000
"""Answers to commands remembered per session, the newest; a retry of an older one is done again, which no set-like command notices.
Ballots carry their keys themselves: as many again."""

CUES_LIMIT = 50
"""Final caption lines per language that a newcomer gets; the whole transcript is read from the rows."""


@dataclass(frozen=True, slots=True)
class Invite:
    code: str
    session: str
    role: Role
    seat: str | None = None


@dataclass(slots=True)
class Held:
    """Everything of one session that changes. `replies` is by person and idempotency key, oldest first.

    `entitled` counts the people with a right to vote.
    """

    questions: Questions
    log: Log
    polls: Polls
    reactions: Reactions
    podium: podiums.Held
    community: community.Held
    replies: dict[tuple[str, str], Answer]
    entitled: int


def event(db: Connection) -> Event | None:
    row = db.execute(select(_table(tables.EventRow).c.programme)).first()
    return msgspec.convert(row[0], Event) if row is not None else None


def programme_acts(db: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest acts on the programme, the newest first."""
    table = _table(tables.ProgrammeActRow)
    return [dict(row) for row in db.execute(select(table).order_by(table.c.number.desc()).limit(limit)).mappings()]


def invites(db: Connection) -> dict[str, Invite]:
    rows = db.execute(select(_table(tables.InviteRow))).mappings()
    return {row["code"]: Invite(row["code"], row["session"], Role(row["role"]), row["seat"]) for row in rows}


def held(db: Connection, session: str, opener: Opener | None = None) -> Held:
    """Raises LookupError for a secret poll that is open and whose envelopes `opener` does not open."""
    polls = ballots.held(db, session, opener)
    replies = ballots.keys(db, session, polls.items.values(), REPLIES_LIMIT) | _replies(db, session)
    return Held(
        asked(db, session),
        log(db, session),
        polls,
        _reactions(db, session),
        podiums.held(db, session),
        community.held(db, session),
        replies,
        _entitled(db, session),
    )


def _entitled(db: Connection, session: str) -> int:
    table = _table(tables.PersonRow)
    voters = [role.value for role, rights in RIGHTS.items() if "poll.vote" in rights]
    return db.execute(select(func.count()).where(table.c.session == session, table.c.role.in_(voters))).scalar_one()


def cues(db: Connection, session: str, lang: str, limit: int | None = None) -> list[tuple[int, dict[str, Any]]]:
    """The last `limit` final cues (all without one) in a language, oldest first."""
    table = _table(tables.CueRow)
    query = select(table.c.number, table.c.cue).where(table.c.session == session, table.c.lang == lang)
    rows = db.execute(query.order_by(table.c.number.desc()).limit(limit)).all()
    return [(number, cue) for number, cue in reversed(rows)]


def caption_sources(db: Connection, session: str) -> dict[str, str]:
    """The source chosen for each language, where one was."""
    table = _table(tables.CaptionSourceRow)
    return {row[0]: row[1] for row in db.execute(select(table.c.lang, table.c.choice).where(table.c.session == session))}


def terms(db: Connection, session: str) -> dict[str, dict[str, Any]]:
    """The session's own glossary by id."""
    table = _table(tables.TermRow)
    return {row[0]: row[1] for row in db.execute(select(table.c.id, table.c.term).where(table.c.session == session).order_by(table.c.id))}


def profanity(db: Connection, session: str) -> str | None:
    """What a session's captions do with vulgar words, if somebody has said so."""
    table = _table(tables.ProfanityRow)
    policy: str | None = db.execute(select(table.c.policy).where(table.c.session == session)).scalar()
    return policy


def asked(db: Connection, session: str) -> Questions:
    """All questions of a session."""
    table, votes, stage = _table(tables.QuestionRow), _table(tables.QuestionVoteRow), _table(tables.StageRow)
    voters: defaultdict[str, set[str]] = defaultdict(set)
    ours = select(table.c.id).where(table.c.session == session)
    for question, person in db.execute(select(votes).where(votes.c.question.in_(ours))):
        voters[question].add(person)
    rows = db.execute(select(table).where(table.c.session == session).order_by(table.c.asked_at, table.c.id)).mappings()
    items = [_question(row, voters[row["id"]]) for row in rows]
    found = Questions(items, *db.execute(select(stage.c.question, stage.c.slow).where(stage.c.session == session)).first() or ())
    watched = _table(tables.WatchedRow)
    for lang, words in db.execute(select(watched.c.lang, watched.c.words).where(watched.c.session == session)):
        wording.watch(found, lang, words)
    return found


def _question(row: RowMapping, votes: set[str]) -> Question:
    fields = {name: row[name] for name in Question.__struct_fields__ if name != "votes"}
    assert row["state"] in get_args(questions.State)
    return Question(**fields, votes=votes)


def log(db: Connection, session: str, limit: int | None = moderation.ENTRIES_LIMIT) -> Log:
    """The log of moderation with its newest `limit` entries; all without one."""
    table = _table(tables.ModerationRow)
    query = select(table).where(table.c.session == session).order_by(table.c.actor.is_(None), table.c.number.desc()).limit(limit)
    entries = sorted((_entry(row) for row in db.execute(query).mappings()), key=lambda entry: entry.number)
    last = db.execute(select(func.max(table.c.number)).where(table.c.session == session)).scalar() or 0
    acts, reasons = (
        Counter(
            {row[0]: row[1] for row in db.execute(select(by, func.count()).where(table.c.session == session, of.is_not(None)).group_by(by))}
        )
        for by, of in ((table.c.act, table.c.actor), (table.c.reason, table.c.reason))
    )
    return Log(entries, acts, reasons, last)


def _entry(row: RowMapping) -> Entry:
    fields = {name: row[name] for name in Entry.__struct_fields__ if name != "actor"}
    actor = Actor(row["actor"], row["actor_name"], row["actor_role"]) if row["actor"] is not None else None
    return Entry(**fields, actor=actor)


def _reactions(db: Connection, session: str) -> Reactions:
    table = _table(tables.ReactionRow)
    rows = db.execute(select(table.c.kind, table.c["count"]).where(table.c.session == session))
    return Reactions({row[0]: row[1] for row in rows})


def _replies(db: Connection, session: str) -> dict[tuple[str, str], Answer]:
    table = _table(tables.ReplyRow)
    rows = db.execute(select(table).where(table.c.session == session).order_by(table.c.at.desc()).limit(REPLIES_LIMIT)).mappings().all()
    return {(row["person"], row["key"]): (row["result"], row["said"]) for row in reversed(rows)}


def _table(row: Any) -> Any:
    return row.__table__
