"""A publisher of packets that say whose they are."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from realtime.relay.rtp import Packet
from tests.realtime.relay.light import LightPeer

KEY, DELTA = b"\x10\x50", b"\x10\x51"
"""How a packet of VP8 begins that needs none before it, and one that does."""


class Camera:
    """A picture of VP8 and a sound 50 times a second, each with its name; every 25th picture is a keyframe."""

    def __init__(self, peer: LightPeer, name: str, *, keyframes: bool = True) -> None:
        self.peer, self.name, self.quiet, self.count = peer, name, False, 0
        self._keyframes = keyframes
        self._task = asyncio.create_task(self._film())

    async def _film(self) -> None:
        while True:
            if not self.quiet:
                begins = KEY if self._keyframes and self.count % 25 == 0 else DELTA
                self.peer.send(96, self.count, self.count * 1_800, 7, begins + f"{self.name} {self.count}".encode())
                self.peer.send(111, self.count, self.count * 960, 5, f"{self.name} {self.count}".encode(), marker=False)
                self.count += 1
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        self._task.cancel()
        await self.peer.close()


def assert_seamless(packets: Sequence[Packet]) -> None:
    """Not a number is missing or told twice, and the time of no picture is before another's that was numbered before it."""
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90_000 * 5
