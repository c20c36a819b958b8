"""A session with one publisher and one viewer, both without codecs, who see each packet as it is on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from realtime.relay.rtp import Packet
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

VIDEO = {"H264": 96}


@dataclass
class Hall:
    """A publisher that has sent frame 200 and a viewer, knowing H264 as 120, that has seen it."""

    house: House
    publisher: LightPeer
    viewer: LightPeer
    last: Packet
    """Frame 200 as the viewer got it."""

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.publisher.send(96, number, number * 3_000, 7, b"frame %d" % number)

    def seen(self) -> list[bytes]:
        return [packet.payload for packet in self.viewer.packets]

    def get(self, payload: bytes) -> Packet:
        return next(packet for packet in self.viewer.packets if packet.payload == payload)


@asynccontextmanager
async def opened(house: House, publisher: LightPeer, viewer: LightPeer) -> AsyncIterator[Hall]:
    """A hall for the length of the block."""
    await publisher.open(house.publish, "sendonly", VIDEO)
    opening: asyncio.Task[LightPeer] | None = None
    # The relay finishes each handshake a moment after its client, so packets flow until one has gone all the way.
    for number in range(1, 201):
        publisher.send(96, number, number * 3_000, 7, b"frame %d" % number)
        if number < 200 and viewer.packets:
            continue
        await asyncio.sleep(0.02)
        if house.live and opening is None:
            opening = asyncio.create_task(viewer.open(house.watch, "recvonly", {"H264": 120}))
    await until(lambda: bool(viewer.packets) and viewer.packets[-1].payload == b"frame 200")
    last = viewer.packets[-1]
    viewer.packets.clear()
    yield Hall(house, publisher, viewer, last)
    await publisher.close()
    await viewer.close()
