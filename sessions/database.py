"""Connections to the two databases, and how to tell one that is away from one that says no."""

from typing import Any

from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import create_engine

PATIENT = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""How long PostgreSQL, or its machine, may say nothing at all (libpq's names; seconds, the last in ms). A URL may say otherwise."""

IDLE, LOCK = 5_000, 6_000
"""How long, in ms, PostgreSQL lets a transaction of ours do nothing (a process that was paused in one holds locks), and lets another wait
for a lock. The second is longer, so that who waits for a paused process outlasts it."""

AWAY = ("08", "25P03", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE (PostgreSQL's appendix A): connections, transactions rolled back, resources, locks, shutdowns, the system. And one
code: a transaction that did nothing for too long, and its connection with it."""


def connect(url: str) -> Engine:
    """An engine. SQLite: WAL with synchronous FULL, so that a commit survives a power cut, and a busy wait of 5 s."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _pragmas)
        return engine
    more = {name: str(value) for name, value in PATIENT.items() if name not in parsed.query}
    theirs = parsed.query.get("options", ())
    ours = f"-c idle_in_transaction_session_timeout={IDLE} -c lock_timeout={LOCK}"
    more["options"] = " ".join([ours, *([theirs] if isinstance(theirs, str) else theirs)])  # of two settings the last one holds
    return create_engine(parsed.update_query_dict(more), pool_pre_ping=True)


def away(error: BaseException) -> bool:
    """Whether a database that is elsewhere is restarting, full, overrun or not to be reached: what was asked may be asked again.

    What it refuses for what is in it is not. SQLite is never away: it is in this process, and its errors have no SQLSTATE.
    """
    orig = error.orig if isinstance(error, DBAPIError) else None
    if orig is None or not hasattr(orig, "sqlstate"):
        return False
    state: str | None = orig.sqlstate
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(AWAY)


def _pragmas(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
