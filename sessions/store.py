"""Rows in and out: one writer thread that commits in groups, and whole-session reads. SQLite and PostgreSQL alike.

A write is a named statement and its parameters; a job is some writes that stand or fall together. The writer takes all jobs that
queued during the last commit into the next one (it never waits to fill a group), so a commit's cost is shared by a crowd.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Executable, select, text, tuple_

from sessions import tables
from sessions.database import away, connect
from sessions.dialect import Dialect
from sessions.errors import Overloaded
from sessions.statements import BULK, STATEMENTS

JOBS_LIMIT = 20_000
"""Jobs waiting for the writer; past it a command is refused as Overloaded and changes nothing."""

CHECKPOINTS = 3
"""Tries to cut the journal off, each as long as the busy wait."""

GROUP_LIMIT = 2_000
"""Jobs in one commit: the rest goes into the next, so that an ack waits for a bounded time."""

PATIENCE, PAUSE = 10.0, 0.1
"""Seconds for which writes wait for a database that is away (a restart takes one or two), and between two tries; past it they fail."""

READERS, READS_LIMIT = 4, 200
"""Reads at once, and with those that wait for them; past it a read is refused as Overloaded. They have threads of their own: a
database that hangs must not hold up what others do in threads."""

LEAVE = 8.0
"""Seconds that the last commit has when the store is left; what is not durable by then was not acknowledged."""

AWAY = "the database does not answer; try again in a moment"

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Write(Struct, frozen=True):
    """One statement of `statements.py` by name, with its parameters."""

    name: str
    params: dict[str, Any]


class Term(Struct, frozen=True):
    """The time in which one process owns a session; a higher number is a later one."""

    session: str
    number: int


class Fenced(Exception):
    """Another process owns the session by now: what was to be written would be built on what is no longer so. Nothing was written."""


class Job(Struct, frozen=True):
    """`done(error)` is called on the loop: None once it is durable, else why it is not. It is written in its `term` or not at all."""

    writes: Sequence[Write]
    done: Callable[[Exception | None], None]
    term: Term | None = None


class Store:
    """`async with` it. Leaving commits what is queued."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self._statements: dict[str, Executable] = {name: make(Dialect(self.engine.dialect.name)) for name, make in STATEMENTS.items()}
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = self._reading = 0
        self._readers = ThreadPoolExecutor(READERS, "store reader")
        self._leaving = threading.Event()
        self._away_since: float | None = None
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store writer", daemon=True)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._leaving.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, LEAVE)
        await asyncio.sleep(0)  # the last results are on the loop before anyone goes on
        self._readers.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()

    @property
    def waiting(self) -> int:
        """Jobs that are not committed yet."""
        return self._waiting

    def room(self) -> None:
        """Raises Overloaded when no more jobs are taken. Ask before memory is changed."""
        if self._waiting >= JOBS_LIMIT:
            raise Overloaded("too many writes are waiting; try again in a moment")

    def submit(self, writes: Sequence[Write], done: Callable[[Exception | None], None], term: Term | None = None) -> None:
        """Queue a job; jobs commit in the order they are submitted."""
        self._waiting += 1
        self._jobs.put(Job(writes, done, term))

    async def write(self, *writes: Write, term: Term | None = None) -> None:
        """Queue a job and wait until it is durable. Cancelling stops the waiting, not the write."""
        self.room()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: Exception | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.submit(writes, done, term)
        await future

    async def reign(self, session: str) -> Term:
        """Begin a term: from here on nothing of an earlier one is written, by whatever process, and what was is seen by `read`."""
        return await asyncio.to_thread(self._reign, session)

    def _reign(self, session: str) -> Term:
        with self._writing, self.engine.begin() as connection:
            return Term(session, connection.execute(self._statements["ownership"], {"session": session}).scalar_one())

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query in another thread. What is queued and not committed yet is not seen. Cancelling stops the waiting, not the query.

        Raises Overloaded while the database is away.
        """
        if self._reading >= READS_LIMIT:
            raise Overloaded("too many reads are waiting; try again in a moment")
        self._reading += 1
        running = asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)
        running.add_done_callback(self._read)
        return await asyncio.shield(running)

    def _read(self, _: object) -> None:
        self._reading -= 1

    def _query(self, query: Callable[[Connection], T]) -> T:
        try:
            with self.engine.connect() as connection:
                return query(connection)
        except Exception as error:
            if away(error):
                raise Overloaded(AWAY) from error
            raise

    async def scrub(self) -> None:
        """Leave nothing in the database's files of what was deleted or written over. Writes wait meanwhile. Raises what it does."""
        await asyncio.to_thread(self._scrub)

    def _scrub(self) -> None:
        with self._writing, self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))  # every page is written anew, from live rows alone
            if self.engine.dialect.name == "sqlite":
                for _ in range(CHECKPOINTS):  # and the journal, which holds the old pages, is cut off; someone may be reading from it
                    if connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar() == 0:
                        return
                raise TimeoutError("the journal is being read; it could not be cut off")

    # In the writer's thread

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group, more = [job], True
            while more and len(group) < GROUP_LIMIT:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    more = False
                else:
                    group.append(following)
            self._finish(self._commit(group))
            if not more:
                return

    def _commit(self, group: list[Job]) -> list[tuple[Job, Exception | None]]:
        try:
            self._outlast(group)
        except Exception as error:
            if away(error):
                return [(job, Overloaded(AWAY)) for job in group]
            if len(group) == 1:
                if not isinstance(error, Fenced):
                    logger.exception("a write failed")
                return [(group[0], error)]
            # One bad job must not take its neighbours down: each on its own, in order.
            return [result for job in group for result in self._commit([job])]
        return [(job, None) for job in group]

    def _outlast(self, group: list[Job]) -> None:
        """Write a group, again and again while the database is away: one that was committed when the connection broke changes nothing
        by coming twice, for every statement says how a row shall be.
        """
        while True:
            try:
                self._execute(group)
            except Exception as error:
                if not away(error):
                    raise
                if self._away_since is None:
                    self._away_since = time.monotonic()
                    logger.warning("the database is away: %s", str(error).partition("\n")[0])
                if time.monotonic() - self._away_since > PATIENCE or self._leaving.wait(PAUSE):
                    raise
            else:
                if self._away_since is not None:
                    logger.warning("the database is back after %.1f s", time.monotonic() - self._away_since)
                    self._away_since = None
                return

    def _execute(self, group: list[Job]) -> None:
        with self._writing, self.engine.begin() as connection:
            for name, params in _batches(write for job in group for write in job.writes):
                connection.execute(self._statements[name], _array(BULK[name], params) if name in BULK else params)
            _require(connection, {job.term for job in group if job.term is not None})

    def _finish(self, results: list[tuple[Job, Exception | None]]) -> None:
        self._loop.call_soon_threadsafe(self._tell, results)

    def _tell(self, results: list[tuple[Job, Exception | None]]) -> None:
        self._waiting -= len(results)
        for job, error in results:
            try:
                job.done(error)
            except Exception:
                logger.exception("the result of a write was not handled")


