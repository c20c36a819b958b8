"""The floor, the summit and the policy of a session as its rows say."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from sessions import tables
from sessions.floor import Floor, Hand
from sessions.formats import SessionPolicy
from sessions.motions import Motion, Motions
from sessions.record import ENTRIES_LIMIT, Entry, Record
from sessions.summit import Summit


@dataclass(slots=True)
class Held:
    """`policy` and `summit` are None while nobody has touched them; `delegates` are the people of each seat."""

    policy: SessionPolicy | None
    floor: Floor
    summit: Summit | None
    motions: Motions
    record: Record
    delegates: dict[str, set[str]]


def held(db: Connection, session: str) -> Held:
    policy, summit = (_one(db, row, session) for row in (tables.PolicyRow, tables.SummitRow))
    motions = [msgspec.convert(row.motion, Motion) for row in _all(db, tables.MotionRow, session)]
    return Held(
        msgspec.convert(policy.policy, SessionPolicy) if policy is not None else None,
        Floor(_hands(db, session)),
        msgspec.convert(summit.summit, Summit) if summit is not None else None,
        Motions(sorted(motions, key=lambda motion: motion.order)),
        _record(db, session),
        _delegates(db, session),
    )


def _record(db: Connection, session: str) -> Record:
    table = _table(tables.RecordRow)
    rows = db.execute(select(table).where(table.c.session == session).order_by(table.c.number.desc()).limit(ENTRIES_LIMIT)).mappings().all()
    return Record(Entry(**{name: row[name] for name in Entry.__struct_fields__}) for row in reversed(rows))


def _hands(db: Connection, session: str) -> list[Hand]:
    table = _table(tables.HandRow)
    up = select(table).where(table.c.session == session, table.c.state.not_in(("lowered", "done")))
    return [Hand(**{name: row[name] for name in Hand.__struct_fields__}) for row in db.execute(up).mappings()]


def _delegates(db: Connection, session: str) -> dict[str, set[str]]:
    table = _table(tables.PersonRow)
    found: dict[str, set[str]] = {}
    for person, seat in db.execute(select(table.c.id, table.c.seat).where(table.c.session == session, table.c.seat.is_not(None))):
        found.setdefault(seat, set()).add(person)
    return found


def _one(db: Connection, row: Any, session: str) -> Any:
    return db.execute(select(_table(row)).where(_table(row).c.session == session)).first()


def _all(db: Connection, row: Any, session: str) -> Any:
    return db.execute(select(_table(row)).where(_table(row).c.session == session)).all()


def _table(row: Any) -> Any:
    return row.__table__
