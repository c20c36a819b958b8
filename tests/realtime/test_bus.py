"""What holds for every bus, in memory and on a real Redis, whatever becomes of the connections to it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from realtime.bus import Bus, MemoryBus
from tests.realtime.listening import Ear, connected
from tests.realtime.relay.clients import until
from tests.redis import Redis, redis

BINARY = bytes(range(256))


@dataclass
class Carried:
    """The buses of the processes there are, one where memory is all they share, and what can be done to their connections."""

    buses: list[Bus]
    redis: Redis | None

    async def disturb(self) -> None:
        """Break every connection there is."""
        if self.redis is not None:
            self.redis.cut()


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
async def carried(request: pytest.FixtureRequest, server: Redis) -> AsyncIterator[Carried]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield Carried([await stack.enter_async_context(MemoryBus())], None)
            return
        prefix = f"{random.getrandbits(64)}:"
        yield Carried([await stack.enter_async_context(connected(server, prefix)) for _ in range(2)], server)


@pytest.fixture
def bus(carried: Carried) -> Bus:
    return carried.buses[0]


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


async def test_who_listens_hears_all_processes_in_one_order(carried: Carried) -> None:
    ears = [Ear(bus) for bus in carried.buses]
    for number in range(300):
        for place, bus in enumerate(carried.buses):
            bus.publish("stage", b"%d of %d" % (number, place))
        if number % 50 == 0:
            await asyncio.sleep(0.01)
    count = 300 * len(carried.buses)
    await until(lambda: all(len(ear.heard) == count for ear in ears))
    assert ears[0].heard == ears[-1].heard
    for place in range(len(carried.buses)):
        of_one = [message for _, message in ears[0].heard if message.endswith(b" of %d" % place)]
        assert of_one == [b"%d of %d" % (number, place) for number in range(300)]


async def test_connections_that_break_lose_nothing_double_nothing_and_turn_nothing_around(carried: Carried) -> None:
    ears = [Ear(bus) for bus in carried.buses]
    for number in range(1000):
        for place, bus in enumerate(carried.buses):
            bus.publish("stage", b"%d of %d" % (number, place))
        if number % 10 == 0:
            await asyncio.sleep(0.002)
        if number % 300 == 150:
            await carried.disturb()
    count = 1000 * len(carried.buses)
    await until(lambda: all(len(ear.heard) >= count for ear in ears))
    for ear in ears:
        assert ear.heard == ears[0].heard
        assert ear.lost == 0
    for place in range(len(carried.buses)):
        of_one = [message for _, message in ears[0].heard if message.endswith(b" of %d" % place)]
        assert of_one == [b"%d of %d" % (number, place) for number in range(1000)]
