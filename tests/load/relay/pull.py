"""What a second node costs: the delay that one pull adds, and the CPU it takes at the origin and at the node that pulls."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from realtime.relay import RelayProcess
from realtime.relay.dtls import Certificate
from tests.load.relay.load import CODECS, PICTURE, SSRC, Camera, Plan, arrival, cpu_of
from tests.load.relay.marquee import SESSION, Marquee
from tests.realtime.relay.clients import relay_processes, until
from tests.realtime.relay.light import LightPeer


class Timed(LightPeer):
    """Knows when each packet came, in the order of the camera's."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate, count_only=True)
        self.times: list[float] = []

    def _receive(self, datagram: bytes) -> None:
        if not 192 <= datagram[1] <= 223:
            self.times.append(time.perf_counter())
        super()._receive(datagram)


@dataclass(frozen=True)
class Pulled:
    """`added` are the milliseconds by which each packet came later to a viewer of the second node; CPU is in microseconds a packet."""

    added: list[float]
    origin: float
    """What feeding the other node adds to a packet's cost."""
    edge: float
    """What a packet costs the node that pulls, its one viewer included."""

    def __str__(self) -> str:
        cuts = statistics.quantiles(self.added, n=100)
        return f"added_p50_ms={cuts[49]:.2f} added_p99_ms={cuts[98]:.2f} us_origin={self.origin:.1f} us_edge={self.edge:.1f}"


@contextlib.asynccontextmanager
async def two(address: str) -> AsyncIterator[tuple[Marquee, Marquee, RelayProcess, RelayProcess]]:
    """Two relays in processes of their own."""
    async with RelayProcess(address, 0, [address]) as origin:
        (first,) = relay_processes()
        async with RelayProcess(address, 0, [address]) as edge:
            (second,) = set(relay_processes()) - {first}
            yield Marquee(first, origin), Marquee(second, edge), origin, edge


async def measure(address: str, plan: Plan) -> Pulled:
    """Film for one viewer of the origin, then for one more at the node that pulls."""
    certificate, pictures = Certificate.generateCertificate(), max(plan.packets // 100, 2 * PICTURE) // PICTURE
    camera_peer, here, there = LightPeer(certificate), Timed(certificate), Timed(certificate)
    async with two(address) as (origin, edge, from_, to):
        try:
            await origin.publish(camera_peer, CODECS, SSRC)
            camera = Camera(camera_peer)
            async with camera.idling():
                await origin.watch(here, CODECS)
                await until(lambda: bool(here.times))
            alone = await _film(camera, pictures, [origin.pid], [here])
            async with camera.idling():
                offer = await to.offer_pull()
                await to.pull(SESSION, None, offer, (await from_.feed(SESSION, offer.sdp)).sdp)
                await edge.watch(there, CODECS)
                await until(lambda: bool(there.times))
            both = await _film(camera, pictures, [origin.pid, edge.pid], [here, there])
        finally:
            for peer in (camera_peer, here, there):
                await peer.close()
    sent = pictures * PICTURE
    pairs = zip(here.times[-sent:], there.times[-sent:], strict=True)
    return Pulled([(later - first) * 1e3 for first, later in pairs], (both[0] - alone[0]) / sent * 1e6, both[1] / sent * 1e6)


async def _film(camera: Camera, pictures: int, servers: list[int], viewers: list[Timed]) -> list[float]:
    """The CPU seconds of each server meanwhile. Raises SystemExit when a packet was lost: the times are then not of the same packets."""
    await asyncio.sleep(0.3)
    for viewer in viewers:
        viewer.times.clear()
    before = [cpu_of(server) for server in servers]
    await camera.film(pictures, lambda sent: False)
    await arrival(lambda: min(len(viewer.times) for viewer in viewers), pictures * PICTURE)
    if any(len(viewer.times) < pictures * PICTURE for viewer in viewers):
        raise SystemExit("a viewer of two nodes lacks packets: the figures of this run are void")
    return [cpu_of(server) - at for server, at in zip(servers, before, strict=True)]
