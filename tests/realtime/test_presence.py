"""Who is here: exact, whoever comes and goes, told seldom, and added up over processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from realtime.bus import Bus, MemoryBus
from realtime.presence import CHANNEL, INTERVAL, KINDS, Counts, Presence
from tests.realtime.listening import connected
from tests.realtime.relay.clients import until
from tests.redis import redis

NOBODY = Counts()


class Desk:
    """A presence with short intervals, and its reports as they came: when, about which session, what."""

    def __init__(self, bus: Bus | None = None, interval: float = 0.1, renew: float = 0.15, lifetime: float = 0.4) -> None:
        self.reports: list[tuple[float, str, Counts]] = []
        self.interval = interval
        self.presence = Presence(bus or MemoryBus(), self.note, interval=interval, renew=renew, lifetime=lifetime)

    @asynccontextmanager
    async def open(self) -> "AsyncIterator[Desk]":
        async with self.presence:
            yield self

    def note(self, session: str, counts: Counts) -> None:
        self.reports.append((asyncio.get_running_loop().time(), session, counts))

    def join(
        self, conn: int, person: str = "ada", role: str = "attendee", language: str = "en", region: str = "", session: str = "summit"
    ) -> None:
        self.presence.join(session, conn, person=person, role=role, language=language, region=region)

    def leave(self, conn: int, person: str = "ada", session: str = "summit") -> None:
        self.presence.leave(session, conn, person=person)

    def counts(self, session: str = "summit") -> Counts:
        return self.presence.counts(session)

    def told(self) -> list[int]:
        return [counts.total for _, _, counts in self.reports]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk().open() as desk:
        yield desk


async def test_people_are_counted_by_role_language_and_region(desk: Desk) -> None:
    desk.join(1, "ada", "attendee", "en", "Oceania")
    desk.join(2, "bo", "attendee", "zh")
    desk.join(3, "chi", "moderator", "zh", "Oceania")
    assert desk.counts() == Counts(3, {"attendee": 2, "moderator": 1}, {"en": 1, "zh": 2}, {"Oceania": 2, "": 1})
    desk.leave(2, "bo")
    assert desk.counts() == Counts(2, {"attendee": 1, "moderator": 1}, {"en": 1, "zh": 1}, {"Oceania": 2})


async def test_a_person_counts_once_and_as_the_newest_connection_says(desk: Desk) -> None:
    desk.join(1, language="en")
    desk.join(2, language="fr")
    assert desk.counts() == Counts(1, {"attendee": 1}, {"fr": 1}, {"": 1})
    desk.leave(2)
    assert desk.counts() == Counts(1, {"attendee": 1}, {"en": 1}, {"": 1})
    desk.join(1, language="ar")
    assert desk.counts() == Counts(1, {"attendee": 1}, {"ar": 1}, {"": 1})


async def test_an_older_connection_that_speaks_again_is_the_newest(desk: Desk) -> None:
    desk.join(1, language="en")
    desk.join(2, language="fr")
    desk.join(1, language="es")
    assert desk.counts().languages == {"es": 1}
    desk.leave(1)
    assert desk.counts().languages == {"fr": 1}


async def test_leaving_twice_or_from_where_one_never_was_changes_nothing(desk: Desk) -> None:
    desk.join(1)
    desk.leave(1)
    desk.leave(1)
    desk.leave(2, "nobody")
    desk.leave(1, session="elsewhere")
    assert desk.counts() == NOBODY
    assert desk.counts("elsewhere") == NOBODY


async def test_sessions_do_not_count_each_others_people(desk: Desk) -> None:
    desk.join(1, "ada", session="summit")
    desk.join(2, "ada", session="forum")
    desk.leave(1, "ada", session="summit")
    assert (desk.counts("summit").total, desk.counts("forum").total) == (0, 1)


class Room(RuleBasedStateMachine):
    """A few people with a few connections each, who come, say something else and go, against what a list of them would count."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.here: dict[tuple[str, str], dict[int, tuple[str, str, str]]] = {}
        self.told: dict[str, Counts] = {}
        self.presence = Presence(MemoryBus(), self.told.__setitem__, interval=0.0)
        self.loop.run_until_complete(self.presence.__aenter__())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.presence.__aexit__())
            self.loop.close()

    def act(self, action: Any, *args: Any, **said: str) -> None:
        async def run() -> None:
            action(*args, **said)
            await asyncio.sleep(0.001)  # past the interval

        self.loop.run_until_complete(run())

    @rule(
        session=st.sampled_from(["summit", "forum"]),
        person=st.sampled_from("abcd"),
        conn=st.integers(0, 2),
        said=st.tuples(st.sampled_from(["attendee", "speaker"]), st.sampled_from(["en", "es"]), st.sampled_from(["", "Asia", "Oceania"])),
    )
    def join(self, session: str, person: str, conn: int, said: tuple[str, str, str]) -> None:
        conns = self.here.setdefault((session, person), {})
        conns.pop(conn, None)
        conns[conn] = said
        self.act(self.presence.join, session, conn, person=person, role=said[0], language=said[1], region=said[2])

    @rule(session=st.sampled_from(["summit", "forum"]), person=st.sampled_from("abcd"), conn=st.integers(0, 2))
    def leave(self, session: str, person: str, conn: int) -> None:
        self.here.get((session, person), {}).pop(conn, None)
        self.act(self.presence.leave, session, conn, person=person)

    @invariant()
    def counts_are_those_of_who_is_here(self) -> None:
        for session in ("summit", "forum") if hasattr(self, "loop") else ():
            newest = [list(conns.values())[-1] for (where, _), conns in self.here.items() if where == session and conns]
            roles, languages, regions = (dict(Counter(said[kind] for said in newest)) for kind in range(3))
            expected = Counts(len(newest), roles, languages, regions)
            assert self.presence.counts(session) == expected
            assert self.told.get(session, NOBODY) == expected


