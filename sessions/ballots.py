"""The polls of a session and their ballots as the rows say."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, RowMapping, select

from sessions import polls, tables
from sessions.kinds.form import Form
from sessions.polls import Poll, Polls
from sessions.secrecy import Cast, Count

Answer = tuple[str, str | None]
"""What a command was answered, as JSON, and the command's fingerprint where that was kept."""


class Opener(Protocol):
    """What opens the envelopes of a secret poll. Raises LookupError."""

    def open(self, poll: str, round: int, form: Form, slot: str, envelope: str) -> Cast: ...


def held(db: Connection, session: str, opener: Opener | None) -> Polls:
    """All polls; the envelopes of a secret one that is open stay shut without an opener. Raises LookupError."""
    table, cast = _table(tables.PollRow), defaultdict[str, list[RowMapping]](list)
    for row in db.execute(of_session(tables.BallotRow, session)).mappings():
        cast[row["poll"]].append(row)
    rows = db.execute(select(table).where(table.c.session == session)).mappings().all()
    items = {row["id"]: _poll(row, cast[row["id"]]) for row in rows}
    if opener is not None:
        for row in db.execute(of_session(tables.SealedRow, session)).mappings():
            poll = items[row["poll"]]
            poll.take(opener.open(poll.id, poll.round, poll.form, row["slot"], row["envelope"]))
    _counted(db, session, items)
    return Polls(list(items.values()))


def keys(db: Connection, session: str, polls: Iterable[Poll], limit: int) -> dict[tuple[str, str], Answer]:
    """Answers to the votes by person and idempotency key: the ballots carry the keys."""
    rows = db.execute(of_session(tables.BallotRow, session).limit(limit)).mappings()
    found: dict[tuple[str, str], Answer] = {(row["person"], row["key"]): ("{}", row["said"]) for row in rows}
    sealed = (cast for poll in polls for cast in poll.sealed.values())
    return found | {(cast.person, cast.key): (receipt_of(cast), cast.said) for cast in sealed}


def receipt_of(cast: Cast) -> str:
    """The answer to a secret vote, as JSON."""
    return msgspec.json.encode({"receipt": cast.receipt}).decode()


def box(db: Connection, poll: str, round: int) -> list[tuple[str, list[str]]]:
    """The published ballots of a secret poll that is over, by receipt."""
    table = _table(tables.SecretBallotRow)
    query = select(table.c.receipt, table.c.ballot).where(table.c.poll == poll, table.c.round == round)
    return [(row[0], row[1]) for row in db.execute(query.order_by(table.c.receipt))]


def of_session(row: Any, session: str) -> Any:
    """The rows of every poll's present round."""
    table, of = _table(tables.PollRow), _table(row)
    return select(of).join(table, (of.c.poll == table.c.id) & (of.c.round == table.c.round)).where(table.c.session == session)


def _poll(row: RowMapping, cast: list[RowMapping]) -> Poll:
    fields = {name: row[name] for name in ("state", "round", "opened_at", "paused_at", "held", "translations")}
    names = {ballot["person"]: ballot["name"] for ballot in cast if ballot["name"] is not None}
    form = msgspec.convert(row["form"], Form)
    return polls.poll(row["id"], form, row["order"], {ballot["person"]: ballot["ballot"] for ballot in cast}, names=names, **fields)


def _counted(db: Connection, session: str, items: dict[str, Poll]) -> None:
    voters = defaultdict[str, set[str]](set)
    for row in db.execute(of_session(tables.VoterRow, session)).mappings():
        voters[row["poll"]].add(row["person"])
    for row in db.execute(of_session(tables.CountRow, session)).mappings():
        poll = items[row["poll"]]
        poll.count, poll.voters = Count(row["entitled"], row["ballots"], row["hash"]), voters[poll.id]
        for _, ballot in box(db, poll.id, poll.round):
            poll.tally.add(ballot)


def _table(row: Any) -> Any:
    return row.__table__
