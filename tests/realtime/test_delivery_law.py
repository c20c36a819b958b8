"""The delivery law as a property: whatever is published, lost, stalled and resumed, snapshot + updates equals the state."""

import asyncio
import ctypes
import errno
import json
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from realtime import channel as channels
from realtime import hub as hubs
from realtime import volley
from realtime.bus import MemoryBus
from realtime.hub import Hub
from realtime.outbox import split_frames
from realtime.ring import Ints, Ring
from tests.realtime.paper import Paper

NAMES = st.sampled_from(["poll", "questions"])
CLIENTS = st.integers(0, 5)
TICK = 0.0003

LIMITS = (
    patch.multiple(hubs, TICK=TICK, SLICE=2),
    patch.object(volley, "ENTRIES", 1),
    patch.multiple(channels, LOG_FRAMES=4, LOG_BYTES=700, PENDING_BYTES=400, ASK_SECONDS=0.0),
)
"""Small, so that a few steps reach every one of them."""


class Reader(Paper):
    """A client that keeps the law: it applies what fits, and takes anything else for a failure of the server."""

    __slots__ = ("at", "awaits", "broken", "heard", "states")

    def __init__(self, at: dict[str, tuple[str, int]], states: dict[str, dict[str, int]]) -> None:
        super().__init__(high=300)
        self.at, self.states = at, states
        self.heard, self.broken = b"", ""
        self.awaits: set[str] = set()  # channels subscribed afresh: nothing counts before the snapshot

    def _put(self, blob: bytes) -> None:
        super()._put(blob)
        self.hear(blob)

    def hear(self, blob: bytes) -> None:
        """Bytes, of which the last frame may be cut off."""
        self.heard += blob
        while (end := frame_end(self.heard)) <= len(self.heard):
            text, self.heard = self.heard[:end], self.heard[end:]
            self.apply(json.loads(split_frames(text)[0]))

    def apply(self, message: dict[str, Any]) -> None:
        name, epoch, seq = message["channel"], message["epoch"], message["seq"]
        if name not in self.subscriptions:
            return
        if message["type"] == "snapshot":
            self.states[name] = message["data"]
            self.awaits.discard(name)
        elif name not in self.awaits:
            if self.at[name] != (epoch, seq - 1):
                self.broken = f"at {self.at[name]}, then came {epoch, seq}"  # raised, it would look like a transport's failure
            self.states[name] = {**self.states[name], **message["data"]}
        self.at[name] = epoch, seq


def frame_end(data: bytes) -> int:
    """Where the first frame ends, were it all there."""
    if len(data) < 4:
        return 4
    return 2 + data[1] if data[1] < 126 else 4 + int.from_bytes(data[2:4])


class Wire:
    """The kernel's part of a ring for readers on paper: who stalls has room for the half of what is sent, or for nothing."""

    def __init__(self) -> None:
        self.readers: dict[int, Reader] = {}
        self.sends = 0

    def connect(self, reader: Reader) -> None:
        reader.fd = len(self.readers)
        self.readers[reader.fd] = reader

    def send(self, fds: Ints, addresses: Any, sizes: Any) -> Ints:
        assert len(set(fds)) == len(fds)
        return np.array([self._one(self.readers[fd], *at) for fd, *at in zip(fds, addresses, sizes, strict=True)], np.int32)

    def _one(self, reader: Reader, address: int, size: int) -> int:
        assert reader.open, "sent to after it closed"
        assert not reader.buffer, "sent before what was written"
        self.sends += 1
        if reader.stalled and self.sends % 2:
            return -errno.EAGAIN
        took = int(size) // 2 if reader.stalled else int(size)
        reader.hear(ctypes.string_at(int(address), took))
        return took


