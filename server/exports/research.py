"""The anonymised dataset of a session as a Data Package (Frictionless Data, version 1): CSV files and what their columns are, zipped.

Nobody's id or name is in it. A person is a random number made for this export, so that no two can be joined; what was asked anonymously
has one of its own each, so that no name that is known leads to it. Counts below five, or of fewer than five people, are empty, and with
them what would give them away; so are a language of fewer than five people, and a region of fewer than five who asked in that language.
Of questions only those that everyone could read have their text. Times are minutes since the session's start.
"""

import json
import secrets
import zipfile
from collections import Counter
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from sqlalchemy import Connection

from server.exports import sheets
from server.exports.sheet import SPOOL, Sheet, Value, as_csv
from server.views import shown
from sessions import ballots, breakdown, community, loading
from sessions.breakdown import LEAST
from sessions.polls import Poll
from sessions.programme import Session

INTEGERS = ("minute", "end_minute", "votes", "voters", "count", "people", "number", "messages")
"""Columns that hold whole numbers; all others hold text."""


def package(db: Connection, session: Session) -> IO[bytes]:
    """The zip file, at its beginning."""
    found = [_questions(db, session), _polls(db, session), _attendance(db, session), _captions(db, session), *_talk(db, session)]
    file = SpooledTemporaryFile(SPOOL)  # noqa: SIM115  (who sends it closes it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", json.dumps(described(session, found), ensure_ascii=False, indent=2))
        for sheet in found:
            with archive.open(f"{sheet.name}.csv", "w") as entry:
                for piece in as_csv(sheet, bom=False):
                    entry.write(piece.encode())
    file.seek(0)
    return file


def described(session: Session, found: Iterable[Sheet]) -> dict[str, Any]:
    """The descriptor, `datapackage.json`."""
    return {
        "profile": "tabular-data-package",
        "name": f"session-{secrets.token_hex(6)}",
        "title": sheets.first(session.titles),
        "description": " ".join((__doc__ or "").split()),
        "resources": [_resource(sheet) for sheet in found],
    }


def _resource(sheet: Sheet) -> dict[str, Any]:
    fields = [{"name": name, "type": "integer" if name in INTEGERS else "string"} for name in sheet.columns]
    resource = {"profile": "tabular-data-resource", "name": sheet.name, "path": f"{sheet.name}.csv", "encoding": "utf-8"}
    return resource | {"schema": {"fields": fields, "missingValues": [""]}}


def _questions(db: Connection, session: Session) -> Sheet:
    held = loading.asked(db, session.id)
    asked = [one for one in held.items.values() if one.state != "withdrawn"]
    people = {(one.author, one.lang, one.region) for one in asked}
    numbers, groups = _numbers(author for author, *_ in people), Counter((lang, region) for _, lang, region in people)
    langs = Counter(lang for _, lang in {(author, lang) for author, lang, _ in people})
    rows: list[list[Value]] = [
        [
            *(secrets.token_hex(6), numbers[one.author] if one.author_name else secrets.token_hex(6), _minute(session, one.asked_at)),
            one.lang if langs[one.lang] >= LEAST else None,
            *(one.state, one.answer_state, _told(held.votes(one))),
            one.region if groups[one.lang, one.region] >= LEAST else None,
            one.text if one.public else None,
        ]
        for one in asked
    ]
    return _shuffled("questions", ["question", "person", "minute", "lang", "state", "answer_state", "votes", "region", "text"], rows)


def _polls(db: Connection, session: Session) -> Sheet:
    rows: list[list[Value]] = []
    for poll in ballots.held(db, session.id, None).items.values():
        number = secrets.token_hex(6)
        for option, text, count in _counts(poll):
            rows.append([number, poll.form.kind, sheets.first(poll.form.texts), _told(poll.turnout), option, text, count])
    return Sheet("polls", ["poll", "kind", "title", "voters", "option", "text", "count"], rows)


def _counts(poll: Poll) -> list[tuple[str, str | None, int | None]]:
    """What was chosen. Words that fewer than five wrote are not there at all; answers in one's own words never are."""
    if not shown(poll, staff=True) or poll.state not in ("closed", "published", "archived") or poll.form.kind == "text":
        return []
    result, names = poll.tally.result(), sheets.option_names(poll)
    if poll.form.kind == "words":
        return [
            (key, result.texts.get(key, key), count) for key, count in result.counts.items() if count >= LEAST and key not in result.held
        ]
    told = breakdown.withheld({"all": _voters(poll, result.counts)})["all"] if result.counts else {}
    if poll.form.kind == "point":  # where nobody is there is no row, so an empty one would say that there is somebody
        told = {key: voters for key, voters in told.items() if voters is not None}
    return [(key, names.get(key), None if voters is None else result.counts[key]) for key, voters in told.items()]


def _voters(poll: Poll, counts: dict[str, int]) -> dict[str, int]:
    """How many people are behind each count: what is given away or points of a ranking are more than that, by one voter too."""
    if poll.form.kind not in ("budget", "ranking"):
        return counts
    voters = dict.fromkeys(counts, 0)
    for ballot in poll.ballots.values():
        for option in ballot if isinstance(ballot, list) else [key for key, gift in cast("dict[str, int]", ballot).items() if gift]:
            voters[option] += 1
    return voters


def _attendance(db: Connection, session: Session) -> Sheet:
    return sheets.attendance(db, session.id, breakdown.told)


def _captions(db: Connection, session: Session) -> Sheet:
    table = sheets.captions(db, session.id)
    kept = ("lang", "number", "text", "origin", "via")
    return Sheet("captions", list(kept), [[record[name] for name in kept] for record in table.records()])


def _talk(db: Connection, session: Session) -> list[Sheet]:
    """Of the chat how much was written in which language by five people or more; of the problem board what was public."""
    held = community.held(db, session.id).problems
    messages = community.messages(db, session.id)
    authors = Counter(lang for _, lang in {(one.author, one.lang) for one in messages})
    written = Counter(one.lang for one in messages)
    chat: list[list[Value]] = [[lang, written[lang]] for lang in sorted(written) if authors[lang] >= LEAST]
    board: list[list[Value]] = []
    for problem in (one for one in held.items.values() if one.state == "published"):
        number = secrets.token_hex(6)
        board.append([number, None, problem.version.lang, problem.version.text, None])
        solutions = [one for one in held.of(problem.id) if one.state == "open"]
        board += [[number, secrets.token_hex(6), one.version.lang, one.version.text, _told(len(one.support))] for one in solutions]
    return [Sheet("chat", ["lang", "messages"], chat), Sheet("problems", ["problem", "solution", "lang", "text", "votes"], board)]


def _told(count: Value) -> int | None:
    return count if isinstance(count, int) and count >= LEAST else None


def _numbers(people: Iterable[str]) -> dict[str, str]:
    return {person: secrets.token_hex(6) for person in people}


def _minute(session: Session, ms: int) -> int:
    return (ms - session.starts_at) // 60_000


def _shuffled(name: str, columns: list[str], rows: list[list[Value]]) -> Sheet:
    """In the order of their new numbers, which owes nothing to when they were written."""
    return Sheet(name, columns, sorted(rows, key=lambda row: str(row[0])))
