"""The delivery law as a property: whatever is published, lost, stalled and resumed, snapshot + updates equals the state."""

import asyncio
import json
from functools import partial
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from realtime import channel as channels
from realtime import hub as hubs
from realtime.bus import MemoryBus
from realtime.hub import Hub
from realtime.outbox import split_frames
from tests.realtime.paper import Paper

NAMES = st.sampled_from(["poll", "questions"])
CLIENTS = st.integers(0, 5)
TICK = 0.002

LIMITS = patch.multiple(hubs, TICK=TICK, SLICE=2), patch.multiple(channels, LOG_FRAMES=4, LOG_BYTES=700, PENDING_BYTES=400, ASK_SECONDS=0.0)
"""Small, so that a few steps reach every one of them."""


class Reader(Paper):
    """A client that keeps the law: it applies what fits, and takes anything else for a failure of the server."""

    __slots__ = ("at", "awaits", "states")

    def __init__(self, at: dict[str, tuple[str, int]], states: dict[str, dict[str, int]]) -> None:
        super().__init__(high=300)
        self.at, self.states = at, states
        self.awaits: set[str] = set()  # channels subscribed afresh: nothing counts before the snapshot

    def _put(self, blob: bytes) -> None:
        super()._put(blob)
        for text in split_frames(blob):
            self.apply(json.loads(text))

    def apply(self, message: dict[str, Any]) -> None:
        name, epoch, seq = message["channel"], message["epoch"], message["seq"]
        if name not in self.subscriptions:
            return
        if message["type"] == "snapshot":
            self.states[name] = message["data"]
            self.awaits.discard(name)
        elif name not in self.awaits:
            assert self.at[name] == (epoch, seq - 1), f"at {self.at[name]}, then came {epoch, seq}"
            self.states[name] = {**self.states[name], **message["data"]}
        self.at[name] = epoch, seq


class Delivery(RuleBasedStateMachine):
    """Clients 0-3 are of the process that owns the channels, 4 and 5 of another that mirrors them."""

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
        self.owner, self.other = Hub(bus), Hub(bus)
        await self.owner.__aenter__()
        await self.other.__aenter__()
        for name in self.states:
            self.owner.open(name, partial(self._snapshot, name))
            self.other.mirror(name)

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
        reader = self.clients.setdefault(client, Reader({}, {}))
        reader.awaits.add(name)
        self.do(self.hub(client).subscribe, reader, name)

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
            reader = self.clients[to] = Reader(dict(old.at), dict(old.states))
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
        self.loop.run_until_complete(asyncio.sleep(TICK * 1.5))

    @invariant()
    def memory_is_bounded(self) -> None:
        for reader in self.clients.values():
            assert len(reader.buffer) < 3000

    @rule()
    def settle(self) -> None:
        """Once everyone reads and the wires are quiet, everyone has the state."""
        for reader in self.clients.values():
            self.do(reader.read)
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(TICK * 1.5))
        for client, reader in self.clients.items():
            for name in reader.subscriptions:
                assert reader.states[name] == self.states[name]
                assert reader.at[name] == self.owner._channels[name].at == self.hub(client)._channels[name].at


Delivery.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
TestDelivery = Delivery.TestCase
