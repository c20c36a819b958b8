"""Between processes: finished bytes, published by one, heard by all the others. In memory for one process, over Redis for many."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

QUEUE_MESSAGES = 4096
"""Messages waiting for Redis, at most. Past it the oldest is dropped; hubs elsewhere see the gap in `seq` and ask for a snapshot."""

BATCH = 256
"""Messages sent to Redis in one round trip, at most: what queued during the last one."""

SILENCE_SECONDS = 2.0
"""No answer from Redis for this long is a broken connection (a stopped server accepts and says nothing)."""

RETRY_SECONDS = 0.1, 2.0
"""First and longest wait before trying Redis again; doubled each time, with jitter."""

CANCEL_SECONDS = 0.1
"""How long a task may take to end before it is cancelled once more."""

Deliver = Callable[[str, bytes], None]
Lost = Callable[[], None]

logger = logging.getLogger(__name__)


class Bus(Protocol):
    """Carries messages between hubs: in order per publisher, at least once while it is healthy, to whoever listens now.

    `async with` it. Listeners are called on the loop, never inside `publish`, and hear what their own process published too.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...

    @property
    def healthy(self) -> bool:
        """Whether messages reach the others now."""

    def publish(self, channel: str, message: bytes) -> None:
        """Queue a message. Never waits and never fails."""

    def listen(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        """Hear every message from now on; `lost` is called when some may have been missed. Returns what stops it."""


class _Listeners:
    """Who hears. Calls go through the loop, so that a listener's failure is its own and a publisher is never re-entered."""

    def __init__(self) -> None:
        self._all: dict[int, tuple[Deliver, Lost]] = {}
        self._next = 0

    def add(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        number, self._next = self._next, self._next + 1
        self._all[number] = deliver, lost
        return lambda: self._all.pop(number, None) and None

    def deliver(self, channel: str, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        for number in self._all:
            loop.call_soon(self._one, number, channel, message)

    def lost(self) -> None:
        loop = asyncio.get_running_loop()
        for number in self._all:
            loop.call_soon(self._one_lost, number)

    def _one(self, number: int, channel: str, message: bytes) -> None:
        if number in self._all:
            self._all[number][0](channel, message)

    def _one_lost(self, number: int) -> None:
        if number in self._all:
            self._all[number][1]()


class MemoryBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._listeners = _Listeners()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    @property
    def healthy(self) -> bool:
        return True

    def publish(self, channel: str, message: bytes) -> None:
        self._listeners.deliver(channel, message)

    def listen(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        return self._listeners.add(deliver, lost)


class RedisBus:
    """The bus of many processes: Redis pub/sub under `prefix`. It outlives Redis: it reconnects, subscribes again and says `lost`.

    Entering does not need Redis to be there. Leaving sends nothing more.
    """

    def __init__(self, url: str, prefix: str = "marquee:") -> None:
        self._url, self._prefix = url, prefix
        self._listeners = _Listeners()
        self._queue: deque[tuple[str, bytes]] = deque(maxlen=QUEUE_MESSAGES)
        self._queued = asyncio.Event()
        self._sending = self._hearing = False

    async def __aenter__(self) -> Self:
        # Retrying is ours: redis-py would retry inside one command, longer than anyone may wait for the truth about `healthy`.
        self._redis = Redis.from_url(
            self._url, retry=Retry(NoBackoff(), 0), socket_timeout=SILENCE_SECONDS, socket_connect_timeout=SILENCE_SECONDS
        )
        self._group = await asyncio.TaskGroup().__aenter__()
        self._tasks = [
            self._group.create_task(self._keep(self._send), name="bus sender"),
            self._group.create_task(self._keep(self._hear), name="bus listener"),
        ]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        try:
            # On Python 3.11 asyncio.wait_for, by which redis-py sends, may swallow a cancellation: so once is not enough.
            while running := [task for task in self._tasks if not task.done()]:
                for task in running:
                    task.cancel()
                await asyncio.wait(running, timeout=CANCEL_SECONDS)
            await self._group.__aexit__(None, None, None)
        finally:
            await self._redis.aclose()

    @property
    def healthy(self) -> bool:
        return self._sending and self._hearing

    def publish(self, channel: str, message: bytes) -> None:
        self._queue.append((self._prefix + channel, message))
        self._queued.set()

    def listen(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        return self._listeners.add(deliver, lost)

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do `work` for ever, from the start again when Redis fails."""
        first, longest = RETRY_SECONDS
        wait = first
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await work()
            except (RedisError, OSError) as error:
                logger.warning("redis: %s", error)
            if asyncio.get_running_loop().time() - started > longest:
                wait = first
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(longest, wait * 2)

    async def _send(self) -> None:
        """Send what queued during the last round trip. A batch that failed is sent again: seq tells a hub what it already has."""
        batch: list[tuple[str, bytes]] = []
        try:
            await self._redis.ping()
            self._sending = True
            while True:
                if not self._queue:
                    self._queued.clear()
                    await self._queued.wait()
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                async with self._redis.pipeline(transaction=False) as pipe:
                    for channel, message in batch:
                        pipe.publish(channel, message)
                    await pipe.execute()
                batch = []
        finally:
            self._sending = False
            room = QUEUE_MESSAGES - len(self._queue)
            self._queue.extendleft(reversed(batch[max(0, len(batch) - room) :]))

    async def _hear(self) -> None:
        start = len(self._prefix)
        try:
            async with self._redis.pubsub() as subscriber:
                await subscriber.psubscribe(self._prefix + "*")
                silent = False
                while True:
                    message = await subscriber.get_message(timeout=SILENCE_SECONDS)
                    if message is None:
                        if silent:
                            raise ConnectionError("no answer to a ping")
                        silent = True
                        await subscriber.ping()
                        continue
                    silent = False
                    if message["type"] == "psubscribe":
                        self._hearing = True
                        self._listeners.lost()
                    elif message["type"] == "pmessage":
                        self._listeners.deliver(message["channel"].decode()[start:], message["data"])
        finally:
            self._hearing = False
