"""What delivery costs: server CPU per message, beside other ways to tell thousands of sockets the same.

    python -m tests.load.hub [--quick]

The peers are a bare `send()` loop in C, uWebSockets.js, `ws` and Socket.IO of Node, `broadcast()` of the websockets library, and a
Starlette application that awaits `send_text` for each socket in turn. Each server is a process of its own; the clients are this
process. A server's whole CPU time (its own and the kernel's) while it publishes is divided by the messages that arrived, one at a
time and in bursts of eight; that of the handshakes and the memory they took by the sockets. Latency is from the publish to the
client's read, by the machine's one clock. Takes about eight minutes; `--quick` is a few sockets and the peers in Python, to see that
it all still runs. Run it on a quiet machine.
"""

import asyncio
import sys
import time
from array import array
from dataclasses import dataclass

import uvloop

from tests.load.hub import servers
from tests.load.hub.crowd import SPARE_FILES, Client, Ears, SocketIOClient, connected, need_files
from tests.load.hub.processes import PYTHON, Server, all_peers, peer

SECONDS_LIMIT = 120
"""For one server's part, connecting included; past it the bench fails."""

WARM_UP = 3
"""Publishes before the measured ones, so that every path has been taken once."""

BURST = 8


@dataclass(frozen=True)
class Load:
    """`messages` of `size` bytes arrive in all, `rate` a second, at each of `crowds` sockets in turn."""

    crowds: tuple[int, ...] = (1000, 5000, 10_000)
    messages: int = 200_000
    rate: float = 20_000
    size: int = 250


QUICK = Load(crowds=(20,), messages=400, rate=2000)


@dataclass(frozen=True)
class Figures:
    """One server under one load. CPU is in us, memory in KB; latencies are in ns, sorted."""

    message: float
    burst: float
    """Per message, where eight leave together."""
    join: float
    kb: float
    latencies: list[int]
    delivered: float

    def milliseconds(self, share: float) -> float:
        """The latency that this share of the messages kept within."""
        return self.latencies[int(share * (len(self.latencies) - 1))] / 1e6 if self.latencies else float("inf")

    def __str__(self) -> str:
        return (
            f"us_per_message={self.message:.2f} us_in_bursts={self.burst:.2f} join_us={self.join:.0f} kb={self.kb:.1f}"
            f" p50_ms={self.milliseconds(0.5):.1f} p99_ms={self.milliseconds(0.99):.1f} delivered={self.delivered:.3f}"
        )


async def published(tested: Server, ears: Ears, load: Load, sockets: int, burst: int) -> float:
    """CPU per message in us; the ears then hold what arrived."""
    times = max(1, load.messages // sockets)
    ears.since, ears.latencies = time.monotonic_ns(), array("q")
    before = tested.cpu()
    await tested.publish(times, load.rate / sockets, load.size, burst)
    await ears.heard(times * burst * sockets)
    return (tested.cpu() - before) / max(1, len(ears.latencies)) * 1e6


async def measure(name: str, load: Load, sockets: int) -> Figures:
    ears, kind = Ears(), SocketIOClient if name == "socketio" else Client
    async with asyncio.timeout(SECONDS_LIMIT), peer(name) as tested:
        await asyncio.sleep(0.5)  # it has just started, and that is not what a socket costs
        cpu, memory = tested.cpu(), tested.memory()
        async with connected(tested.port, sockets, ears, kind):
            join, kb = (tested.cpu() - cpu) / sockets * 1e6, (tested.memory() - memory) / sockets / 1024
            await tested.publish(WARM_UP, load.rate / sockets, load.size)
            await ears.heard(WARM_UP * sockets)
            burst = await published(tested, ears, load, sockets, BURST)
            message = await published(tested, ears, load, sockets, 1)
            delivered = len(ears.latencies) / (max(1, load.messages // sockets) * sockets)
    return Figures(message, burst, join, kb, sorted(ears.latencies), delivered)


async def bench(load: Load, names: tuple[str, ...]) -> None:
    need_files(max(load.crowds) + SPARE_FILES)
    for sockets in load.crowds:
        found: dict[str, Figures] = {}
        for name in names:
            found[name] = await measure(name, load, sockets)
            print(f"hub {name} sockets={sockets} {found[name]}", flush=True)
    print(summary(found))


def summary(found: dict[str, Figures]) -> str:
    """Of the largest crowd: `vs_c` and `vs_uws` (in bursts) are our cost by theirs, the others their cost by ours."""
    ours, parts = found.pop("marquee"), []
    for name, theirs in found.items():
        match name:
            case "c":
                parts.append(f"vs_c={ours.message / theirs.message:.2f}")
            case "uws":
                parts.append(f"vs_uws={ours.burst / theirs.burst:.2f}")
            case _:
                parts.append(f"vs_{name}={theirs.message / ours.message:.2f}x" if ours.message else f"vs_{name}=?")
    return f"hub {' '.join(parts)} join_us={ours.join:.0f} kb={ours.kb:.1f}"


def main() -> None:
    argument = sys.argv[1] if len(sys.argv) > 1 else ""
    if argument in PYTHON:
        uvloop.run(getattr(servers, argument)())
    elif argument == "--quick":
        uvloop.run(bench(QUICK, PYTHON))
    else:
        uvloop.run(bench(Load(), all_peers()))


if __name__ == "__main__":
    main()
