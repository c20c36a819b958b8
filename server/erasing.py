"""Erasing a person: their rows, the session's memory, their sockets, and then the bytes that were theirs on the disk.

Acknowledged means gone: the answer comes when no file of the database holds what they wrote. An erasure that a crash cut short after
its commit is finished at the next start.
"""

import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import cast

from msgspec import structs
from sqlalchemy import Connection, select

from server.live import LiveSession, poll_write
from server.stages import Stages
from sessions import erasing, tables
from sessions.kinds.words import Words, key
from sessions.store import Store, Write

logger = logging.getLogger(__name__)


async def erase(store: Store, live: LiveSession, stages: Stages, person: str, erased: set[str]) -> None:
    """`erased` are the marks of all who were; the person's token is no longer good, and the stage is cleared of them.

    Doing it again changes nothing.
    """
    guest = live.podium.floor.guest
    mark = erasing.mark(person)
    row = {"mark": mark, "session": live.session.id, "at": time.time_ns() // 1_000_000, "scrubbed": False}
    erased.add(mark)
    live.expel(person)
    theirs = [Write("erasure", row), *(Write(name, {"person": person}) for name in erasing.STATEMENTS)]
    await live.rewrite(lambda: [*theirs, *_unheld(live, person)])
    if guest is not None and guest.person == person:
        stages.clear(live.session.id)  # nobody could afterwards: their hand is gone
    await finish(store)


def _unheld(live: LiveSession, person: str) -> Iterator[Write]:
    """Polls in which moderators held or released words: of those that nobody else says now, none is kept."""
    for poll in live.polls.items.values():
        if poll.held and isinstance(poll.tally, Words):
            mine = {key(word) for word in cast("list[str]", poll.ballots.get(person, []))}
            held = {of: on for of, on in poll.held.items() if poll.tally.said(of, 2 if of in mine else 1)}
            if held != poll.held:
                yield poll_write(live.session.id, structs.replace(poll, held=held))


async def finish(store: Store) -> None:
    """Free the disk of what erasures left behind, where one has not been scrubbed yet."""
    waiting = await store.read(partial(_marks, waiting=True))
    if not waiting:
        return
    await store.scrub()
    await store.write(*(Write("erasure.scrubbed", {"erased": mark}) for mark in waiting))
    logger.info("%d people were erased", len(waiting))


async def marks(store: Store) -> set[str]:
    """Of all who were ever erased."""
    return set(await store.read(_marks))


def _marks(db: Connection, waiting: bool = False) -> list[str]:
    table = tables.ErasureRow.__table__  # type: ignore[attr-defined]
    query = select(table.c.mark)
    return list(db.execute(query.where(table.c.scrubbed.is_(False)) if waiting else query).scalars())
