"""Retransmissions in a stream of their own (RFC 4588), from a publisher and to a viewer."""

import struct
from collections.abc import AsyncIterator

import pytest
from aiortc.rtp import RtcpRtpfbPacket

from realtime.relay import rtcp
from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.hall import Hall, opened
from tests.realtime.relay.light import LightPeer


@pytest.fixture
async def hall(house: House, certificate: Certificate) -> AsyncIterator[Hall]:
    async with opened(house, LightPeer(certificate, rtx=97), LightPeer(certificate, rtx=121)) as hall:
        yield hall


async def test_a_viewer_gets_what_it_lost_in_the_stream_its_answer_named_and_under_numbers_of_its_own(hall: Hall) -> None:
    hall.send(201, 202, 203)
    await until(lambda: b"frame 203" in hall.seen())
    ssrc, lost = hall.last.ssrc, [hall.get(frame).sequence for frame in (b"frame 202", b"frame 201")]
    for number in lost:
        hall.viewer.send_rtcp(rtcp.retransmission_request(1, ssrc, [number]))
    await until(lambda: len(hall.viewer.packets) == 5)
    again = hall.viewer.packets[3:]
    video = hall.viewer.answer.media[0]
    assert [(group.semantic, group.items[0]) for group in video.ssrc_group] == [("FID", ssrc)]
    assert {packet.ssrc for packet in again} == {video.ssrc_group[0].items[1]} != {ssrc}
    assert {packet.payload_type for packet in again} == {121}
    assert [packet.payload for packet in again] == [struct.pack("!H", lost[0]) + b"frame 202", struct.pack("!H", lost[1]) + b"frame 201"]
    assert (again[1].sequence - again[0].sequence) & 0xFFFF == 1
    assert [packet.timestamp for packet in again] == [hall.get(frame).timestamp for frame in (b"frame 202", b"frame 201")]


async def test_what_a_publisher_sends_again_takes_the_place_of_what_was_lost(hall: Hall) -> None:
    assert [codec.payloadType for codec in hall.publisher.answer.media[0].rtp.codecs] == [96, 97]
    hall.send(201, 203)
    await until(lambda: bool(hall.publisher.feedback(RtcpRtpfbPacket)))
    for _ in range(2):
        hall.publisher.send(97, 1, 202 * 3_000, 8, struct.pack("!H", 202) + b"frame 202")
    hall.publisher.send(97, 2, 203 * 3_000, 8, struct.pack("!H", 203) + b"frame 203")  # to probe the path: it was not lost
    hall.publisher.send(97, 3, 203 * 3_000, 8, b"")
    hall.send(204)
    await until(lambda: b"frame 204" in hall.seen())
    assert hall.seen() == [b"frame 201", b"frame 203", b"frame 202", b"frame 204"]
    assert (hall.get(b"frame 203").sequence - hall.get(b"frame 202").sequence) & 0xFFFF == 1
    assert hall.house.relay.stats("summit").lost == 0