Room.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestRoom = Room.TestCase


async def test_the_first_is_told_at_once_and_a_storm_once_per_interval(desk: Desk) -> None:
    desk.join(0, "person-0")
    assert desk.told() == [1]
    for conn in range(1, 500):
        desk.join(conn, f"person-{conn}")
        if conn % 25 == 0:
            await asyncio.sleep(0.02)
    await asyncio.sleep(desk.interval * 2.5)
    assert desk.told()[-1] == 500
    times = [when for when, _, _ in desk.reports]
    assert all(later - earlier > desk.interval * 0.95 for earlier, later in pairwise(times))
    assert 3 <= len(times) <= 8


async def test_who_comes_and_goes_within_an_interval_is_no_news(desk: Desk) -> None:
    desk.join(1)
    desk.join(2, "bo")
    desk.leave(2, "bo")
    await asyncio.sleep(desk.interval * 2)
    assert desk.told() == [1]


async def test_reports_of_one_session_do_not_hold_back_anothers(desk: Desk) -> None:
    desk.join(1, session="summit")
    desk.join(1, session="forum")
    assert [session for _, session, _ in desk.reports] == ["summit", "forum"]


async def test_a_quiet_room_is_told_about_at_once_again(desk: Desk) -> None:
    desk.join(1)
    await asyncio.sleep(desk.interval * 1.5)
    desk.join(2, "bo")
    assert desk.told() == [1, 2]


async def test_an_empty_room_is_told_and_forgotten(desk: Desk) -> None:
    desk.join(1)
    desk.leave(1)
    await asyncio.sleep(desk.interval * 2.5)
    assert desk.told() == [1, 0]
    assert not desk.presence._rooms
    desk.join(1)
    assert desk.told() == [1, 0, 1]


async def test_after_the_end_nothing_is_told() -> None:
    async with Desk().open() as desk:
        desk.join(1)
        desk.join(2, "bo")
    await asyncio.sleep(desk.interval * 1.5)
    assert desk.told() == [1]


