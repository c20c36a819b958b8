"""One port over both families: who has only IPv6 meets who has only IPv4."""

import asyncio

import pytest
from aiortc.sdp import SessionDescription

from realtime.relay import Relay
from realtime.relay.binding import bind
from realtime.relay.dtls import Certificate
from tests.realtime.relay.camera import Camera
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

CODECS = {"audio": 111, "VP8": 96}


def addresses(answer: str) -> list[tuple[str, str, int]]:
    return [(c.protocol, c.ip, c.port) for c in SessionDescription.parse(answer).media[0].ice_candidates]


async def test_a_publisher_over_ipv6_is_watched_over_ipv4(certificate: Certificate) -> None:
    house = House("::1", "127.0.0.1")
    async with house.relay:
        camera = Camera(await LightPeer(certificate).open(house.publish, "sendonly", CODECS), "camera")
        assert camera.peer.socket.getpeername()[:2] == ("::1", house.relay.port)
        await until(lambda: house.live)

        async def over_ipv4(offer: str) -> str:
            answer = await house.watch(offer)
            assert [a for a in addresses(answer) if a[0] == "udp"] == [
                ("udp", "::1", house.relay.port),
                ("udp", "127.0.0.1", house.relay.port),
            ]
            return "\r\n".join(line for line in answer.splitlines() if "candidate" not in line or "::1" not in line) + "\r\n"

        viewer = await LightPeer(certificate).open(over_ipv4, "recvonly", {"VP8": 100, "audio": 111})
        await until(lambda: len(viewer.packets) > 20)
        assert house.relay.counters.unsent == 0
        await asyncio.gather(camera.leave(), viewer.close())


async def test_aiortc_publishes_and_watches_over_ipv6() -> None:
    house = House("::1")
    async with house.relay, publishing(house.publish, video="VP8"):
        await until(lambda: house.live)
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)


async def test_an_address_of_a_family_that_is_not_bound_is_refused_at_the_start() -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.2 cannot be reached at 2001:db8::1"):
        async with Relay("127.0.0.2", 0, ["127.0.0.2", "2001:db8::1"]):
            pass


def test_a_port_that_is_taken_in_one_family_is_taken() -> None:
    bound = bind("::1", 0)
    sockets = [*bound.datagrams, *bound.listeners]
    try:
        [number] = {sock.getsockname()[1] for sock in sockets}
        assert len(sockets) == 4
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", number)
    finally:
        for sock in sockets:
            sock.close()
