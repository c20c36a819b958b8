"""A session's clients at another process: what its owner sees of them, and the pipe between the two processes.

The process that has a client's socket (the edge) passes on what the client says, as it is. At the owner a `Remote` stands for the
client; what the owner sends comes back through the pipe, and where it lets the client follow a channel, the edge lets the client follow
its own mirror of that channel. So an update crosses once per process, however many follow it there.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from realtime.endpoint import Connection, Endpoint
from realtime.outbox import Outbox

PIPE_BYTES = 16 * 1024 * 1024
"""Bytes waiting for another process, at most. Past it the pipe breaks, and the clients whose words went through it come back."""

FULL_BYTES = 4 * 1024 * 1024
"""Bytes waiting past which an edge takes no more commands: they are refused as overloaded, and nothing is lost."""

BATCH_BYTES = 256 * 1024
"""Bytes sent in one message, more or less: what queued while the last one was on its way."""


class Said(Struct, array_like=True, frozen=True, tag=0):
    """Edge to owner: a message of a client; the first is its hello."""

    conn: int
    data: bytes


class Gone(Struct, array_like=True, frozen=True, tag=1):
    """Edge to owner: a client's connection has ended, with this code."""

    conn: int
    code: int


class Told(Struct, array_like=True, frozen=True, tag=0):
    """Owner to edge: messages to a client."""

    conn: int
    texts: list[bytes]


class Follow(Struct, array_like=True, frozen=True, tag=1):
    conn: int
    channel: str
    resume: tuple[str, int] | None


class Unfollow(Struct, array_like=True, frozen=True, tag=2):
    conn: int
    channel: str


class Close(Struct, array_like=True, frozen=True, tag=3):
    conn: int
    code: int
    reason: str


class Ended(Struct, array_like=True, frozen=True, tag=4):
    """Owner to edge: a channel is no more."""

    channel: str


class Misplaced(Struct, array_like=True, frozen=True, tag=5):
    """Owner to edge: this client's session is not here; whoever owns it now is to be asked for again."""

    conn: int


Up = Said | Gone
Down = Told | Follow | Unfollow | Close | Ended | Misplaced

read_up = msgspec.msgpack.Decoder(list[Up]).decode
read_down = msgspec.msgpack.Decoder(list[Down]).decode

_encode = msgspec.msgpack.Encoder().encode
_OVERHEAD = 32


class PipeBroken(Exception):
    """More waits for the other process than PIPE_BYTES: it does not read."""


class Pipe:
    """What is to be sent to another process, in order; what comes up while something is sent leaves together."""

    def __init__(self) -> None:
        self._items: list[tuple[Up | Down, int]] = []
        self._size = 0
        self._wake = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether more than FULL_BYTES wait."""
        return self._size > FULL_BYTES

    def put(self, item: Up | Down, size: int = 0) -> None:
        """`size` is in bytes. Never waits; to a pipe that has broken it is a no-op."""
        if self._size <= PIPE_BYTES:
            self._items.append((item, size + _OVERHEAD))
            self._size += size + _OVERHEAD
        self._wake.set()

    def ended(self, channel: str) -> None:
        """The owner has closed a channel that clients of the other process follow."""
        self.put(Ended(channel))

    async def run(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send what is put, until cancelled. Raises PipeBroken, and what `send` raises."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            items, self._items = self._items, []
            while items:
                if self._size > PIPE_BYTES:
                    raise PipeBroken
                batch, size = _front(items)
                await send(_encode(batch))
                self._size -= size
                items = items[len(batch) :]


def _front(items: list[tuple[Up | Down, int]]) -> tuple[list[Up | Down], int]:
    batch: list[Up | Down] = []
    total = 0
    for item, size in items:
        batch.append(item)
        total += size
        if total > BATCH_BYTES:
            break
    return batch, total


class Remote(Connection):
    """A client of another process, at the owner of its session. It is not among the endpoint's own: the other process counts, pings
    and times it.
    """

    __slots__ = ("number", "pipe")

    def __init__(self, endpoint: Endpoint, pipe: Pipe, number: int) -> None:
        super().__init__(endpoint)
        self.pipe, self.number = pipe, number
        self.open = True

    def received(self, data: bytes) -> None:
        """The client has said something."""
        if self.open:
            self._message(data)

    def gone(self, code: int) -> None:
        """The client's connection, or the way to it, has ended. Call it once."""
        self.settle()
        self._gone()
        self._endpoint.closed(self, code)

    def send(self, *texts: bytes) -> None:
        if self.open:
            self.pipe.put(Told(self.number, list(texts)), sum(map(len, texts)))

    def follow(self, channel: str, resume: tuple[str, int] | None) -> None:
        self.pipe.put(Follow(self.number, channel, resume), len(channel))

    def unfollow(self, channel: str) -> None:
        self.pipe.put(Unfollow(self.number, channel), len(channel))

    def misplaced(self) -> None:
        """The client's session is not here."""
        self._stop()
        self.pipe.put(Misplaced(self.number))

    def close(self, code: int, reason: str = "") -> None:
        Outbox.close(self, code, reason)  # the edge says when to come back

    def abort(self) -> None:
        """Nothing: the edge cuts its own."""

    def backlog(self) -> int:
        return 0

    def check(self) -> None:
        """Nothing: the edge pings."""

    def _say_goodbye(self, code: int, reason: str) -> None:
        self.pipe.put(Close(self.number, code, reason), len(reason))
