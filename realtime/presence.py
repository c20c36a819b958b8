"""Who is here: exact counts of one process, added to what the others say, told at most once a second however many come at once."""

import asyncio
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, Self

import msgspec
from msgspec import Struct

from realtime.bus import Bus

INTERVAL = 1.0
"""Seconds between two reports about one session. The first change after a quiet time is told at once."""

RENEW_SECONDS, LIFETIME = 4.0, 10.0
"""How often a process says its counts again and looks for old ones, and how long they are good for: of one that died they are gone
within the sum of both."""

KINDS = 100
"""Languages, and regions, that a process tells the others of a session: the most numerous. Its own count has no such limit."""

OTHERS = 256
"""Processes that are heard; what more say is passed over."""

CHANNEL = "presence"
"""On the bus."""

logger = logging.getLogger(__name__)


class Counts(Struct, frozen=True):
    """People in one session; those who did not say their region are under ""."""

    total: int = 0
    roles: dict[str, int] = {}
    languages: dict[str, int] = {}
    regions: dict[str, int] = {}


class _Said(Struct, omit_defaults=True):
    """What a process (`by`, a random name) says on the bus: its counts of a session; without one it asks for those of the others."""

    by: str
    session: str | None = None
    counts: Counts = Counts()


class _As(NamedTuple):
    """What a connection says of its person."""

    role: str
    language: str
    region: str


class _Room:
    """One session: who is here, by connection, and what the others count until when."""

    def __init__(self) -> None:
        self.people: dict[str, dict[Hashable, _As]] = {}
        self._sums = Counter[str](), Counter[str](), Counter[str]()
        self.others: dict[str, tuple[Counts, float]] = {}
        self.said = self.told = Counts()
        self.timer: asyncio.TimerHandle | None = None

    def count(self, person: str, by: int) -> None:
        """Add or remove a person's newest connection from the counters."""
        for counter, kind in zip(self._sums, next(reversed(self.people[person].values())), strict=True):
            counter[kind] += by
            if not counter[kind]:
                del counter[kind]

    def own(self) -> Counts:
        return Counts(len(self.people), *map(dict, self._sums))

    def all(self) -> Counts:
        return _sum([self.own(), *(counts for counts, _ in self.others.values())])


class Presence:
    """Counts people by session. `changed(session, counts)` is called on the loop, at once or within INTERVAL, if the counts changed.

    In one process a person with several connections counts once, as the newest connection says. Between processes only counts are
    told, no names: whoever has connections to two of them counts twice, until one ends. A process says what changed at most once a
    second for each session, and everything again every RENEW_SECONDS; what is not said again is forgotten after LIFETIME.
    What bounds it is the number of connections: each is in one entry per session it joined, until it leaves.
    """

    def __init__(
        self,
        bus: Bus,
        changed: Callable[[str, Counts], None],
        *,
        interval: float = INTERVAL,
        renew: float = RENEW_SECONDS,
        lifetime: float = LIFETIME,
    ) -> None:
        self._bus, self._changed = bus, changed
        self._interval, self._renew, self._lifetime = interval, renew, lifetime
        self._me = secrets.token_hex(8)
        self._rooms: dict[str, _Room] = {}
        self._decoder = msgspec.json.Decoder(_Said)
        self._renewal: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._unlisten = self._bus.listen(self._heard, self._lost)
        self._renew_in(self._renew)
        self._say(None, Counts())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """The others hear that nobody is here any more; nothing more is reported."""
        self._unlisten()
        for session, room in self._rooms.items():
            if room.said.total:
                self._say(session, Counts())
            if room.timer is not None:
                room.timer.cancel()
        self._rooms.clear()
        if self._renewal is not None:
            self._renewal.cancel()

    def join(self, session: str, conn: Hashable, *, person: str, role: str, language: str, region: str = "") -> None:
        """A connection of a person is in the session, or now says something else of them."""
        room = self._rooms.setdefault(session, _Room())
        if person in room.people:
            room.count(person, -1)
            room.people[person].pop(conn, None)
        room.people.setdefault(person, {})[conn] = _As(role, language, region)
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
        """Who is in a session now, at all processes."""
        room = self._rooms.get(session)
        return room.all() if room is not None else Counts()

    # Telling

    def _note(self, session: str, room: _Room) -> None:
        if room.timer is None:
            self._report(session, room)

    def _report(self, session: str, room: _Room) -> None:
        """Tell if there is news, and hold the next news back for a while; forget a session that stays empty."""
        room.timer = None
        own, everyone = room.own(), room.all()
        if own == room.said and everyone == room.told:
            if not room.people and not room.others:
                del self._rooms[session]
            return
        room.timer = asyncio.get_running_loop().call_later(self._interval, self._report, session, room)
        if own != room.said:
            room.said = own
            self._say(session, own)
        if everyone != room.told:
            room.told = everyone
            self._changed(session, everyone)

    # Between processes

    def _say(self, session: str | None, counts: Counts) -> None:
        few = Counts(counts.total, counts.roles, _most(counts.languages), _most(counts.regions))
        self._bus.publish(CHANNEL, msgspec.json.encode(_Said(self._me, session, few)))

    def _heard(self, channel: str, message: bytes) -> None:
        if channel != CHANNEL:
            return
        try:
            said = self._decoder.decode(message)
        except msgspec.DecodeError:
            logger.warning("another process counts people in a way that is not known here")
            return
        if said.by == self._me:
            return
        if said.session is None:
            self._renew_in(random.uniform(0, self._interval))  # one answer to all who ask within a moment
        else:
            self._take(said.by, said.session, said.counts)

    def _take(self, by: str, session: str, counts: Counts) -> None:
        room = self._rooms.setdefault(session, _Room())
        if counts.total and (by in room.others or len(room.others) < OTHERS):
            room.others[by] = counts, asyncio.get_running_loop().time() + self._lifetime
        else:
            room.others.pop(by, None)
        self._note(session, room)

    def _lost(self) -> None:
        self._say(None, Counts())

    def _renew_in(self, seconds: float) -> None:
        """Or earlier, if that was asked for before."""
        loop = asyncio.get_running_loop()
        if self._renewal is not None:
            if self._renewal.when() <= loop.time() + seconds:
                return
            self._renewal.cancel()
        self._renewal = loop.call_later(seconds, self._renew_all)

    def _renew_all(self) -> None:
        """Say everything again, and forget what others have not."""
        self._renewal = None
        self._renew_in(self._renew)
        now = asyncio.get_running_loop().time()
        for session, room in list(self._rooms.items()):
            if room.said.total:
                self._say(session, room.said)
            for by in [by for by, (_, until) in room.others.items() if until < now]:
                del room.others[by]
                self._note(session, room)


def _most(counts: dict[str, int]) -> dict[str, int]:
    return dict(Counter(counts).most_common(KINDS)) if len(counts) > KINDS else counts


def _sum(all_: Iterable[Counts]) -> Counts:
    total, roles, languages, regions = 0, Counter[str](), Counter[str](), Counter[str]()
    for counts in all_:
        total += counts.total
        roles.update(counts.roles)
        languages.update(counts.languages)
        regions.update(counts.regions)
    return Counts(total, dict(roles), dict(languages), dict(regions))
