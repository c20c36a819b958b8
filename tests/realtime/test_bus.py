"""What holds for every bus; and what holds for Redis when it is paused, killed and started again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from realtime.bus import QUEUE_MESSAGES, SILENCE_SECONDS, Bus, MemoryBus, RedisBus
from realtime.hub import Hub
from tests.realtime.paper import Paper
from tests.realtime.relay.clients import until
from tests.realtime.test_hub import Poll, data
from tests.redis import Redis, redis

BINARY = bytes(range(256))


class Ear:
    """Someone who listens to a bus, and what they heard."""

    def __init__(self, bus: Bus) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.lost = 0
        self.stop = bus.listen(self.deliver, self.lose)

    def deliver(self, channel: str, message: bytes) -> None:
        self.heard.append((channel, message))

    def lose(self) -> None:
        self.lost += 1

    async def gets(self, *messages: bytes) -> None:
        """Wait for these, in this order, and nothing between them."""
        await until(lambda: len(self.heard) >= len(messages))
        assert [message for _, message in self.heard] == list(messages)


@pytest.fixture
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@asynccontextmanager
async def connected(server: Redis, prefix: str = "marquee:") -> AsyncIterator[RedisBus]:
    async with RedisBus(server.url, prefix) as bus:
        await until(lambda: bus.healthy)
        yield bus


@pytest.fixture(params=["memory", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield await stack.enter_async_context(MemoryBus())
        else:
            yield await stack.enter_async_context(connected(stack.enter_context(redis())))


@pytest.fixture
async def both(server: Redis) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    """The buses of two processes."""
    async with connected(server) as here, connected(server) as there:
        yield here, there


async def test_everything_arrives_in_order_and_its_publisher_hears_it_too(bus: Bus) -> None:
    ears = [Ear(bus), Ear(bus)]
    sent = [(f"channel/{number % 3}", b"%d" % number + BINARY) for number in range(1000)]
    for channel, message in sent:
        bus.publish(channel, message)
    for ear in ears:
        await until(lambda ear=ear: len(ear.heard) == len(sent))  # type: ignore[misc]
        assert ear.heard == sent
        assert ear.lost == 0


async def test_nobody_is_called_while_publish_runs(bus: Bus) -> None:
    ear = Ear(bus)
    bus.publish("stage", b"one")
    assert ear.heard == []
    await ear.gets(b"one")


async def test_a_listener_may_publish_what_follows(bus: Bus) -> None:
    ear = Ear(bus)

    def answer(channel: str, message: bytes) -> None:
        if message == b"ask":
            bus.publish(channel, b"answer")

    bus.listen(answer, lambda: None)
    bus.publish("stage", b"ask")
    await ear.gets(b"ask", b"answer")


async def test_a_listener_that_fails_takes_nothing_from_the_others(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    def fail(channel: str, message: bytes) -> None:
        raise ZeroDivisionError

    bus.listen(fail, lambda: None)
    ear = Ear(bus)
    bus.publish("stage", b"one")
    bus.publish("stage", b"two")
    await ear.gets(b"one", b"two")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 2


async def test_who_stops_listening_hears_no_more(bus: Bus) -> None:
    leaving, staying = Ear(bus), Ear(bus)
    bus.publish("stage", b"one")
    await leaving.gets(b"one")
    leaving.stop()
    leaving.stop()
    bus.publish("stage", b"two")
    await staying.gets(b"one", b"two")
    assert leaving.heard == [("stage", b"one")]


async def test_who_is_stopped_by_a_message_does_not_hear_that_one(bus: Bus) -> None:
    bus.listen(lambda channel, message: ear.stop(), lambda: None)
    ear, last = Ear(bus), Ear(bus)
    bus.publish("stage", b"one")
    await last.gets(b"one")
    assert ear.heard == []


async def test_a_bus_that_carries_is_healthy(bus: Bus) -> None:
    assert bus.healthy


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


async def test_a_short_silence_of_redis_loses_nothing(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    ears = [Ear(bus) for bus in both]
    numbers = [b"%d" % number for number in range(50)]
    with server.paused():
        for number in numbers:
            both[0].publish("stage", number)
            await asyncio.sleep(0.01)
    await asyncio.gather(*(ear.gets(*numbers) for ear in ears))
    assert [ear.lost for ear in ears] == [0, 0]


async def test_a_redis_that_says_nothing_is_found_out_in_seconds(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    ears = [Ear(bus) for bus in both]
    with server.paused():
        await until(lambda: not any(bus.healthy for bus in both), seconds=3 * SILENCE_SECONDS)
        both[0].publish("stage", b"meanwhile")
    await until(lambda: all(bus.healthy for bus in both) and all(ear.lost for ear in ears))
    both[0].publish("stage", b"again")
    await until(lambda: all(ear.heard[-1:] == [("stage", b"again")] for ear in ears))


async def test_what_waits_for_redis_is_bounded_and_the_oldest_goes_first(server: Redis) -> None:
    async with connected(server) as there:
        ear = Ear(there)
        here = RedisBus(server.url)
        numbers = [b"%d" % number for number in range(QUEUE_MESSAGES + 100)]
        for number in numbers:
            here.publish("stage", number)
        async with here:
            await ear.gets(*numbers[100:])


async def test_a_mirror_follows_over_redis_and_catches_up_after_it_was_away(server: Redis, both: tuple[RedisBus, RedisBus]) -> None:
    async with Hub(both[0]) as house, Hub(both[1]) as balcony:
        poll, paper = Poll(house), Paper()
        balcony.mirror("poll")
        balcony.subscribe(paper, "poll")
        await until(lambda: data(paper.said()) == [("snapshot", 0, 0)])
        poll.vote()
        poll.vote()
        await until(lambda: data(paper.said())[1:] == [("voted", 1, 1), ("voted", 2, 2)])
        server.kill()
        await until(lambda: not any(bus.healthy for bus in both))
        for _ in range(QUEUE_MESSAGES + 1):  # more than will be sent when Redis is back
            poll.vote()
        server.start()
        await until(lambda: data(paper.said())[-1] == ("snapshot", poll.votes, poll.votes))
        poll.vote()
        await until(lambda: data(paper.said())[-1] == ("voted", poll.votes, poll.votes))
