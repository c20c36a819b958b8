"""Who is here: exact counts of one process, told at most once a second however many come at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

INTERVAL = 1.0
"""Seconds between two reports about one session. The first change after a quiet time is told at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """People in one session; a person with two connections counts once, as their newest connection says."""

    total: int
    roles: dict[str, int]
    languages: dict[str, int]


@dataclass(slots=True)
class _Room:
    people: dict[str, dict[Hashable, tuple[str, str]]] = field(default_factory=dict)
    roles: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    told: Counts | None = None
    timer: asyncio.TimerHandle | None = None

    def count(self, person: str, by: int) -> None:
        """Add or remove a person's newest connection from the counters."""
        role, language = next(reversed(self.people[person].values()))
        self.roles[role] += by
        self.languages[language] += by

    def counts(self) -> Counts:
        return Counts(len(self.people), dict(+self.roles), dict(+self.languages))


class Presence:
    """Counts people by session. `changed(session, counts)` is called on the loop, at once or within INTERVAL, if the counts changed.

    What bounds it is the number of connections: each is in one entry per session it joined, until it leaves.
    """

    def __init__(self, changed: Callable[[str, Counts], None], interval: float = INTERVAL) -> None:
        self._changed, self._interval = changed, interval
        self._rooms: dict[str, _Room] = {}

    def join(self, session: str, conn: Hashable, *, person: str, role: str, language: str) -> None:
        """A connection of a person is in the session, or now has another role or language."""
        room = self._rooms.setdefault(session, _Room())
        if person in room.people:
            room.count(person, -1)
            room.people[person].pop(conn, None)
        room.people.setdefault(person, {})[conn] = role, language
        room.count(person, +1)
        self._note(session, room)

    def leave(self, session: str, conn: Hashable, *, person: str) -> None:
        """A connection has left. Idempotent."""
        room = self._rooms.get(session)
        if room is None or conn not in room.people.get(person, {}):
            return
        room.count(person, -1)
        del room.people[person][conn]
        if room.people[person]:
            room.count(person, +1)
        else:
            del room.people[person]
        self._note(session, room)

    def counts(self, session: str) -> Counts:
        """Who is here now; all zero for a session nobody joined."""
        room = self._rooms.get(session)
        return room.counts() if room is not None else Counts(0, {}, {})

    def stop(self) -> None:
        """Report nothing more."""
        for room in self._rooms.values():
            if room.timer is not None:
                room.timer.cancel()
        self._rooms.clear()

    def _note(self, session: str, room: _Room) -> None:
        if room.timer is None:
            self._report(session, room)

    def _report(self, session: str, room: _Room) -> None:
        """Tell if there is news, and hold the next news back for a while; forget a session that stays empty."""
        room.timer = None
        now = room.counts()
        if now != room.told:
            room.told = now
            room.timer = asyncio.get_running_loop().call_later(self._interval, self._report, session, room)
            self._changed(session, now)
        elif not room.people:
            del self._rooms[session]
