"""The floor and its interpretations, heard within one stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from aiortc.rtp import RtcpSrPacket

from realtime.relay import TooManyBooths, UnknownResource, rtcp
from realtime.relay.dtls import Certificate
from realtime.relay.hearing import MAX_BOOTHS
from realtime.relay.line import NEAR
from realtime.relay.rtp import Packet
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

FRAME = 960
"""20 ms of Opus in timestamp units."""


class Voice:
    """Somebody who says their name in a packet every 20 ms; `quiet` stops them without their leaving."""

    def __init__(self, peer: LightPeer, name: str) -> None:
        self.peer, self.name, self.quiet, self.count = peer, name, False, 0
        self._task = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        while True:
            if not self.quiet:
                self.count += 1
                self.peer.send(111, self.count, self.count * FRAME, 5, f"{self.name} {self.count}".encode(), marker=False)
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        self._task.cancel()
        await self.peer.close()


@dataclass
class Hall:
    house: House
    certificate: Certificate
    floor: Voice
    listener: LightPeer
    resource: str
    """The listener's."""

    async def interpreter(self, name: str) -> Voice:
        return Voice(await LightPeer(self.certificate).open(self.house.interpret, "sendonly", {"audio": 111}), name)

    def heard(self) -> str:
        """Who spoke in the newest packet."""
        return self.listener.packets[-1].payload.decode().split()[0]

    async def hears(self, name: str, seconds: float = 5.0) -> None:
        await until(lambda: self.heard() == name, seconds)


@pytest.fixture
async def hall(house: House, certificate: Certificate) -> AsyncIterator[Hall]:
    floor = Voice(await LightPeer(certificate).open(house.publish, "sendonly", {"audio": 111}), "floor")
    await until(lambda: house.live)
    listener = await LightPeer(certificate).open(house.watch, "recvonly", {"audio": 109})
    await until(lambda: bool(listener.packets))
    yield Hall(house, certificate, floor, listener, house.resources[-1])
    await floor.leave()
    await listener.close()


def assert_unbroken(packets: list[Packet]) -> None:
    """One SSRC and payload type, no number twice, no gap a player could not conceal, time that goes on at its pace."""
    assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(packets[0].ssrc, 109)}
    for before, after in pairwise(packets):
        assert 1 <= (after.sequence - before.sequence) & 0xFFFF <= 1 + NEAR["audio"][0]
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 96_000  # a booth is known to be silent after a second or so


async def test_a_listener_moves_to_the_interpretation_and_back_within_its_stream(hall: Hall) -> None:
    voice = await hall.interpreter("spanish")
    await until(lambda: hall.house.channels == [("es", True)])
    assert hall.heard() == "floor"
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await hall.house.relay.choose(hall.resource, "es") == "es"
    await hall.hears("spanish")
    assert loop.time() - begun < 0.5
    await asyncio.sleep(0.3)
    assert await hall.house.relay.choose(hall.resource, None) is None
    await hall.hears("floor")
    assert await hall.house.relay.choose(hall.resource, "es") == "es"
    await hall.hears("spanish")
    assert_unbroken(hall.listener.packets)
    await voice.leave()


async def test_who_waits_for_a_language_hears_the_floor_until_its_booth_speaks(hall: Hall) -> None:
    assert await hall.house.relay.choose(hall.resource, "es") is None
    assert hall.heard() == "floor"
    voice = await hall.interpreter("spanish")
    await hall.hears("spanish")
    assert_unbroken(hall.listener.packets)
    await voice.leave()


