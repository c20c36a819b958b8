"""Who listens to a bus in tests, and buses on a Redis of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from realtime.bus import Bus
from realtime.redisbus import RedisBus
from tests.realtime.relay.clients import until
from tests.redis import Redis


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


@asynccontextmanager
async def connected(server: Redis, prefix: str = "marquee:") -> AsyncIterator[RedisBus]:
    """A process' bus that carries."""
    async with RedisBus(server.url, prefix) as bus:
        await until(lambda: bus.healthy)
        yield bus
