"""The bus on Redis: when Redis is paused, killed and started again, and when its log no longer reaches back."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from realtime import redisbus
from realtime.hub import Hub
from realtime.redisbus import QUEUE_MESSAGES, RedisBus
from tests.realtime.listening import Ear, connected
from tests.realtime.paper import Paper
from tests.realtime.relay.clients import until
from tests.realtime.test_hub import Poll, data
from tests.redis import Redis, redis


@pytest.fixture
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture
async def both(server: Redis) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    """The buses of two processes."""
    async with connected(server) as here, connected(server) as there:
        yield here, there


async def test_two_processes_hear_each_other(both: tuple[RedisBus, RedisBus]) -> None:
    here, there = both
    ears = Ear(here), Ear(there)
    here.publish("stage", b"from here")
    await asyncio.gather(*(ear.gets(b"from here") for ear in ears))
    there.publish("stage", b"from there")
    await asyncio.gather(*(ear.gets(b"from here", b"from there") for ear in ears))


async def test_two_conferences_may_share_one_redis(server: Redis) -> None:
    async with connected(server, "one:") as one, connected(server, "two:") as two:
        ears = Ear(one), Ear(two)
        one.publish("stage", b"of one")
        two.publish("stage", b"of two")
        await ears[0].gets(b"of one")
        await ears[1].gets(b"of two")


async def test_redis_may_come_later(server: Redis) -> None:
    server.kill()
    async with RedisBus(server.url) as bus:
        ear = Ear(bus)
        bus.publish("stage", b"too early")
        await asyncio.sleep(0.3)
        assert not bus.healthy
        assert ear.lost == 0
        server.start()
        await until(lambda: bus.healthy and ear.lost == 1)
        bus.publish("stage", b"in time")
        await until(lambda: ear.heard[-1:] == [("stage", b"in time")])


async def test_it_can_be_left_at_any_moment_of_its_beginning(server: Redis) -> None:
    async with asyncio.timeout(30):
        for turns in range(0, 100, 3):
            async with RedisBus(server.url):
                for _ in range(turns):
                    await asyncio.sleep(0)


async def test_after_redis_was_killed_both_hear_again_and_know_that_they_missed_something(
    server: Redis, both: tuple[RedisBus, RedisBus]
) -> None:
    ears = [Ear(bus) for bus in both]
    server.kill()
    await until(lambda: not any(bus.healthy for bus in both))
    both[0].publish("stage", b"into the void")
    server.start()
    await until(lambda: all(bus.healthy for bus in both) and all(ear.lost == 1 for ear in ears))
    both[1].publish("stage", b"again")
    await until(lambda: all(("stage", b"again") in ear.heard for ear in ears))


async def test_a_listener_that_another_stops_is_not_told_of_the_loss(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    both[0].listen(lambda channel, message: None, lambda: ear.stop())
    ear, last = Ear(both[0]), Ear(both[0])
    server.kill()
    await until(lambda: not both[0].healthy)
    server.start()
    await until(lambda: last.lost == 1)
    assert ear.lost == 0


async def test_what_waits_for_redis_is_bounded_and_the_oldest_goes_first(server: Redis) -> None:
    async with connected(server) as there:
        ear = Ear(there)
        here = RedisBus(server.url)
        numbers = [b"%d" % number for number in range(QUEUE_MESSAGES + 100)]
        for number in numbers:
            here.publish("stage", number)
        async with here:
            await ear.gets(*numbers[100:])
        assert ear.lost == 1


async def test_what_was_said_last_is_sent_before_the_bus_is_left(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    ear, numbers = Ear(both[0]), [b"%d" % number for number in range(600)]
    async with connected(server) as leaving:
        for number in numbers:
            leaving.publish("stage", number)
    await ear.gets(*numbers)


async def test_who_was_away_goes_on_from_where_they_were(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    here, _ = both
    away = RedisBus(server.url)
    ear = Ear(away)
    async with away:
        await until(lambda: away.healthy and ear.lost == 1)
        here.publish("stage", b"one")
        await ear.gets(b"one")
    for number in (b"two", b"three"):
        here.publish("stage", number)
    async with away:
        await ear.gets(b"one", b"two", b"three")
    assert ear.lost == 1


async def test_who_was_away_for_longer_than_the_log_is_told_that_some_are_lost(
    server: Redis, both: tuple[RedisBus, RedisBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redisbus, "LOG_MESSAGES", 300)
    away, here = RedisBus(server.url), Ear(both[0])
    ear = Ear(away)
    async with away:
        await until(lambda: away.healthy and ear.lost == 1)
    numbers = [b"%d" % number for number in range(1000)]
    for number in numbers:
        both[0].publish("stage", number)
    await here.gets(*numbers)
    async with away:
        await until(lambda: ear.heard[-1:] == [("stage", b"999")])
        assert ear.lost == 2
        heard = [message for _, message in ear.heard]
        assert heard == numbers[-len(heard) :]


async def test_a_log_that_was_emptied_unnoticed_is_another_one(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    ears = [Ear(bus) for bus in both]
    both[0].publish("stage", b"one")
    await asyncio.gather(*(ear.gets(b"one") for ear in ears))
    server.say("FLUSHALL")
    await until(lambda: all(ear.lost for ear in ears))
    await until(lambda: all(bus.healthy for bus in both))
    both[0].publish("stage", b"two")
    await asyncio.gather(*(ear.gets(b"one", b"two") for ear in ears))


async def test_what_others_write_into_the_log_is_passed_over(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    ear = Ear(both[1])
    server.say("XADD", "marquee:log", "*", "what", "nonsense")
    server.say("XADD", "marquee:log", "*", "f", "short", "c", "stage", "m", "nonsense")
    both[0].publish("stage", b"sense")
    await ear.gets(b"sense")


async def test_a_redis_that_says_nothing_for_seconds_costs_a_mirror_nothing(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    async with Hub(both[0]) as house, Hub(both[1]) as balcony:
        poll, paper = Poll(house), Paper()
        balcony.mirror("poll")
        balcony.subscribe(paper, "poll")
        await until(lambda: data(paper.said()) == [("snapshot", 0, 0)])
        with server.paused():
            for _ in range(60):
                poll.vote()
                await asyncio.sleep(0.05)
            assert not any(bus.healthy for bus in both)
        await until(lambda: poll.votes == 60 and data(paper.said())[-1:] == [("voted", 60, 60)])
        assert data(paper.said())[1:] == [("voted", number, number) for number in range(1, 61)]
        await until(lambda: all(bus.healthy for bus in both))


async def test_a_redis_that_comes_back_empty_leaves_mirrors_as_their_owners_are(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    async with Hub(both[0]) as house, Hub(both[1]) as balcony:
        polls, papers = [Poll(house, "one"), Poll(balcony, "two"), Poll(house, "many")], [Paper(), Paper(), Paper()]
        for hub, name, paper in ((balcony, "one", papers[0]), (house, "two", papers[1]), (balcony, "many", papers[2])):
            hub.mirror(name)
            hub.subscribe(paper, name)
        await until(lambda: all(data(paper.said()) == [("snapshot", 0, 0)] for paper in papers))
        for poll in polls:
            poll.vote()
        server.kill()
        await until(lambda: not any(bus.healthy for bus in both))
        for _ in range(QUEUE_MESSAGES):  # more than will be sent when Redis is back
            polls[2].vote()
        polls[0].vote()
        polls[1].vote()
        server.start()
        for poll, paper in zip(polls, papers, strict=True):
            await until(lambda poll=poll, paper=paper: data(paper.said())[-1][1:] == (poll.votes, poll.votes))  # type: ignore[misc]
        for poll, paper in zip(polls, papers, strict=True):
            poll.vote()
            await until(lambda poll=poll, paper=paper: data(paper.said())[-1] == ("voted", poll.votes, poll.votes))  # type: ignore[misc]
