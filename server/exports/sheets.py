"""The sheets of a session, for those who run it. Names are as people gave them; nobody's id is in any."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from server.exports.sheet import Sheet, Value
from server.views import OVER, shown
from sessions import breakdown, community, loading, tables
from sessions.ballots import held as polls_held
from sessions.kinds.form import Ballot
from sessions.polls import Poll
from sessions.problems import Problem, Solution
from sessions.programme import Texts

Make = Callable[[Connection, str], Sheet]


def questions(db: Connection, session: str) -> Sheet:
    held = loading.asked(db, session)
    columns = [
        "question",
        "asked_at",
        "lang",
        "text",
        "author",
        "region",
        "state",
        "reason",
        "answer_state",
        "answer",
        "votes",
        "merged_into",
    ]
    columns += ["labels", "original", "appeal", "translations"]
    rows: list[list[Value]] = [
        [
            *(one.id, moment(one.asked_at), one.lang, one.text, one.author_name, one.region if one.author_name else None),
            *(one.state, one.reason, one.answer_state, one.answer, held.votes(one), one.merged_into),
            *(", ".join(one.labels), one.original, one.appeal, by_language(one.translations | one.corrections)),
        ]
        for one in held.items.values()
    ]
    return Sheet("questions", columns, rows)


def polls(db: Connection, session: str) -> Sheet:
    """A row for each option, word or number that was chosen; of a secret poll none before its close."""
    columns = ["poll", "kind", "anonymity", "state", "round", "title", "voters", "option", "text", "count", "mean", "median"]
    rows: list[list[Value]] = []
    for poll in polls_held(db, session, None).items.values():
        result = poll.tally.result()
        about: list[Value] = [poll.id, poll.form.kind, poll.form.anonymity, poll.state, poll.round, first(poll.form.texts), poll.turnout]
        counts = result.counts if shown(poll, staff=True) else {}
        names = option_names(poll)
        for key, count in counts.items():
            rows.append([*about, key, result.texts.get(key) or names.get(key), count, result.mean, result.median])
        if not counts:
            rows.append([*about, None, None, None, None, None])
    return Sheet("polls", columns, rows)


def ballots(db: Connection, session: str) -> Sheet:
    """Who chose what in polls by name, once they are over; voters of any other poll are in no sheet."""
    rows: list[list[Value]] = []
    for poll in polls_held(db, session, None).items.values():
        if poll.form.anonymity == "named" and poll.state in OVER:
            about: list[Value] = [poll.id, poll.form.kind, poll.state, poll.round, first(poll.form.texts)]
            names = option_names(poll)
            rows += [[*about, poll.names.get(person), chosen(ballot, {}), chosen(ballot, names)] for person, ballot in poll.ballots.items()]
    return Sheet("ballots", ["poll", "kind", "state", "round", "title", "name", "choice", "text"], rows)


def attendance(db: Connection, session: str, roles: Callable[[Counter[str]], dict[str, int | None]] = dict) -> Sheet:
    """People by role, and by what they said of themselves: groups below five are not named, nor what would give them away told.

    `roles` says how many of each role to tell: staff has them all on its pages.
    """
    table = _table(tables.PersonRow)
    rows: list[list[Value]] = []
    for by in ("role", "lang", "region", "sector"):
        found = db.execute(select(table.c[by], func.count()).where(table.c.session == session).group_by(table.c[by]))
        sizes = Counter({group or "": count for group, count in found})
        told = (roles if by == "role" else breakdown.told)(sizes)
        rows += [[by, group or None, told[group]] for group in sorted(sizes, key=lambda group: (-sizes[group], group)) if told[group]]
    return Sheet("attendance", ["by", "group", "people"], rows)


def captions(db: Connection, session: str) -> Sheet:
    table = _table(tables.CueRow)
    found = db.execute(
        select(table.c.lang, table.c.number, table.c.cue).where(table.c.session == session).order_by(table.c.lang, table.c.number)
    )
    columns = ["lang", "number", "start", "end", "speaker", "text", "text_lang", "origin", "via"]
    rows: list[list[Value]] = [
        [lang, number, moment(cue["start"]), moment(cue["end"]), *(cue.get(name) for name in ("speaker", "text", "lang", "origin", "via"))]
        for lang, number, cue in found
    ]
    return Sheet("captions", columns, rows)


def chat(db: Connection, session: str) -> Sheet:
    columns = ["message", "at", "author", "role", "lang", "text", "state", "reason", "translations"]
    rows: list[list[Value]] = [
        [one.number, moment(one.at), one.author_name, one.role, one.lang, one.text, one.state, one.reason, by_language(one.translations)]
        for one in community.messages(db, session)
    ]
    return Sheet("chat", columns, rows)


def problems(db: Connection, session: str) -> Sheet:
    """Every version of every bulletin, and below it of its solutions."""
    held = community.held(db, session).problems
    columns = ["problem", "solution", "question", "state", "reason", "author", "votes", "version", "at", "lang", "text", "translations"]
    rows: list[list[Value]] = []
    for problem in held.items.values():
        rows += _versions(problem, [problem.id, None, None if problem.taken_back else problem.question, problem.state, None, None, None])
        for one in held.of(problem.id):
            rows += _versions(one, [problem.id, one.id, None, one.state, one.reason, one.author_name, len(one.support)])
    return Sheet("problems", columns, rows)


def _versions(item: Problem | Solution, about: list[Value]) -> list[list[Value]]:
    return [
        [*about, number, moment(version.at), version.lang, version.text, by_language(version.translations)]
        for number, version in enumerate(item.versions, 1)
        if version.text
    ]


def announcements(db: Connection, session: str) -> Sheet:
    columns = ["announcement", "severity", "publish_at", "expires_at", "withdrawn_at", "acknowledged", "lang", "text", "machine"]
    rows: list[list[Value]] = []
    for one in community.held(db, session).announcements.items.values():
        about = [one.id, one.severity, *(moment(at) for at in (one.publish_at, one.expires_at, one.withdrawn_at)), len(one.acknowledged)]
        rows += [[*about, lang, text, False] for lang, text in one.texts.items()]
        rows += [[*about, lang, text, True] for lang, text in one.translations.items()]
    return Sheet("announcements", columns, rows)


def moderation(db: Connection, session: str) -> Sheet:
    columns = ["number", "at", "act", "moderator", "role", "question", "reason", "undoes"]
    rows: list[list[Value]] = []
    for entry in loading.log(db, session, None).entries.values():
        who = (entry.actor.name, entry.actor.role) if entry.actor is not None else (None, None)
        rows.append([entry.number, moment(entry.at), entry.act, *who, entry.question, entry.reason, entry.undoes])
    return Sheet("moderation", columns, rows)


SHEETS: dict[str, Make] = {
    make.__name__: make for make in (questions, polls, ballots, attendance, captions, chat, problems, announcements, moderation)
}


def moment(ms: int | None) -> str | None:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def by_language(texts: Texts) -> str | None:
    """Texts in one cell, a line each."""
    return "\n".join(f"[{lang}] {text}" for lang, text in texts.items()) or None


def first(texts: Texts) -> str:
    return next(iter(texts.values()), "")


def chosen(ballot: Ballot, names: dict[str, str]) -> str:
    """A ballot in one cell: its options or words in the order chosen, or a number for each option, a line each."""
    if isinstance(ballot, dict):
        return "\n".join(f"{names.get(key, key)}: {number}" for key, number in ballot.items())
    return "\n".join(names.get(one, one) for one in ballot) if isinstance(ballot, list) else str(ballot)


def option_names(poll: Poll) -> dict[str, str]:
    return {option.id: first(option.texts) for option in poll.form.options}


def _table(row: Any) -> Any:
    return row.__table__
