"""A WebSocket client's half of a connection, as cheap as Python allows: the machine is left to the server under load."""

import asyncio
import base64
import os
from typing import Any

TEXT, CLOSE, PING = 1, 8, 9


class Line(asyncio.Protocol):
    """Asks for `path`, is `ready` when a subclass says so, answers pings, and hands every whole text to `message`."""

    path = "/ws"

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port, self._host, self._rest, self._open = port, host, b"", False

    def opened(self) -> None:
        """The server has agreed."""
        self.ready.set_result(None)

    def message(self, data: bytes, start: int, end: int) -> None:
        """One text frame's payload is `data[start:end]`."""

    def ended(self, code: int, reason: str) -> None:
        """The server says goodbye; then the connection is closed."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(ConnectionError(head.decode("latin-1").splitlines()[0]))
                return
            self._open = True
            self.opened()
        self._rest = self._take(data)

    def _take(self, data: bytes) -> bytes:
        """Take the whole frames off the front; returns the rest. Servers' frames are not masked (RFC 6455 section 5.1)."""
        at, end = 0, len(data)
        while end - at >= 2:
            start, size = at + 2, data[at + 1]
            if size == 126:
                start, size = at + 4, int.from_bytes(data[at + 2 : at + 4])
            elif size == 127:
                start, size = at + 10, int.from_bytes(data[at + 2 : at + 10])
            if end < start or start + size > end:
                break
            if data[at] & 15 == PING:
                self.transport.write(b"\x8a" + bytes([0x80 | size]) + bytes(4) + data[start : start + size])
            elif data[at] & 15 == TEXT:
                self.message(data, start, start + size)
            elif data[at] & 15 == CLOSE:
                self.ended(int.from_bytes(data[start : start + 2]), data[start + 2 : start + size].decode())
                self.transport.close()
            at = start + size
        return data[at:]


def frame(text: bytes) -> bytes:
    """A client's text frame with a mask of zeros, which leaves it as it is (RFC 6455 section 5.3)."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return b"\x81" + size + bytes(4) + text
