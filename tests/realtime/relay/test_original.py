"""The floor's sound beneath an interpretation: a second section of sound, in the same stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np
import pytest
from aiortc import MediaStreamTrack
from aiortc.rtp import RtcpSrPacket
from aiortc.sdp import SessionDescription

from realtime.relay import rtcp
from realtime.relay.answer import BENEATH_ID, STREAM_ID
from realtime.relay.dtls import Certificate
from realtime.relay.rtp import Packet
from tests.realtime.relay.clients import Signal, negotiate, no_servers, publishing, until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_booths import FRAME, Hall, Voice, hall

__all__ = ["hall"]

FLOOR, BOOTH = 440.0, 1_500.0
"""Hz."""

LINES = {"audio": 109, "original": 97}


async def pitch(track: MediaStreamTrack) -> float:
    """The strongest frequency of the next 200 ms, in Hz."""
    heard = np.concatenate([(await track.recv()).to_ndarray().reshape(-1, 2)[:, 0] for _ in range(10)])  # type: ignore[union-attr]
    return float(np.argmax(np.abs(np.fft.rfft(heard))) * 48_000 / len(heard))


async def sounds_like(track: MediaStreamTrack, frequency: float) -> None:
    async with asyncio.timeout(10):
        while abs(await pitch(track) - frequency) > 20:
            pass


@asynccontextmanager
async def listening(signal: Signal) -> AsyncIterator[tuple[MediaStreamTrack, MediaStreamTrack]]:
    """A viewer with two sections of sound, for the length of the block."""
    connection = no_servers()
    try:
        for _ in range(2):
            connection.addTransceiver("audio", direction="recvonly")
        await negotiate(connection, signal)
        first, second = (transceiver.receiver.track for transceiver in connection.getTransceivers())
        yield first, second
    finally:
        await connection.close()


async def test_one_section_has_the_interpretation_and_the_other_the_floor(house: House) -> None:
    async with publishing(house.publish, tone=FLOOR, video=None), publishing(house.interpret, tone=BOOTH, video=None):
        await until(lambda: house.live and house.channels == [("es", True)])

        async def watch(offer: str) -> str:
            return (await house.relay.watch("summit", offer, "es")).sdp

        async with listening(watch) as (first, second):
            await asyncio.gather(sounds_like(first, BOOTH), sounds_like(second, FLOOR))


class Listener:
    """Somebody with two sections of sound, whose packets are told apart by how they were promised."""

    def __init__(self, peer: LightPeer, resource: str) -> None:
        self.peer, self.resource = peer, resource

    @classmethod
    async def enter(cls, house: House, certificate: Certificate) -> "Listener":
        return cls(await LightPeer(certificate).open(house.watch, "recvonly", LINES), house.resources[-1])

    def packets(self, line: str) -> list[Packet]:
        return [packet for packet in self.peer.packets if packet.payload_type == LINES[line]]

    def heard(self, line: str) -> str:
        """Who spoke in the newest packet."""
        packets = self.packets(line)
        return packets[-1].payload.decode().split()[0] if packets else ""

    async def hears_more(self, line: str, count: int = 5) -> None:
        before = len(self.packets(line))
        await until(lambda: len(self.packets(line)) >= before + count)

    def assert_unbroken(self, line: str) -> None:
        packets = self.packets(line)
        assert len({packet.ssrc for packet in packets}) == 1
        for before, after in pairwise(packets):
            assert 1 <= (after.sequence - before.sequence) & 0xFFFF <= 5
            assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 96_000


async def test_the_original_is_heard_only_beneath_another_sound_that_is_there(hall: Hall) -> None:
    listener = await Listener.enter(hall.house, hall.certificate)
    await listener.hears_more("audio")
    assert listener.heard("original") == ""
    await hall.house.relay.choose(listener.resource, "es")
    voice = await hall.interpreter("spanish")
    await until(lambda: (listener.heard("audio"), listener.heard("original")) == ("spanish", "floor"))
    assert {packet.payload.split()[0] for packet in listener.packets("original")} == {b"floor"}
    await hall.house.relay.end(hall.house.resources[-1])
    await until(lambda: listener.heard("audio") == "floor")
    quiet = len(listener.packets("original"))
    await listener.hears_more("audio", 10)
    assert len(listener.packets("original")) == quiet
    assert hall.heard() == "floor"  # of whom nobody asked anything
    for line in LINES:
        listener.assert_unbroken(line)
    assert len({packet.ssrc for packet in listener.peer.packets}) == 2
    await listener.peer.close()
    await voice.leave()


async def test_it_comes_and_goes_as_it_is_wanted_in_its_own_numbers(hall: Hall) -> None:
    voice, listener = await hall.interpreter("spanish"), await Listener.enter(hall.house, hall.certificate)
    await until(lambda: hall.house.channels == [("es", True)])
    choose = hall.house.relay.choose
    await choose(listener.resource, "es", False)
    await until(lambda: listener.heard("audio") == "spanish")
    assert listener.heard("original") == ""
    for _ in range(2):
        await choose(listener.resource, "es", True)
        await listener.hears_more("original")
        await choose(listener.resource, "es", False)
        quiet = len(listener.packets("original"))
        await listener.hears_more("audio", 15)
        assert len(listener.packets("original")) <= quiet + 1  # which was on its way
    await choose(listener.resource, "es", True)
    await listener.hears_more("original")
    await choose(listener.resource, None)
    await until(lambda: listener.heard("audio") == "floor")
    await choose(listener.resource, "es")
    await listener.hears_more("original")
    for line in LINES:
        listener.assert_unbroken(line)
    await listener.peer.close()
    await voice.leave()


async def test_a_wish_comes_with_the_offer_and_the_clock_of_the_floor_with_the_sound(hall: Hall) -> None:
    voice = await hall.interpreter("spanish")
    await until(lambda: hall.house.channels == [("es", True)])
    peers = [LightPeer(hall.certificate) for _ in range(2)]
    for peer, beneath in zip(peers, (True, False), strict=True):
        answer = await hall.house.relay.watch("summit", peer.offer("recvonly", LINES), "es", beneath)
        await peer.connect(SessionDescription.parse(answer.sdp))
    listener, other = (Listener(peer, "") for peer in peers)
    await listener.hears_more("original")
    await other.hears_more("audio", 10)
    assert other.packets("original") == []
    hall.floor.peer.send_rtcp(rtcp.sender_report(5, rtcp.ntp_now(), hall.floor.count * FRAME, 1, 1))
    ssrc = listener.packets("original")[0].ssrc
    await until(lambda: any(isinstance(report, RtcpSrPacket) and report.ssrc == ssrc for report in listener.peer.rtcp))
    for peer in peers:
        await peer.close()
    await voice.leave()


@pytest.mark.parametrize(("sections", "msids"), [(["audio"], [STREAM_ID]), (["audio", "original"], [STREAM_ID, BENEATH_ID])])
async def test_each_section_is_promised_a_stream_of_its_own(hall: Hall, sections: list[str], msids: list[str]) -> None:
    peer = LightPeer(hall.certificate)
    answer = await hall.house.relay.watch("summit", peer.offer("recvonly", {name: LINES[name] for name in sections}))
    assert [media.msid.split()[0] for media in SessionDescription.parse(answer.sdp).media if media.msid] == msids
    await peer.close()


async def test_a_session_without_sound_has_no_second_section_of_it(house: House, certificate: Certificate) -> None:
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", {"VP8": 96})
    publisher.send(96, 1, 3_000, 7, b"\x10\x50 picture")
    await until(lambda: house.live)
    voice = Voice(await LightPeer(certificate).open(house.interpret, "sendonly", {"audio": 111}), "spanish")
    viewer = LightPeer(certificate)
    answer = SessionDescription.parse(await house.watch(viewer.offer("recvonly", {"VP8": 100, **LINES})))
    assert [media.port != 0 for media in answer.media] == [True, False, False]
    for peer in (publisher, viewer):
        await peer.close()
    await voice.leave()
