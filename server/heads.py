"""uvicorn's HTTP protocol, with two things it has not: a time for the head of a request, and a short way to the socket.

The size of a head h11 bounds: 16 KiB, past it 400.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtime.endpoint import STATE_KEY

HEAD_SECONDS = 10.0
"""Seconds from a connection, or from the first byte of its next request, to the end of the head; past it the connection is closed."""


class HttpProtocol(H11Protocol):
    """For uvicorn's `http=`, which calls for a class with these callbacks; the body has `server.bodies`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._first = True
        self._socket = b"GET %b " % self.app_state[STATE_KEY].path.encode()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        first, self._first = self._first, False
        if first and self._asks_for_socket(data):
            self._settle()
            self._hand_over(data)
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._settle()
        elif self._deadline is None:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def _asks_for_socket(self, data: bytes) -> bool:
        """Whether this is one whole request for the socket, which its own parser will read: h11's look at it would be half of a join."""
        return data.startswith(self._socket) and data.endswith(b"\r\n\r\n") and b"\r\nupgrade: websocket\r\n" in data.lower()

    def _hand_over(self, data: bytes) -> None:
        """As H11Protocol does after it has parsed the request."""
        self.connections.discard(self)
        protocol: Any = self.ws_protocol_class(config=self.config, server_state=self.server_state, app_state=self.app_state)  # type: ignore[call-arg, misc]
        protocol.connection_made(self.transport)
        protocol.data_received(data)
        self.transport.set_protocol(protocol)

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
