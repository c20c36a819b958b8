"""ICE over TCP (RFC 6544), for who is behind a network that lets no UDP through: the same datagrams, each behind its length (RFC 4571).

We only wait for connections (`tcptype passive`). What a client does not read is not kept for it: media of some seconds ago is worth
nothing, so it loses packets as it would over UDP.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

from realtime.relay.ice import Address

_LENGTH = struct.Struct("!H")

MAX_FRAME = 2048
"""Bytes of a frame from a client; a longer one is no datagram of WebRTC's, and the connection is cut."""

MAX_WAITING = 512 * 1024
"""Bytes that wait for a client to read, beside SEND_BUFFER; past it packets are dropped until it has read."""

SEND_BUFFER = 128 * 1024
"""Bytes the kernel keeps for a client; by itself it would keep megabytes of old media."""

STALLED = 5.0
"""Seconds a client may read nothing; then it is cut."""

UNCHECKED = 5.0
"""Seconds a connection may be nobody's: without a signed ICE check, or after its peer has ended. Then it is cut."""

MAX_UNCHECKED = 128
"""Connections that are nobody's; past it the one that came first is cut."""

MAX_CONNECTIONS = 1_000
"""Connections of the relay; past it the next is closed at once."""


class Frames:
    """Datagrams out of a stream in which each stands behind its length (RFC 4571 section 2), however the stream is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The datagrams that are whole now; take them all. Raises ValueError at one that is longer than MAX_FRAME."""
        data, at = self._rest + data, 0
        while at + _LENGTH.size <= len(data):
            (length,) = _LENGTH.unpack_from(data, at)
            if length > MAX_FRAME:
                raise ValueError(f"a frame of {length} bytes, more than {MAX_FRAME}")
            end = at + _LENGTH.size + length
            if end > len(data):
                break
            yield data[at + _LENGTH.size : end]
            at = end
        self._rest = data[at:]


class Connection(asyncio.Protocol):
    """A client's connection: where its datagrams come from, and go to. Belongs to `Connections`."""

    remote: Address

    def __init__(self, connections: "Connections") -> None:
        self._connections = connections
        self._frames = Frames()
        self._timer: asyncio.TimerHandle | None = None
        self._given = 0
        """Bytes that were to be sent."""

    def send(self, datagrams: Sequence[bytes | memoryview]) -> int:
        """Send without waiting; returns how many it takes, all or none. Never raises."""
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > MAX_WAITING:
            return 0
        framed: list[bytes | memoryview] = []
        for datagram in datagrams:
            framed += (_LENGTH.pack(len(datagram)), datagram)
        data = b"".join(framed)
        self._given += len(data)
        self._transport.write(data)
        return len(datagrams)

    def close(self) -> None:
        """Cut it, whatever still waits. Idempotent."""
        self._transport.abort()

    # Called by the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_WAITING // 4)
        self.remote = transport.get_extra_info("peername") or ("", 0)
        self._connections.opened(self)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        try:
            for datagram in self._frames.feed(data):
                self._connections.deliver(datagram, self, now)
        except ValueError:
            self.close()

    def pause_writing(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(STALLED, self._look, self._taken)

    def resume_writing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_lost(self, error: Exception | None) -> None:
        self.resume_writing()
        self._connections.closed(self)

    @property
    def _taken(self) -> int:
        """Bytes that have left for the client."""
        return self._given - self._transport.get_write_buffer_size()

    def _look(self, before: int) -> None:
        """A client that reads too slowly loses packets; one that read nothing since `before` is gone."""
        if self._taken == before:
            self.close()
        else:
            self.pause_writing()


Route = Address | Connection
"""How a peer is reached: an address over UDP, or a connection of its own."""


def remote(route: Route) -> Address:
    """The other end, as we see it."""
    return route.remote if isinstance(route, Connection) else route


class Connections:
    """All connections of the media port. `deliver` is called with each datagram, `lost` when a connection is gone."""

    def __init__(self, deliver: Callable[[bytes, Route, float], None], lost: Callable[[Connection], None]) -> None:
        self.deliver = deliver
        self._lost = lost
        self._all: set[Connection] = set()
        self._unchecked: dict[Connection, asyncio.TimerHandle] = {}
        self._servers: list[asyncio.Server] = []

    async def listen(self, listeners: Iterable[socket.socket]) -> None:
        """Take connections at bound sockets, which are closed by `close`."""
        loop = asyncio.get_running_loop()
        for listener in listeners:
            self._servers.append(await loop.create_server(lambda: Connection(self), sock=listener))

    def close(self) -> None:
        """Take no more, and cut all there are."""
        for server in self._servers:
            server.close()
        for timer in self._unchecked.values():
            timer.cancel()
        for connection in self._all:
            connection.close()

    def checked(self, connection: Connection) -> None:
        """A peer has shown that it is at the other end."""
        timer = self._unchecked.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def release(self, connection: Connection) -> None:
        """It is nobody's any more, or not yet anybody's."""
        if connection in self._all and connection not in self._unchecked:
            self._unchecked[connection] = asyncio.get_running_loop().call_later(UNCHECKED, connection.close)
            if len(self._unchecked) > MAX_UNCHECKED:
                next(iter(self._unchecked)).close()

    # Called by connections.

    def opened(self, connection: Connection) -> None:
        if len(self._all) >= MAX_CONNECTIONS:
            connection.close()
            return
        self._all.add(connection)
        self.release(connection)

    def closed(self, connection: Connection) -> None:
        self.checked(connection)
        self._all.discard(connection)
        self._lost(connection)