class Delivery(RuleBasedStateMachine):
    """Clients 0-3 are of the process that owns the channels, 4 and 5 of another that mirrors them; all but
    1 and 4 have descriptors.
    """

    @initialize()
    def start(self) -> None:
        for limit in LIMITS:
            limit.start()
        self.loop = asyncio.new_event_loop()
        self.states: dict[str, dict[str, int]] = {"poll": {}, "questions": {}}
        self.clients: dict[int, Reader] = {}
        self.left: dict[int, Reader] = {}
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        bus = MemoryBus()
        self.wire = Wire()
        ring = cast(Ring, self.wire)
        self.owner, self.other = Hub(bus, ring), Hub(bus, ring)
        await self.owner.__aenter__()
        await self.other.__aenter__()
        for name in self.states:
            self.owner.open(name, partial(self._snapshot, name))
            self.other.mirror(name)
        for client in range(6):
            for name in self.states:
                reader = self.clients.get(client) or self.come(client, Reader({}, {}))
                reader.awaits.add(name)
                self.hub(client).subscribe(reader, name)

    def _snapshot(self, name: str) -> bytes:
        return json.dumps(self.states[name]).encode()

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.settle()
        finally:
            self.loop.run_until_complete(self.owner.__aexit__())
            self.loop.run_until_complete(self.other.__aexit__())
            self.loop.close()
            for limit in LIMITS:
                limit.stop()

    def do(self, action: Any, *args: Any) -> None:
        """Call it on the loop, without a turn for anything else."""

        async def call() -> None:
            action(*args)

        self.loop.run_until_complete(call())

    def hub(self, client: int) -> Hub:
        return self.other if client > 3 else self.owner

    @rule(name=NAMES, key=st.sampled_from("abc"), value=st.integers(0, 9), times=st.integers(1, 3))
    def publish(self, name: str, key: str, value: int, times: int) -> None:
        for n in range(times):
            self.states[name][key] = value + n
            self.do(self.owner.publish, name, "changed", json.dumps({key: value + n}).encode())

    @rule(name=NAMES)
    def reset(self, name: str) -> None:
        self.states[name] = {}
        self.do(self.owner.reset, name)

    @rule(client=CLIENTS, name=NAMES)
    def subscribe(self, client: int, name: str) -> None:
        reader = self.clients.get(client) or self.come(client, Reader({}, {}))
        reader.awaits.add(name)
        self.do(self.hub(client).subscribe, reader, name)

    def come(self, client: int, reader: Reader) -> Reader:
        self.clients[client] = reader
        if client % 3 != 1:
            self.wire.connect(reader)
        return reader

    @rule(client=CLIENTS, name=NAMES)
    def unsubscribe(self, client: int, name: str) -> None:
        if client in self.clients:
            self.do(self.hub(client).unsubscribe, self.clients[client], name)

    @rule(client=CLIENTS)
    def disconnect(self, client: int) -> None:
        if client in self.clients:
            self.left[client] = self.clients.pop(client)
            self.do(self.left[client].abort)

    @rule(client=CLIENTS, to=CLIENTS)
    def resume(self, client: int, to: int) -> None:
        """A client returns, perhaps to the other process, with what it had."""
        if client in self.left and to not in self.clients:
            old = self.left.pop(client)
            reader = self.come(to, Reader(dict(old.at), dict(old.states)))
            for name, at in old.at.items():
                if name not in old.awaits:
                    self.do(self.hub(to).subscribe, reader, name, at)

    @rule(client=CLIENTS)
    def stall(self, client: int) -> None:
        if client in self.clients:
            self.clients[client].stalled = True

    @rule(client=CLIENTS)
    def read(self, client: int) -> None:
        if client in self.clients:
            self.do(self.clients[client].read)

    @rule()
    def turn(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))

    @rule()
    def tick(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0.003))

    @invariant()
    def memory_is_bounded(self) -> None:
        for reader in self.clients.values():
            assert len(reader.buffer) < 3000

    @invariant()
    def there_is_no_gap(self) -> None:
        assert not [reader.broken for reader in self.clients.values() if reader.broken]

    @rule()
    def settle(self) -> None:
        """Once everyone reads and the wires are quiet, everyone has the state."""
        for reader in self.clients.values():
            self.do(reader.read)
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0.003))
        for client, reader in self.clients.items():
            for name in reader.subscriptions:
                assert reader.states[name] == self.states[name]
                assert reader.at[name] == self.owner._channels[name].at == self.hub(client)._channels[name].at


Delivery.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
TestDelivery = Delivery.TestCase