def _require(connection: Connection, terms: set[Term]) -> None:
    """Raises Fenced unless all are in force until this transaction is committed.

    Asked last: on SQLite the writes have locked the database by now, and on PostgreSQL the row is locked, so who begins another term
    waits for the commit and then reads what it wrote.
    """
    if not terms:
        return
    table = tables.OwnershipRow.__table__  # type: ignore[attr-defined]
    wanted = [(term.session, term.number) for term in terms]
    query = select(table.c.session).where(tuple_(table.c.session, table.c.term).in_(wanted)).with_for_update(read=True)
    if len(connection.execute(query).all()) < len(terms):
        raise Fenced("the session belongs to another process by now")


def _batches(writes: Iterable[Write]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Writes of one kind that follow each other become one executemany; replies depend on nothing and go last, together."""
    ordered: list[Write] = []
    replies: list[Write] = []
    for write in writes:
        (replies if write.name == "reply" else ordered).append(write)
    return [(name, [write.params for write in run]) for name, run in groupby([*ordered, *replies], lambda write: write.name)]


def _array(same: tuple[str, ...], rows: list[dict[str, Any]]) -> dict[str, str]:
    alike = itemgetter(*same)
    last = {alike(row): row for row in rows}
    return {"rows": msgspec.json.encode(list(last.values())).decode()}
