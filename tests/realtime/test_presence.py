"""Who is here: exact, whoever comes and goes, and told seldom."""

import asyncio
import random
from collections import Counter
from itertools import pairwise

import pytest

from realtime.presence import INTERVAL, Counts, Presence

NOBODY = Counts(0, {}, {})


class Desk:
    """A presence with short intervals, and its reports as they came: when, about which session, what."""

    def __init__(self, interval: float = 0.1) -> None:
        self.reports: list[tuple[float, str, Counts]] = []
        self.interval = interval
        self.presence = Presence(self.note, interval)

    def note(self, session: str, counts: Counts) -> None:
        self.reports.append((asyncio.get_running_loop().time(), session, counts))

    def join(self, conn: int, person: str = "ada", role: str = "attendee", language: str = "en", session: str = "summit") -> None:
        self.presence.join(session, conn, person=person, role=role, language=language)

    def leave(self, conn: int, person: str = "ada", session: str = "summit") -> None:
        self.presence.leave(session, conn, person=person)

    def counts(self, session: str = "summit") -> Counts:
        return self.presence.counts(session)

    def told(self) -> list[int]:
        return [counts.total for _, _, counts in self.reports]


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_people_are_counted_by_role_and_language(desk: Desk) -> None:
    desk.join(1, "ada", "attendee", "en")
    desk.join(2, "bo", "attendee", "zh")
    desk.join(3, "chi", "moderator", "zh")
    assert desk.counts() == Counts(3, {"attendee": 2, "moderator": 1}, {"en": 1, "zh": 2})
    desk.leave(2, "bo")
    assert desk.counts() == Counts(2, {"attendee": 1, "moderator": 1}, {"en": 1, "zh": 1})


async def test_a_person_counts_once_and_as_the_newest_connection_says(desk: Desk) -> None:
    desk.join(1, language="en")
    desk.join(2, language="fr")
    assert desk.counts() == Counts(1, {"attendee": 1}, {"fr": 1})
    desk.leave(2)
    assert desk.counts() == Counts(1, {"attendee": 1}, {"en": 1})
    desk.join(1, language="ar")
    assert desk.counts() == Counts(1, {"attendee": 1}, {"ar": 1})


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


async def test_after_any_coming_and_going_the_counts_are_those_of_who_is_here(desk: Desk) -> None:
    dice = random.Random(7)
    here: dict[str, dict[int, tuple[str, str]]] = {f"person-{number}": {} for number in range(20)}
    for _ in range(3000):
        person, conn = dice.choice(list(here)), dice.randrange(4)
        if dice.random() < 0.5:
            said = dice.choice(["attendee", "speaker"]), dice.choice(["en", "es", "zh"])
            here[person].pop(conn, None)
            here[person][conn] = said
            desk.join(conn, person, *said)
        else:
            here[person].pop(conn, None)
            desk.leave(conn, person)
        newest = [list(conns.values())[-1] for conns in here.values() if conns]
        assert desk.counts() == Counts(len(newest), dict(Counter(role for role, _ in newest)), dict(Counter(lang for _, lang in newest)))


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


async def test_after_the_stop_nothing_is_told(desk: Desk) -> None:
    desk.join(1)
    desk.join(2, "bo")
    desk.presence.stop()
    await asyncio.sleep(desk.interval * 1.5)
    assert desk.told() == [1]


async def test_a_report_a_second_is_the_custom() -> None:
    assert INTERVAL == 1.0
    desk = Desk(INTERVAL)
    for conn in range(50):
        desk.join(conn, f"person-{conn}")
        await asyncio.sleep(0.005)
    assert desk.told() == [1]
