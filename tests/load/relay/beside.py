"""What a hall full of viewers costs those at the sockets: the hub's latencies beside the relay, in a process of its own or in a thread.

    python -m tests.load.relay.beside [--quick]

A server has Marquee's hub under uvicorn and a relay, which is once the process that it is in production and once a thread with a loop
of its own in the server's process. 1,000 sockets hear 20 updates a second while no viewer watches, and then while 500 do, each getting
200 packets a second by SRTP. Of the viewers a few are read to see that all is sent; the others' packets end in the kernel, so that the
machine is not busy with them. Latency is from the publish to the client's read. Takes about two minutes. Run it on a quiet machine.
"""

import asyncio
import contextlib
import socket
import sys
import threading
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx
import uvloop
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from realtime.relay import Answer, NotLive, Relay, RelayProcess
from realtime.relay.dtls import Certificate
from tests.load.hub import servers
from tests.load.hub.crowd import SPARE_FILES, Ears, connected, need_files
from tests.load.hub.processes import Server, server
from tests.load.relay.load import CODECS, PICTURE, RATE, SETTLING, SSRC, Camera, Hall, arrival
from tests.realtime.relay.light import LightPeer

HOST, SESSION = "127.0.0.1", "load"
SIZE = 250
"""Bytes of an update."""
WAYS = ("process", "thread")


@dataclass(frozen=True)
class Plan:
    sockets: int = 1_000
    updates: int = 20
    """A second."""
    viewers: int = 500
    read: int = 10
    """Viewers whose packets are counted."""
    seconds: int = 15


QUICK = Plan(sockets=10, viewers=4, read=2, seconds=1)


# The server


class Threaded:
    """A relay on a loop of its own, in a thread of this process."""

    def __init__(self) -> None:
        self._ready, self._ended = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()))

    async def __aenter__(self) -> "Threaded":
        self._thread.start()
        await asyncio.to_thread(self._ready.wait)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        await asyncio.to_thread(self._thread.join)

    async def publish(self, session: str, offer: str) -> Answer:
        return await self._call(lambda: self._relay.publish(session, offer))

    async def watch(self, session: str, offer: str) -> Answer:
        return await self._call(lambda: self._relay.watch(session, offer))

    async def _call(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        async def called() -> Answer:
            return await call()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(called(), self._loop))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with Relay(HOST, 0, [HOST]) as self._relay:
            self._ready.set()
            await self._ended.wait()


async def serve(way: str) -> None:
    async with RelayProcess(HOST, 0, [HOST]) if way == "process" else Threaded() as relay:
        await servers.marquee([Route(f"/{name}", answering(getattr(relay, name)), methods=["POST"]) for name in ("publish", "watch")])


def answering(take: Callable[[str, str], Awaitable[Answer]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return PlainTextResponse((await take(SESSION, (await request.body()).decode())).sdp)
        except NotLive:
            return PlainTextResponse(status_code=409)

    return answer


# The clients


class Beside:
    """The relay of a server, for a Hall."""

    name = "beside"

    def __init__(self, tested: Server, http: httpx.AsyncClient) -> None:
        self.pid, self._http = tested.process.pid, http

    async def publish(self, peer: LightPeer, payload_types: dict[str, int], ssrc: int) -> None:
        await peer.open(lambda offer: self._signal("publish", offer), "sendonly", payload_types)

    async def watch(self, peer: LightPeer, payload_types: dict[str, int]) -> None:
        await peer.open(lambda offer: self._signal("watch", offer), "recvonly", payload_types)

    async def _signal(self, what: str, offer: str) -> str:
        while (answer := await self._http.post(f"/{what}", content=offer)).status_code == 409:  # noqa: ASYNC110 - until it is live
            await asyncio.sleep(0.05)
        return answer.raise_for_status().text


@dataclass(frozen=True)
class Felt:
    """Latencies in ns, sorted; `delivered` of the viewers' packets, and of the updates `heard`."""

    viewers: int
    latencies: list[int]
    heard: float
    delivered: float

    def ms(self, share: float) -> float:
        return self.latencies[int(share * (len(self.latencies) - 1))] / 1e6 if self.latencies else float("inf")

    def __str__(self) -> str:
        cuts = " ".join(f"{name}_ms={self.ms(share):.1f}" for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)))
        return f"viewers={self.viewers} {cuts} heard={self.heard:.3f} delivered={self.delivered:.3f}"


def leave_unread(peers: list[LightPeer]) -> None:
    """Their packets end in a buffer of the kernel's that is always full."""
    for peer in peers:
        asyncio.get_running_loop().remove_reader(peer.socket)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)


async def feel(tested: Server, ears: Ears, camera: Camera, read: list[LightPeer], viewers: int, plan: Plan) -> Felt:
    """Publish to the sockets while the camera films."""
    pictures = plan.seconds * RATE // PICTURE
    before, wanted = sum(peer.datagrams for peer in read), pictures * PICTURE * len(read)
    ears.since, ears.latencies = time.monotonic_ns(), array("q")
    await asyncio.gather(camera.film(pictures, lambda sent: False), tested.publish(plan.seconds * plan.updates, plan.updates, SIZE))
    await ears.heard(updates := plan.seconds * plan.updates * plan.sockets)
    await arrival(lambda: sum(peer.datagrams for peer in read) - before, wanted)
    got = sum(peer.datagrams for peer in read) - before
    return Felt(viewers, sorted(ears.latencies), len(ears.latencies) / updates, got / wanted if wanted else 1.0)


@contextlib.asynccontextmanager
async def opened(way: str) -> AsyncIterator[tuple[Server, Beside]]:
    command = sys.executable, "-m", "tests.load.relay.beside", way
    async with server(*command) as tested, httpx.AsyncClient(base_url=f"http://{HOST}:{tested.port}", timeout=30.0) as http:
        yield tested, Beside(tested, http)


async def measure(way: str, plan: Plan) -> list[Felt]:
    """Without viewers, and with them."""
    certificate, ears = Certificate.generateCertificate(), Ears()
    async with opened(way) as (tested, relay), connected(tested.port, plan.sockets, ears):
        peer, hall = LightPeer(certificate), Hall(relay, certificate)
        try:
            await relay.publish(peer, CODECS, SSRC)
            camera = Camera(peer)
            async with camera.idling():
                await asyncio.sleep(SETTLING)
            found = [await feel(tested, ears, camera, [], 0, plan)]
            async with camera.idling():
                await hall.fill(plan.viewers)
                leave_unread(hall.peers[plan.read :])
                await asyncio.sleep(SETTLING)
            return [*found, await feel(tested, ears, camera, hall.peers[: plan.read], plan.viewers, plan)]
        finally:
            await hall.close()
            await peer.close()


async def bench(plan: Plan) -> None:
    need_files(plan.sockets + plan.viewers + SPARE_FILES)
    for way in WAYS:
        for felt in await measure(way, plan):
            print(f"beside {way} {felt}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--quick"]:
            uvloop.run(bench(QUICK))
        case [way] if way in WAYS:
            uvloop.run(serve(way))
        case _:
            uvloop.run(bench(Plan()))
