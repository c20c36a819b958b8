"""The servers in Python: Marquee's hub under uvicorn, and two usual ways to tell all sockets the same.

Each prints its port, then does what lines of its standard input say until that ends: `publish count rate size burst` sends `burst`
messages `count` times, `rate` times a second, and answers `published`. Peers in other languages do the same.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from socket import create_server
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.server import ServerConnection, broadcast, serve

from realtime.bus import MemoryBus
from realtime.endpoint import STATE_KEY, Connection, Endpoint
from realtime.hub import Hub
from realtime.ring import Ring
from realtime.socket import SocketProtocol
from server.heads import front_door
from server.serving import spare_collector

Publish = Callable[[bytes], Awaitable[None]]


def message(size: int) -> bytes:
    """A JSON object with the time now, in ns, of `size` bytes."""
    head = b'{"sent":"%020d","text":"' % time.monotonic_ns()
    return head + b"x" * (size - len(head) - 2) + b'"}'


async def obey(port: int, publish: Publish) -> None:
    print(port, flush=True)
    loop = asyncio.get_running_loop()
    while line := await asyncio.to_thread(sys.stdin.readline):
        _, count, rate, size, burst = line.split()
        start = loop.time()
        for number in range(int(count)):
            await asyncio.sleep(start + number / float(rate) - loop.time())
            for _ in range(int(burst)):
                await publish(message(int(size)))
        print("published", flush=True)


async def under_uvicorn(app: Starlette, ws: Any, publish: Publish, http: Any = "auto") -> None:
    listener = create_server(("127.0.0.1", 0), backlog=2048)
    server = uvicorn.Server(uvicorn.Config(app, ws=ws, http=http, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  (uvicorn tells it no other way)
        await asyncio.sleep(0.01)
    await obey(listener.getsockname()[1], publish)
    server.should_exit = True
    await serving


async def marquee(routes: Sequence[BaseRoute] = ()) -> None:
    """With these routes beside the socket."""
    bus, ring = MemoryBus(), Ring.open()
    hub = Hub(bus, ring)
    spare_collector()

    def opened(conn: Connection) -> None:
        conn.settle()
        hub.subscribe(conn, "load")

    def received(conn: Connection, data: bytes) -> None: ...

    def closed(conn: Connection, code: int) -> None: ...

    endpoint = Endpoint(opened=opened, received=received, closed=closed, delegate=WebSocketsSansIOProtocol)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with bus, hub, endpoint:
            hub.open("load", lambda: b"{}")
            yield {STATE_KEY: endpoint}

    async def publish(data: bytes) -> None:
        hub.publish("load", "load", data)

    await under_uvicorn(Starlette(routes=routes, lifespan=lifespan), SocketProtocol, publish, front_door())


async def websockets() -> None:
    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, compression=None) as server:

        async def publish(data: bytes) -> None:
            broadcast(server.connections, data.decode())

        await obey(server.sockets[0].getsockname()[1], publish)


async def starlette() -> None:
    sockets: set[WebSocket] = set()

    async def hold(socket: WebSocket) -> None:
        await socket.accept()
        sockets.add(socket)
        try:
            async for _ in socket.iter_text():
                ...
        finally:
            sockets.discard(socket)

    async def publish(data: bytes) -> None:
        text = data.decode()
        for socket in list(sockets):
            await socket.send_text(text)

    await under_uvicorn(Starlette(routes=[WebSocketRoute("/ws", hold)]), "auto", publish)
