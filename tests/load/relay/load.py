"""The load every server gets: one camera, real SRTP viewers, and what that costs the server's process."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer

RATE = 200
"""Packets a second to each viewer while the camera films."""

PICTURE = 10
"""Packets of one picture, sent at once as an encoder does."""

SIZE = 1200
"""Bytes of a packet's payload."""

BATCH = 20
"""Viewers that join at once. Janus drops what comes before its own first ICE check is answered: each waits a second for DTLS' next try."""

SSRC = 1
CODECS = {"H264": 96}

MAX_LAG = 3 * PICTURE
"""Packets that the hall may be behind the camera."""

ARRIVAL = 3.0
"""Seconds without a packet after which what is still missing is lost: a server that needs more than a core is behind."""

CATCH_UP = 5.0
"""Seconds until a hall that is behind has all but MAX_LAG, and until every newcomer has its first packet (past it, TimeoutError)."""

SETTLING = 0.3
"""Seconds after the last join until the server has done all it does for one."""


class Server(Protocol):
    """What is measured: Marquee or Janus, in a process of its own."""

    name: str
    pid: int

    async def publish(self, peer: LightPeer, payload_types: dict[str, int], ssrc: int) -> None: ...

    async def watch(self, peer: LightPeer, payload_types: dict[str, int]) -> None: ...


@dataclass(frozen=True)
class Plan:
    """A server is measured at each number of viewers in turn, while it forwards so many packets."""

    viewers: tuple[int, ...] = (50, 100, 200)
    packets: int = 160_000

    def pictures(self, viewers: int) -> int:
        return self.packets // viewers // PICTURE


@dataclass(frozen=True)
class Forwarding:
    """One server under load, while the camera filmed."""

    viewers: int
    cpu: float
    """Seconds."""
    received: int
    """Packets by all viewers together."""
    sent: int
    """Packets the viewers should have got."""

    @property
    def us_per_packet(self) -> float:
        return self.cpu / self.received * 1e6 if self.received else float("inf")

    @property
    def delivered(self) -> float:
        return self.received / self.sent if self.sent else 0.0

    def __str__(self) -> str:
        per_core = 1e6 / (self.us_per_packet * RATE)
        return (
            f"viewers={self.viewers} us_per_packet={self.us_per_packet:.2f} viewers_per_core={per_core:.0f} delivered={self.delivered:.3f}"
        )


@dataclass(frozen=True)
class Joining:
    """What the last viewers cost that joined, each by itself."""

    cpu: float
    """Seconds."""
    memory: int
    """Bytes of the process, between the loads before and after them."""

    def __str__(self) -> str:
        return f"ms_per_join={self.cpu * 1e3:.2f} joins_per_core={1 / self.cpu:.0f} kb_per_viewer={self.memory / 1024:.0f}"


@dataclass(frozen=True)
class Measured:
    forwarding: list[Forwarding]
    joining: Joining
    srtp: str
    """The SRTP profile its viewers agreed to."""


def cpu_of(pid: int) -> float:
    """CPU seconds of all threads of a process so far, in Python, kernel and crypto (clock_getcpuclockid(3), to the ns)."""
    return time.clock_gettime(~pid << 3 | 2)


def memory_of(pid: int) -> int:
    """Bytes a process has in memory."""
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Camera:
    """A publisher that sends a packet a second, to be live, and films when told."""

    def __init__(self, peer: LightPeer) -> None:
        self.sent = 0
        self._peer = peer

    @contextlib.asynccontextmanager
    async def idling(self) -> AsyncIterator[None]:
        """For the length of the block; never while filming."""
        task = asyncio.create_task(self._idle())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def film(self, pictures: int, behind: Callable[[int], bool]) -> None:
        """Send pictures at RATE, but none while `behind(packets sent so far)`: on a busy machine the film is longer, not full of holes.

        What is still missing after CATCH_UP is lost: from then on nobody is waited for.
        """
        loop = asyncio.get_running_loop()
        start, before, waiting = loop.time(), self.sent, True
        for number in range(1, pictures + 1):
            self._shoot(PICTURE)
            await asyncio.sleep(start + number * PICTURE / RATE - loop.time())
            if waiting and behind(self.sent - before):
                try:
                    await until(lambda: not behind(self.sent - before), CATCH_UP)
                except TimeoutError:
                    waiting = False

    async def _idle(self) -> None:
        while True:
            self._shoot(1)
            await asyncio.sleep(1.0)

    def _shoot(self, packets: int) -> None:
        timestamp = time.monotonic_ns() * 9 // 100_000
        for place in range(packets):
            self._peer.send(CODECS["H264"], self.sent, timestamp, SSRC, bytes(SIZE), marker=place == packets - 1)
            self.sent += 1


class Hall:
    """The viewers of one server."""

    def __init__(self, server: Server, certificate: Certificate) -> None:
        self.peers: list[LightPeer] = []
        self._server, self._certificate = server, certificate

    @property
    def received(self) -> int:
        return sum(peer.datagrams for peer in self.peers)

    async def fill(self, viewers: int) -> None:
        """Let viewers in, BATCH at once, until there are so many."""
        while len(self.peers) < viewers:
            newcomers = [LightPeer(self._certificate, count_only=True) for _ in range(min(BATCH, viewers - len(self.peers)))]
            self.peers += newcomers
            await asyncio.gather(*(self._server.watch(peer, CODECS) for peer in newcomers))
        await asyncio.sleep(SETTLING)

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()


async def measure(server: Server, plan: Plan) -> Measured:
    """Fill the hall step by step and film at each."""
    certificate = Certificate.generateCertificate()
    peer, hall = LightPeer(certificate), Hall(server, certificate)
    try:
        await server.publish(peer, CODECS, SSRC)
        camera = Camera(peer)
        steps = [await _step(server, hall, camera, viewers, plan.pictures(viewers)) for viewers in plan.viewers]
        before, last = steps[-2:]
        newcomers = last.forwarding.viewers - before.forwarding.viewers
        joining = Joining(last.joined / newcomers, (last.memory - before.memory) // newcomers)
        return Measured([step.forwarding for step in steps], joining, hall.peers[0].srtp)
    finally:
        await hall.close()
        await peer.close()


@dataclass(frozen=True)
class Step:
    forwarding: Forwarding
    joined: float
    """CPU seconds that the newcomers took."""
    memory: int
    """Bytes of the server in the end."""


async def _step(server: Server, hall: Hall, camera: Camera, viewers: int, pictures: int) -> Step:
    async with camera.idling():
        await asyncio.sleep(SETTLING)
        before = cpu_of(server.pid)
        await hall.fill(viewers)
        joined = cpu_of(server.pid) - before
        await until(lambda: all(peer.datagrams for peer in hall.peers), CATCH_UP)
        await asyncio.sleep(SETTLING)
    received, before = hall.received, cpu_of(server.pid)
    await camera.film(pictures, lambda sent: (sent - MAX_LAG) * viewers > hall.received - received)
    await arrival(lambda: hall.received - received, pictures * PICTURE * viewers)
    forwarding = Forwarding(viewers, cpu_of(server.pid) - before, hall.received - received, pictures * PICTURE * viewers)
    return Step(forwarding, joined, memory_of(server.pid))


async def arrival(received: Callable[[], int], sent: int) -> None:
    """Until all is received, or nothing has come for ARRIVAL seconds."""
    seen, since = received(), time.monotonic()
    while seen < sent and time.monotonic() - since < ARRIVAL:
        await asyncio.sleep(0.02)
        if received() > seen:
            seen, since = received(), time.monotonic()
