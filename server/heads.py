"""Who comes to the port: whoever asks for the socket goes straight there, everyone else to uvicorn's HTTP protocol.

That has no time for the head of a request, which is given here. The size of a head h11 bounds: 16 KiB, past it 400.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtime.endpoint import STATE_KEY
from realtime.patience import Patience

HEAD_SECONDS = 10.0
"""Seconds from a connection, or from the first byte of its next request, to the end of the head; past it the connection is closed."""

Closing = Patience[asyncio.Transport]


def front_door() -> Callable[..., asyncio.Protocol]:
    """What builds a protocol for each connection, for uvicorn's `http=`."""
    return partial(FrontDoor, Patience(lambda transport: transport.close()))


class FrontDoor(asyncio.Protocol):
    """One TCP connection that has not said anything; its first bytes say who goes on with it.

    uvicorn calls it with `config=, server_state=, app_state=`, and `shutdown()` when the server stops; it must keep itself in
    `server_state.connections`. A request for the socket is not shown to h11 first, whose look at it would be half of a join.
    """

    def __init__(
        self,
        heads: Closing,
        *,
        config: Any,
        server_state: Any,
        app_state: MutableMapping[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._heads = heads
        self._uvicorn = {"config": config, "server_state": server_state, "app_state": app_state}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._uvicorn["server_state"].connections.add(self)
        self._heads.begin(self._transport, HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        self._uvicorn["server_state"].connections.discard(self)
        protocol: Any
        if self._asks_for_socket(data):
            self._heads.end(self._transport)
            protocol = self._uvicorn["config"].ws_protocol_class(**self._uvicorn)
        else:
            protocol = HttpProtocol(self._heads, **self._uvicorn)
        protocol.connection_made(self._transport)
        protocol.data_received(data)
        if self._transport.get_protocol() is self:  # unless that one has given it to another
            self._transport.set_protocol(protocol)

    def connection_lost(self, exc: Exception | None) -> None:
        self._heads.end(self._transport)
        self._uvicorn["server_state"].connections.discard(self)

    def shutdown(self) -> None:
        self._transport.close()

    def _asks_for_socket(self, data: bytes) -> bool:
        """Whether this is one whole request for the socket, which its own parser will read."""
        path = self._uvicorn["app_state"][STATE_KEY].path.encode()
        return data.startswith(b"GET " + path) and data.endswith(b"\r\n\r\n") and b"\r\nupgrade: websocket\r\n" in data.lower()


class HttpProtocol(H11Protocol):
    """uvicorn's own, with a time for each head; the body has `server.bodies`."""

    def __init__(self, heads: Closing, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._heads, self._reading = heads, True  # its first head is waited for since before

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._settle()
        elif not self._reading:
            self._reading = True
            self._heads.begin(self.transport, HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def _settle(self) -> None:
        self._reading = False
        self._heads.end(self.transport)