async def test_two_thousand_who_come_at_once_are_a_few_reports_and_a_few_messages_to_the_others() -> None:
    assert INTERVAL == 1.0
    bus, said = MemoryBus(), list[str]()
    bus.listen(lambda channel, message: said.append(channel), lambda: None)
    async with Desk(bus, INTERVAL, renew=10).open() as desk:
        begun = asyncio.get_running_loop().time()
        for conn in range(2000):
            desk.join(conn, f"person-{conn}", language=f"x-{conn % 300}", region=f"region {conn}")
            await asyncio.sleep(0)
        await until(lambda: desk.told()[-1] == 2000)
        most = 2 + int(asyncio.get_running_loop().time() - begun)
        assert len(desk.reports) <= most
        assert said.count(CHANNEL) <= 1 + most


@pytest.fixture(params=["memory", "redis"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Of two processes."""
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            bus = await stack.enter_async_context(MemoryBus())
            yield bus, bus
            return
        server = stack.enter_context(redis())
        yield await stack.enter_async_context(connected(server)), await stack.enter_async_context(connected(server))


async def test_two_processes_add_up_who_is_at_each_and_whoever_comes_later_is_told_too(buses: tuple[Bus, Bus]) -> None:
    async with Desk(buses[0]).open() as one:
        one.join(1, "ada", "attendee", "en", "Asia")
        one.join(2, "bo", "speaker", "es")
        async with Desk(buses[1]).open() as two:
            two.join(1, "chi", "attendee", "es", "Asia")
            both = Counts(3, {"attendee": 2, "speaker": 1}, {"en": 1, "es": 2}, {"Asia": 2, "": 1})
            await until(lambda: one.counts() == two.counts() == both)
            await until(lambda: one.told()[-1] == two.told()[-1] == 3)
            one.leave(2, "bo")
            await until(lambda: one.told()[-1] == two.told()[-1] == 2)
            await asyncio.sleep(0.6)  # past the lifetime of what is not said again
            assert one.counts() == two.counts() == Counts(2, {"attendee": 2}, {"en": 1, "es": 1}, {"Asia": 2})
        await until(lambda: one.told()[-1] == 1)


async def test_a_process_that_died_is_counted_no_longer_than_its_word_is_good_for() -> None:
    bus = MemoryBus()
    async with Desk(bus).open() as desk:
        counts = {"total": 5, "roles": {"attendee": 5}, "languages": {"en": 5}, "regions": {"": 5}}
        bus.publish(CHANNEL, msgspec.json.encode({"by": "dead", "session": "summit", "counts": counts}))
        await until(lambda: desk.told() == [5])
        said = asyncio.get_running_loop().time()
        await until(lambda: desk.told() == [5, 0])
        assert 0.3 < asyncio.get_running_loop().time() - said < 2
        await until(lambda: not desk.presence._rooms)


async def test_what_no_version_of_ours_says_is_passed_over() -> None:
    bus = MemoryBus()
    async with Desk(bus).open() as desk:
        for nonsense in (b"", b"{}", b'{"by":"x","session":"summit","counts":{"total":"many"}}', b"\xff"):
            bus.publish(CHANNEL, nonsense)
        desk.join(1)
        await asyncio.sleep(0.05)
        assert desk.counts().total == 1


async def test_a_process_tells_the_others_the_greatest_kinds_alone() -> None:
    bus = MemoryBus()
    async with Desk(bus).open() as one, Desk(bus).open() as two:
        for conn in range(KINDS + 50):
            one.join(conn, f"person-{conn}", region=f"region {conn}")
        for conn in range(3):
            one.join(1000 + conn, f"friend-{conn}", region="Oceania")
        await until(lambda: two.counts().total == KINDS + 53)
        assert len(two.counts().regions) == KINDS
        assert two.counts().regions["Oceania"] == 3
        assert len(one.counts().regions) == KINDS + 51
