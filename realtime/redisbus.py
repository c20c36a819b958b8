"""The bus over Redis: one log of everything that was said (a stream), which each process writes at its end and reads from where it was."""

import asyncio
import contextlib
import logging
import random
import secrets
import struct
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from realtime.bus import Deliver, Listeners, Lost

QUEUE_MESSAGES = 4096
"""Messages waiting for Redis, at most. Past it the oldest is dropped; who listens elsewhere sees the gap and is told that some are lost."""

LOG_MESSAGES = 8192
"""Messages that Redis keeps, roughly: how far back a process may go on from. One that was away for more is told that some are lost."""

BATCH = 256
"""Messages sent to Redis, or read from it, in one round trip, at most."""

SILENCE_SECONDS = 2.0
"""No answer from Redis for this long is a broken connection (a stopped server accepts and says nothing)."""

BLOCK_SECONDS = 1.0
"""How long Redis lets a reader wait for something new before it says that there is nothing."""

RETRY_SECONDS = 0.1, 1.0
"""First and longest wait before trying Redis again; doubled each time, with jitter."""

FLUSH_SECONDS = 0.5
"""How long what was published last may take to be sent when the bus is left."""

CANCEL_SECONDS = 0.1
"""How long a task may take to end before it is cancelled once more."""

SENDERS = 1024
"""Publishers whose last number is remembered; past it the one heard of longest ago is forgotten, and its next gap is not seen."""

_FROM = struct.Struct("!8sQ")
"""Who says a message (random bytes of one bus), and its number there, from 1."""

_START = b"0-0"
"""Before every entry of a log."""

logger = logging.getLogger(__name__)


class _Place(NamedTuple):
    """How far a reader is: which log (its name is random and as old as the log), and the id of the last entry it read.

    `whole`: it was read from its beginning, so that whoever is new in it begins with number 1.
    """

    log: bytes
    entry: bytes
    whole: bool


