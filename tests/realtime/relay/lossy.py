"""A bad network on the loopback interface: a client's datagrams pass through here, and some are lost, late or out of order."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.realtime.relay.clients import Signal


@dataclass
class Path:
    """Losses are shares of 1, times in seconds; both directions are alike. `rebind` is the client's NAT giving it another port."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    """Up to this much more delay for each datagram, which is what reorders them."""
    passed: int = 0
    lost: int = 0
    _dice: random.Random = field(default_factory=lambda: random.Random(7))
    _client: tuple[str, int] | None = None

    async def open(self, relay: int) -> int:
        """Stand between a client and the relay's port; returns the port that the client is to send to."""
        self._loop = asyncio.get_running_loop()
        self._relay = "127.0.0.1", relay
        self._near, _ = await self._loop.create_datagram_endpoint(lambda: _End(self._from_client), ("127.0.0.1", 0))
        await self.rebind()
        port: int = self._near.get_extra_info("sockname")[1]
        return port

    async def rebind(self) -> None:
        old = getattr(self, "_far", None)
        self._far, _ = await self._loop.create_datagram_endpoint(lambda: _End(self._from_relay), ("127.0.0.1", 0))
        if old is not None:
            old.close()

    def close(self) -> None:
        self._near.close()
        self._far.close()

    def _from_client(self, data: bytes, address: tuple[str, int]) -> None:
        self._client = address
        self._pass(self._near, data, lambda: self._far.sendto(data, self._relay))

    def _from_relay(self, data: bytes, _: tuple[str, int]) -> None:
        self._pass(self._far, data, lambda: self._near.sendto(data, self._client))

    def _pass(self, transport: asyncio.DatagramTransport, data: bytes, send: Any) -> None:
        if data[0] >= 128 and self._dice.random() < self.loss:  # media only: a lost handshake is another test
            self.lost += 1
            return
        self.passed += 1

        def late() -> None:
            if not self._near.is_closing() and not self._far.is_closing():
                send()

        self._loop.call_later(self.delay + self._dice.random() * self.jitter, late)


class _End(asyncio.DatagramProtocol):
    def __init__(self, received: Any) -> None:
        self.datagram_received = received


@asynccontextmanager
async def through(path: Path, relay: int, signal: Signal) -> AsyncIterator[Signal]:
    """The same signalling, whose answers lead through the path."""
    port = await path.open(relay)

    async def signal_through(offer: str) -> str:
        return (await signal(offer)).replace(f" {relay} typ host", f" {port} typ host")

    try:
        yield signal_through
    finally:
        path.close()
