"""What delivery costs: server CPU per message at 1,000 sockets of one channel, beside two usual ways to do the same.

    python -m tests.load.hub [--quick]

The peers are `broadcast()` of the websockets library, and a Starlette application that awaits `send_text` for each socket in turn.
Each server is a process of its own on uvloop; the clients are this process. A server's whole CPU time (Python and kernel) while it
publishes is divided by the messages that arrived; latency is from the publish to the client's read, by the machine's one clock.
Takes about 45 seconds; `--quick` is a few sockets and a second, to see that it all still runs.
"""

import asyncio
import base64
import contextlib
import os
import resource
import sys
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from socket import create_server
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.server import ServerConnection, broadcast, serve

from realtime.bus import MemoryBus
from realtime.endpoint import STATE_KEY, Connection, Endpoint
from realtime.hub import Hub
from realtime.socket import SocketProtocol

SPARE_FILES = 100
"""Open files of a process besides its sockets."""
BATCH = 50
"""Handshakes at once."""
STAMP = b'"sent":"'
DIGITS = 20
SECONDS_LIMIT = 60
"""For one server's part, connecting included; past it the bench fails."""


@dataclass(frozen=True)
class Load:
    """`publishes` messages of `size` bytes, `rate` a second, to every one of `sockets`."""

    sockets: int = 1000
    publishes: int = 200
    rate: float = 20
    size: int = 200


QUICK = Load(sockets=20, publishes=20, rate=100)
WARM_UP = 10
"""Publishes before the measured ones, so that every path has been taken once."""

Publish = Callable[[bytes], Awaitable[None]]


def message(size: int) -> bytes:
    """A JSON object with the time now, in ns, of `size` bytes."""
    head = b'{"sent":"%020d","text":"' % time.monotonic_ns()
    return head + b"x" * (size - len(head) - 2) + b'"}'


async def obey(port: int, publish: Publish) -> None:
    """Print the port, then do what lines of standard input say until it ends: `usage`, or `publish count rate size`."""
    print(port, flush=True)
    loop = asyncio.get_running_loop()
    while line := await asyncio.to_thread(sys.stdin.readline):
        match line.split():
            case ["usage"]:
                usage = resource.getrusage(resource.RUSAGE_SELF)
                print(usage.ru_utime + usage.ru_stime, flush=True)
            case ["publish", count, rate, size]:
                start = loop.time()
                for number in range(int(count)):
                    await asyncio.sleep(start + number / float(rate) - loop.time())
                    await publish(message(int(size)))
                print("published", flush=True)


async def under_uvicorn(app: Starlette, ws: Any, publish: Publish) -> None:
    listener = create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, ws=ws, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  (uvicorn tells it no other way)
        await asyncio.sleep(0.01)
    await obey(listener.getsockname()[1], publish)
    server.should_exit = True
    await serving


async def marquee_server() -> None:
    bus = MemoryBus()
    hub = Hub(bus)

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

    await under_uvicorn(Starlette(lifespan=lifespan), SocketProtocol, publish)


async def websockets_server() -> None:
    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, compression=None) as server:

        async def publish(data: bytes) -> None:
            broadcast(server.connections, data.decode())

        await obey(server.sockets[0].getsockname()[1], publish)


async def starlette_server() -> None:
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


class Client(asyncio.Protocol):
    """A WebSocket client that reads stamps and answers pings: as cheap as Python allows, to leave the machine to the server."""

    stamp = STAMP

    def __init__(self, ears: Ears, port: int) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ears, self._port, self._rest, self._open = ears, port, b"", False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

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
            self.ready.set_result(None)
        self._rest = self._frames(data, time.monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the server closed the connection"))

    def _frames(self, data: bytes, now: int) -> bytes:
        """Take the whole frames off the front; returns the rest. Servers' frames are not masked (RFC 6455 section 5.1)."""
        at, end = 0, len(data)
        while end - at >= 4:
            start, size = at + 2, data[at + 1]
            if size == 126:
                start, size = at + 4, data[at + 2] << 8 | data[at + 3]
            if start + size > end:
                break
            if data[at] & 15 == 9:
                self._transport.write(b"\x8a" + bytes([0x80 | size]) + bytes(4) + data[start : start + size])
            elif (stamp := data.find(self.stamp, start, start + size)) >= 0:
                stamp += len(self.stamp)
                self._ears.hear(int(data[stamp : stamp + DIGITS]), now)
            at = start + size
        return data[at:]


class Server:
    """A server process, told what to do over its standard input."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port

    async def ask(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line.encode() + b"\n")
        return (await self.process.stdout.readline()).decode().strip()

    async def publish(self, load: Load, count: int) -> None:
        await self.ask(f"publish {count} {load.rate} {load.size}")

    async def usage(self) -> float:
        """CPU seconds so far."""
        return float(await self.ask("usage"))


@contextlib.asynccontextmanager
async def server(kind: str, module: str = "tests.load.hub") -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, kind, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Server(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


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


@dataclass(frozen=True)
class Figures:
    """One server under load."""

    cpu: float
    """Seconds."""
    latencies: list[int]
    """Nanoseconds, sorted, one for each message that arrived."""
    expected: int

    @property
    def us_per_message(self) -> float:
        return self.cpu / len(self.latencies) * 1e6 if self.latencies else float("inf")

    def milliseconds(self, share: float) -> float:
        """The latency that this share of the messages kept within."""
        return self.latencies[int(share * (len(self.latencies) - 1))] / 1e6 if self.latencies else float("inf")

    def __str__(self) -> str:
        return (
            f"us_per_message={self.us_per_message:.2f} p50_ms={self.milliseconds(0.5):.1f} p99_ms={self.milliseconds(0.99):.1f}"
            f" delivered={len(self.latencies) / self.expected:.3f}"
        )


async def measure(kind: str, load: Load) -> Figures:
    ears, expected = Ears(), load.sockets * load.publishes
    async with asyncio.timeout(SECONDS_LIMIT), server(kind) as tested, connected(tested.port, load.sockets, ears):
        await tested.publish(load, WARM_UP)
        await ears.heard(load.sockets * WARM_UP)
        ears.since, ears.latencies = time.monotonic_ns(), array("q")
        before = await tested.usage()
        await tested.publish(load, load.publishes)
        await ears.heard(expected)
        after = await tested.usage()
    return Figures(after - before, sorted(ears.latencies), expected)


def need_files(count: int) -> None:
    """Raise this process' limit of open files, which the servers inherit; ends the program when the machine does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise SystemExit(
                f"The bench needs {count} open files, the limit here is {hard}: raise it (ulimit -Hn {count}) and run it again."
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


PROGRAMS = {"marquee": marquee_server, "websockets": websockets_server, "starlette": starlette_server}


async def bench(load: Load) -> None:
    need_files(load.sockets + SPARE_FILES)
    marquee = await measure("marquee", load)
    print(f"hub {marquee} sockets={load.sockets} publishes_per_s={load.rate:g} bytes={load.size}", flush=True)
    for peer in ("websockets", "starlette"):
        figures = await measure(peer, load)
        print(f"hub {peer}: {figures} vs_{peer}={figures.us_per_message / marquee.us_per_message:.2f}x", flush=True)


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else ""
    uvloop.run(PROGRAMS[argument]() if argument in PROGRAMS else bench(QUICK if argument == "--quick" else Load()))
