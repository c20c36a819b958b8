"""What forwarding costs: server CPU per packet at 50, 100 and 200 real SRTP viewers, beside three others in the same run.

    python -m tests.load.relay [--quick]

The others: Janus (Debian's, C, its VideoRoom), aiortc's MediaRelay, and the floor, which sends the same packets without a relay.
Each server is a process of its own; the clients are this process. The cost is the server process' whole CPU time (its code, kernel
and crypto) while the camera films, divided by the packets that arrived; a server that loses packets makes the run void.
One line is of a second node that pulls from the first: the delay it adds, and the CPU a packet costs both of them more.
Janus takes no loopback address, so all run in a network namespace that the bench makes for itself (as root, or where users may);
its one address is that of a veth interface, and packets to it take the same way through the kernel as those to 127.0.0.1.
Takes about 90 seconds; `--quick` is a few viewers, without Janus and MediaRelay, to see that it all still runs.
"""

import asyncio
import contextlib
import os
import sys

import uvloop

from tests.load.relay import floor, mediarelay, pull
from tests.load.relay.janus import installed, janus
from tests.load.relay.load import Forwarding, Measured, Plan, Server, measure
from tests.load.relay.marquee import marquee

ADDRESS, INTERFACE = "10.99.0.1", "media0"

NAMESPACE = f"""
ip link set lo up && ip link add {INTERFACE} type veth peer name media1 && ip link set {INTERFACE} up && ip link set media1 up &&
ip address add {ADDRESS}/32 dev {INTERFACE} && exec "$@"
"""

QUICK = Plan(viewers=(2, 4), packets=400)

SECONDS_LIMIT = 60
"""For one server; past it the bench fails."""

DELIVERED = 0.99
"""Of the packets; with less, the cost per packet means nothing."""


def tell(name: str, forwarding: Forwarding, more: str = "") -> None:
    print(f"relay {name} {forwarding}{more}", flush=True)
    if forwarding.delivered < DELIVERED:
        raise SystemExit(f"{name} delivered only {forwarding.delivered:.3f} of the packets: the figures of this run are void")


async def measured(serving: contextlib.AbstractAsyncContextManager[Server], plan: Plan) -> Measured:
    async with asyncio.timeout(SECONDS_LIMIT), serving as server:
        found = await measure(server, plan)
    for forwarding in found.forwarding:
        tell(server.name, forwarding, f" srtp={found.srtp}")
    print(f"relay {server.name} {found.joining}", flush=True)
    return found


async def second(address: str, plan: Plan) -> None:
    async with asyncio.timeout(SECONDS_LIMIT):
        print(f"relay pull {await pull.measure(address, plan)}", flush=True)


async def ground(address: str, plan: Plan) -> list[Forwarding]:
    async with asyncio.timeout(SECONDS_LIMIT):
        found = await floor.measure(address, plan)
    for forwarding in found:
        tell("floor", forwarding, " srtp=none")
    return found


def worst(ours: list[Forwarding], others: list[Forwarding]) -> tuple[float, float]:
    """The smallest and the largest of our costs divided by another's at the same number of viewers, in the two largest halls."""
    ratios = [mine.us_per_packet / other.us_per_packet for mine, other in zip(ours[-2:], others[-2:], strict=True)]
    return min(ratios), max(ratios)


async def quick() -> None:
    ours = await measured(marquee("127.0.0.1"), QUICK)
    await second("127.0.0.1", QUICK)
    bare = await ground("127.0.0.1", QUICK)
    print(f"relay vs_floor={worst(ours.forwarding, bare)[1]:.1f}")


async def bench(plan: Plan) -> None:
    ours = await measured(marquee(ADDRESS), plan)
    await second(ADDRESS, plan)
    bare = await ground(ADDRESS, plan)
    theirs = await measured(janus(INTERFACE, ADDRESS), plan)
    async with asyncio.timeout(SECONDS_LIMIT):
        tell("mediarelay", await mediarelay.measure())
    vs_janus, vs_floor = 1 / worst(ours.forwarding, theirs.forwarding)[1], worst(ours.forwarding, bare)[1]
    print(f"relay vs_janus={vs_janus:.1f} vs_floor={vs_floor:.1f}")


def apart() -> None:
    """Run this program again in a network namespace of its own."""
    if not installed():
        raise SystemExit("The bench compares with Janus, which is not here: .ci/install janus, or --quick for a run without it.")
    unshare = ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else [])]
    command = [sys.executable, "-m", "tests.load.relay", "--apart"]
    os.execvp(unshare[0], [*unshare, "sh", "-c", NAMESPACE, "sh", *command])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--quick"]:
            uvloop.run(quick())
        case ["--apart"]:
            uvloop.run(bench(Plan()))
        case _:
            apart()