class RedisBus:
    """The bus of many processes: a Redis stream under `prefix`. It outlives Redis: it connects again and goes on from where it was.

    What is published while Redis is away is sent when it is back. A batch that failed is sent again, and what of it had arrived is known
    by its number, so nobody hears a message twice. `lost` is said at the first connection, when the log no longer reaches back to where
    a reader was or is another one (Redis was started empty), and when a number is missing. Entering does not need Redis to be there.
    Leaving waits FLUSH_SECONDS for what is not sent yet; entered again, it goes on from where it was.
    """

    def __init__(self, url: str, prefix: str = "marquee:") -> None:
        self._url, self._stream, self._name = url, f"{prefix}log", f"{prefix}log:name"
        self._listeners = Listeners()
        self._me, self._number = secrets.token_bytes(8), 0
        self._queue: deque[tuple[str, bytes, bytes]] = deque(maxlen=QUEUE_MESSAGES)
        self._queued, self._sent = asyncio.Event(), asyncio.Event()
        self._sending = self._hearing = False
        self._place: _Place | None = None
        self._heard: OrderedDict[bytes, int] = OrderedDict()

    async def __aenter__(self) -> Self:
        # Retrying is ours: redis-py would retry inside one command, longer than anyone may wait for the truth about `healthy`.
        # So is the time each answer may take: with a timeout of its own redis-py writes from a task that it starts for that, a turn of
        # the loop later, and in a fan-out each turn is a slice that what is said to the other processes would wait for.
        self._redis = Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), socket_timeout=None, socket_connect_timeout=SILENCE_SECONDS)
        self._group = await asyncio.TaskGroup().__aenter__()
        self._tasks = [
            self._group.create_task(self._keep(self._send), name="bus sender"),
            self._group.create_task(self._keep(self._hear), name="bus listener"),
        ]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS if self._sending else 0):
                    await self._sent.wait()
            # What a library awaits may swallow a cancellation, as asyncio.wait_for does on Python 3.11: so once is not enough.
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
        self._number += 1
        self._queue.append((channel, message, _FROM.pack(self._me, self._number)))
        self._queued.set()
        self._sent.clear()

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
            if asyncio.get_running_loop().time() - started > longest + SILENCE_SECONDS:
                wait = first
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(longest, wait * 2)

    # Writing

    async def _send(self) -> None:
        """Send what queued during the last round trip; a batch that failed goes back to the front."""
        batch: list[tuple[str, bytes, bytes]] = []
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await self._redis.ping()
            self._sending = True
            while True:
                if not self._queue:
                    self._queued.clear()
                    self._sent.set()
                    await self._queued.wait()
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                async with asyncio.timeout(SILENCE_SECONDS), self._redis.pipeline(transaction=False) as pipe:
                    for channel, message, origin in batch:
                        pipe.xadd(self._stream, {b"c": channel, b"m": message, b"f": origin}, maxlen=LOG_MESSAGES)
                    await pipe.execute()
                batch = []
        finally:
            self._sending = False
            room = QUEUE_MESSAGES - len(self._queue)
            self._queue.extendleft(reversed(batch[max(0, len(batch) - room) :]))

    # Reading

    async def _hear(self) -> None:
        try:
            place: _Place | None = await self._resume()
            self._hearing = True
            while place is not None:
                place = await self._read(place)
        finally:
            self._hearing = False

    async def _resume(self) -> _Place:
        """Where to go on; at the end of the log for who comes for the first time, at its beginning if it is another one."""
        async with asyncio.timeout(SILENCE_SECONDS), self._redis.pipeline(transaction=False) as pipe:
            pipe.set(self._name, secrets.token_hex(8), nx=True)
            pipe.get(self._name)
            pipe.xrevrange(self._stream, count=1)
            _, log, newest = await pipe.execute()
        if self._place is not None and self._place.log == log:
            return self._place
        entry = newest[0][0] if newest and self._place is None else _START
        self._place = _Place(log, entry, whole=entry == _START)
        self._listeners.lost()
        return self._place

    async def _read(self, place: _Place) -> _Place | None:
        """Wait for what comes next and hand it on; None if this is no longer the log that was read."""
        async with asyncio.timeout(BLOCK_SECONDS + SILENCE_SECONDS):
            found: Any = await self._redis.xread({self._stream: place.entry}, count=BATCH, block=int(BLOCK_SECONDS * 1000))
        entries = found[0][1] if found else []
        # A log that was trimmed before it was read is read in full batches; so most round trips need not ask.
        missed = False
        if len(entries) in (0, BATCH):
            log, oldest = await self._edge()
            if log != place.log:
                return None
            missed = place.entry != _START and _later(oldest, place.entry)
        if not entries:
            return place
        self._hand_on([fields for _, fields in entries], missed, place.whole)
        self._place = place._replace(entry=entries[-1][0])
        return self._place

    async def _edge(self) -> tuple[bytes, bytes]:
        """The log's name, and the id of the oldest entry it still has."""
        async with asyncio.timeout(SILENCE_SECONDS), self._redis.pipeline(transaction=False) as pipe:
            pipe.get(self._name)
            pipe.xrange(self._stream, count=1)
            log, oldest = await pipe.execute()
        return log, oldest[0][0] if oldest else _START

    def _hand_on(self, entries: list[dict[bytes, bytes]], missed: bool, whole: bool) -> None:
        fresh = []
        for fields in entries:
            try:
                (sender, number), channel, message = _FROM.unpack(fields[b"f"]), fields[b"c"].decode(), fields[b"m"]
            except (KeyError, ValueError, struct.error):
                logger.warning("something in the log of the bus is no message of ours")
                continue
            last = self._heard.pop(sender, 0 if whole else number - 1)
            self._heard[sender] = max(last, number)
            if len(self._heard) > SENDERS:
                self._heard.popitem(last=False)
            if number > last:
                missed |= number > last + 1
                fresh.append((channel, message))
        if missed:
            self._listeners.lost()
        for channel, message in fresh:
            self._listeners.deliver(channel, message)


def _later(one: bytes, other: bytes) -> bool:
    """Whether an entry's id, milliseconds and a counter, comes after another's."""
    return tuple(map(int, one.split(b"-"))) > tuple(map(int, other.split(b"-")))
