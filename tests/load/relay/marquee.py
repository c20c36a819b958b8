"""Marquee's relay in its own process, as it runs in production."""

import contextlib
from collections.abc import AsyncIterator

from realtime.relay import RelayProcess
from tests.realtime.relay.clients import relay_processes, until
from tests.realtime.relay.light import LightPeer

SESSION = "load"


class Marquee:
    """A server for the bench."""

    name = "marquee"

    def __init__(self, pid: int, relay: RelayProcess) -> None:
        self.pid = pid
        self._relay = relay

    async def publish(self, peer: LightPeer, payload_types: dict[str, int], ssrc: int) -> None:
        """Let `peer` send to the session; the SSRC is learned from its packets."""

        async def signal(offer: str) -> str:
            return (await self._relay.publish(SESSION, offer)).sdp

        await peer.open(signal, "sendonly", payload_types)

    async def watch(self, peer: LightPeer, payload_types: dict[str, int]) -> None:
        """Let `peer` receive what is published."""

        async def signal(offer: str) -> str:
            await until(lambda: self._relay.live(SESSION))
            return (await self._relay.watch(SESSION, offer)).sdp

        await peer.open(signal, "recvonly", payload_types)


@contextlib.asynccontextmanager
async def marquee(address: str) -> AsyncIterator[Marquee]:
    """A relay at this address for the length of the block."""
    async with RelayProcess(address, 0, [address]) as relay:
        (pid,) = relay_processes()
        yield Marquee(pid, relay)
