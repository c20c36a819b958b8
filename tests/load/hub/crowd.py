"""The clients: thousands of sockets in one process, and what they heard together."""

import asyncio
import contextlib
import resource
import time
from array import array
from collections.abc import AsyncIterator

from tests.load.line import Line

SPARE_FILES = 100
"""Open files of a process besides its sockets."""

BATCH = 50
"""Handshakes at once."""

DIGITS = 20
"""Of a stamp: the time of a publish in ns."""


class Ears:
    """What all clients heard together."""

    def __init__(self) -> None:
        self.since = 0
        """Messages stamped before this time, in ns, are not counted."""
        self.latencies = array("q")
        """Nanoseconds, of each message counted."""

    def hear(self, sent: int, now: int) -> None:
        if sent >= self.since:
            self.latencies.append(now - sent)

    async def heard(self, count: int, within: float = 15.0) -> None:
        """Until so many messages came; returns all the same after `within` s, and the figures then say what is missing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while len(self.latencies) < count:  # noqa: ASYNC110  (an event would cost every message)
                    await asyncio.sleep(0.02)


class Client(Line):
    """Reads the stamp of each message."""

    stamp = b'"sent":"'

    def __init__(self, ears: Ears, port: int) -> None:
        super().__init__(port)
        self._ears, self._now = ears, 0

    def data_received(self, data: bytes) -> None:
        self._now = time.monotonic_ns()
        super().data_received(data)

    def message(self, data: bytes, start: int, end: int) -> None:
        if (stamp := data.find(self.stamp, start, end)) >= 0:
            stamp += len(self.stamp)
            self._ears.hear(int(data[stamp : stamp + DIGITS]), self._now)


class SocketIOClient(Client):
    """Engine.IO protocol 4 over a WebSocket alone: `40` joins the namespace, `2` is a ping that `3` answers."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def opened(self) -> None:
        """Not before the namespace is joined."""

    def message(self, data: bytes, start: int, end: int) -> None:
        match data[start : start + 2]:
            case b"0{":
                self.transport.write(b"\x81\x82\x00\x00\x00\x0040")
            case b"40":
                self.ready.set_result(None)
            case b"2":
                self.transport.write(b"\x81\x81\x00\x00\x00\x003")
            case _:
                super().message(data, start, end)


@contextlib.asynccontextmanager
async def connected(port: int, count: int, ears: Ears, kind: type[Client] = Client) -> AsyncIterator[None]:
    loop, transports = asyncio.get_running_loop(), []
    try:
        for start in range(0, count, BATCH):
            made = [loop.create_connection(lambda: kind(ears, port), "127.0.0.1", port) for _ in range(min(BATCH, count - start))]
            pairs = await asyncio.gather(*made)
            transports += [transport for transport, _ in pairs]
            await asyncio.gather(*(client.ready for _, client in pairs))
        yield
    finally:
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0)


def need_files(count: int) -> None:
    """Raise this process' limit of open files, which the servers inherit; ends the program when the machine does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise SystemExit(
                f"The bench needs {count} open files, the limit here is {hard}: raise it (ulimit -Hn {count}) and run it again."
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