async def test_the_floor_returns_by_itself_when_the_booth_leaves_or_falls_silent(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.booth.SILENCE", 0.3)
    await hall.house.relay.choose(hall.resource, "es")
    voice = await hall.interpreter("spanish")
    await hall.hears("spanish")
    voice.quiet = True
    await hall.hears("floor")
    voice.quiet = False
    await hall.hears("spanish")
    await hall.house.relay.end(hall.house.resources[-1])
    await hall.hears("floor", 1.0)
    assert hall.house.channels == [("es", True), ("es", False), ("es", True), ("es", False)]
    assert_unbroken(hall.listener.packets)
    await voice.leave()


async def test_a_colleague_takes_the_microphone_without_a_gap(hall: Hall) -> None:
    await hall.house.relay.choose(hall.resource, "es")
    first = await hall.interpreter("ana")
    await hall.hears("ana")
    second = await hall.interpreter("bea")
    await hall.hears("bea")
    await until(lambda: first.peer.dtls.state == "closed")
    assert hall.house.channels == [("es", True)]
    said = [packet.payload.decode().split()[0] for packet in hall.listener.packets]
    assert said == sorted(said, key=["floor", "ana", "bea"].index)
    assert_unbroken(hall.listener.packets)
    await first.leave()
    await second.leave()


async def test_a_newcomer_may_listen_to_another_language_than_its_neighbour(hall: Hall) -> None:
    voice = await hall.interpreter("spanish")
    await until(lambda: hall.house.channels == [("es", True)])
    newcomer = await LightPeer(hall.certificate).open(hall.house.watch, "recvonly", {"audio": 97})
    await hall.house.relay.choose(hall.house.resources[-1], "es")
    await until(lambda: bool(newcomer.packets) and newcomer.packets[-1].payload.startswith(b"spanish"))
    assert hall.heard() == "floor"
    assert_unbroken(hall.listener.packets)
    await newcomer.close()
    await voice.leave()


async def test_a_hall_that_changes_to_a_language_is_sent_to_as_one_group(hall: Hall) -> None:
    """Each listener who moved has a line of their own; without sharing, each would cost as much as all together."""
    others = []
    for _ in range(2):
        others.append(await LightPeer(hall.certificate).open(hall.house.watch, "recvonly", {"audio": 109}))
        await asyncio.sleep(0.1)
    resources = hall.house.resources[-3:]
    voice = await hall.interpreter("spanish")
    await until(lambda: hall.house.channels == [("es", True)])
    for resource in resources:
        await asyncio.sleep(0.07)
        await hall.house.relay.choose(resource, "es")
    listeners = [hall.listener, *others]
    await until(lambda: all(peer.packets and peer.packets[-1].payload.startswith(b"spanish") for peer in listeners))
    await asyncio.sleep(0.1)
    newest = {(peer.packets[-1].payload, peer.packets[-1].sequence, peer.packets[-1].timestamp) for peer in listeners}
    assert len({sequence for _, sequence, _ in newest}) == len({payload for payload, _, _ in newest})
    for peer in listeners:
        assert_unbroken(peer.packets)
    for peer in others:
        await peer.close()
    await voice.leave()


async def test_an_interpreters_clock_is_told_as_the_floors(hall: Hall) -> None:
    """Whose computer's clock is an hour ahead: players would wait an hour to show sound and picture in step."""
    hour, now = 3600 << 32, rtcp.ntp_now()
    await hall.house.relay.choose(hall.resource, "es")
    voice = await hall.interpreter("spanish")
    await hall.hears("spanish")
    hall.floor.peer.send_rtcp(rtcp.sender_report(5, now, hall.floor.count * FRAME, 1, 1))
    await asyncio.sleep(0.1)
    voice.peer.send_rtcp(rtcp.sender_report(5, rtcp.ntp_now() + hour, voice.count * FRAME, 1, 1))
    await until(lambda: bool(hall.listener.feedback(RtcpSrPacket)))
    report = hall.listener.feedback(RtcpSrPacket)[-1]
    assert isinstance(report, RtcpSrPacket)
    assert abs(report.sender_info.ntp_timestamp - rtcp.ntp_now()) < 2 << 32
    newest = hall.listener.packets[-1]
    assert abs(((report.sender_info.rtp_timestamp - newest.timestamp + 2**31) & 0xFFFFFFFF) - 2**31) < 48_000
    await voice.leave()


async def test_only_a_viewer_chooses_and_booths_are_counted(hall: Hall) -> None:
    with pytest.raises(UnknownResource):
        await hall.house.relay.choose(hall.house.resources[0], "es")
    offer = hall.floor.peer.offer("sendonly", {"audio": 111})
    for number in range(MAX_BOOTHS):
        await hall.house.relay.publish("summit", offer, f"x-{number}")
    with pytest.raises(TooManyBooths):
        await hall.house.relay.publish("summit", offer, "es")
