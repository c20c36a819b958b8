"""Packets and reports as they are on the wire, seen by a client without codecs."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from realtime.relay import rtcp
from realtime.relay.bandwidth import CEILING, FLOOR
from realtime.relay.dtls import Certificate
from realtime.relay.keyframe import STEP
from realtime.relay.requests import KEYFRAME_INTERVAL
from realtime.relay.viewer import RETRANSMISSIONS
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.hall import Hall, opened
from tests.realtime.relay.light import LightPeer


@pytest.fixture
async def hall(house: House, certificate: Certificate) -> AsyncIterator[Hall]:
    async with opened(house, LightPeer(certificate), LightPeer(certificate)) as hall:
        yield hall


async def test_a_viewer_sees_its_own_payload_type_and_the_ssrc_of_its_answer(hall: Hall) -> None:
    hall.send(201, 202)
    await until(lambda: len(hall.viewer.packets) == 2)
    first, second = hall.viewer.packets
    assert (first.payload_type, first.marker, first.payload) == (120, 0x80, b"frame 201")
    assert first.ssrc == hall.viewer.answer.media[0].ssrc[0].ssrc
    assert (second.sequence - first.sequence, second.timestamp - first.timestamp) == (1, 3_000)


async def test_a_lost_packet_is_sent_again_when_the_viewer_asks(hall: Hall) -> None:
    lost = (hall.last.sequence + 2) & 0xFFFF
    hall.viewer.lose = lambda sequence: sequence == lost
    hall.send(201, 202, 203)
    await until(lambda: b"frame 203" in hall.seen())
    assert b"frame 202" not in hall.seen()
    hall.viewer.lose = lambda sequence: False
    hall.viewer.send_rtcp(rtcp.retransmission_request(1, hall.last.ssrc, [lost]))
    await until(lambda: b"frame 202" in hall.seen())
    assert hall.get(b"frame 202").sequence == lost
    assert hall.house.relay.stats("summit").retransmitted == 1


async def test_what_is_asked_again_without_end_is_sent_only_so_often(hall: Hall) -> None:
    hall.viewer.lose = lambda sequence: True
    lost = [(hall.last.sequence - back) & 0xFFFF for back in range(50, 0, -1)]
    for _ in range(10):
        hall.viewer.send_rtcp(rtcp.retransmission_request(1, hall.last.ssrc, lost))
    await asyncio.sleep(0.3)
    assert hall.house.relay.stats("summit").retransmitted == RETRANSMISSIONS


async def test_the_relay_asks_the_publisher_for_what_it_lost_itself(hall: Hall) -> None:
    hall.send(201, 204)
    await until(lambda: bool(hall.publisher.feedback(RtcpRtpfbPacket)))
    request = hall.publisher.feedback(RtcpRtpfbPacket)[-1]
    assert isinstance(request, RtcpRtpfbPacket)
    assert (request.media_ssrc, request.lost) == (7, [202, 203])


async def test_keyframe_requests_of_many_viewers_become_one_in_half_a_second(hall: Hall) -> None:
    await asyncio.sleep(KEYFRAME_INTERVAL * 2.2)  # what joining asked for is over
    before = len(hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI))
    ssrc = hall.viewer.answer.media[0].ssrc[0].ssrc
    for _ in range(20):
        hall.viewer.send_rtcp(rtcp.keyframe_request(1, ssrc))
    await asyncio.sleep(KEYFRAME_INTERVAL * 0.5)
    assert len(hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)) == before + 1
    # The others were not forgotten: one more follows when it may.
    await asyncio.sleep(KEYFRAME_INTERVAL)
    requests = hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)
    assert len(requests) == before + 2
    assert isinstance(requests[-1], RtcpPsfbPacket)
    assert requests[-1].media_ssrc == 7


async def test_a_viewer_that_joins_makes_the_publisher_send_a_keyframe(hall: Hall) -> None:
    assert hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)


async def test_a_newcomer_sees_the_last_keyframe_and_all_since_without_a_request(hall: Hall, certificate: Certificate) -> None:
    await asyncio.sleep(KEYFRAME_INTERVAL * 1.2)  # what joining asked for is over
    hall.publisher.send(96, 201, 201 * 3_000, 7, b"\x65 key")
    hall.send(202, 203)
    await until(lambda: b"frame 203" in hall.seen())
    asked = len(hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI))
    newcomer = await LightPeer(certificate).open(hall.house.watch, "recvonly", {"H264": 97})
    await until(lambda: len(newcomer.packets) == 3, 1.0)
    assert [packet.payload for packet in newcomer.packets] == [b"\x65 key", b"frame 202", b"frame 203"]
    assert {packet.payload_type for packet in newcomer.packets} == {97}
    live = hall.get(b"frame 203")
    assert [packet.sequence for packet in newcomer.packets] == [(live.sequence - back) & 0xFFFF for back in (2, 1, 0)]
    assert [(live.timestamp - packet.timestamp) & 0xFFFFFFFF for packet in newcomer.packets] == [2 * STEP, STEP, 0]
    hall.send(204)
    await until(lambda: newcomer.packets[-1].payload == b"frame 204")
    assert (newcomer.packets[-1].timestamp - live.timestamp) & 0xFFFFFFFF == 3_000
    assert len(hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)) == asked
    await newcomer.close()


async def test_a_picture_leaves_whole_and_a_slow_one_in_parts(hall: Hall) -> None:
    for number in range(201, 206):
        hall.publisher.send(96, number, 600_000, 7, b"part %d" % number, marker=number == 205)
    await until(lambda: len(hall.viewer.packets) == 5)
    hall.publisher.send(96, 206, 603_000, 7, b"part 206", marker=False)
    await until(lambda: len(hall.viewer.packets) == 6, 1.0)
    assert [packet.marker for packet in hall.viewer.packets] == [0, 0, 0, 0, 0x80, 0]


async def test_the_publisher_is_told_how_it_arrives_and_how_much_it_may_send(hall: Hall) -> None:
    await until(lambda: bool(hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)))
    report = hall.publisher.feedback(RtcpRrPacket)[-1]
    assert isinstance(report, RtcpRrPacket)
    assert [r.ssrc for r in report.reports] == [7]
    ceiling = hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)[-1]
    assert isinstance(ceiling, RtcpPsfbPacket)
    bitrate, ssrcs = unpack_remb_fci(ceiling.fci)
    assert ssrcs == [7]
    assert bitrate == pytest.approx(CEILING, rel=0.01)


async def test_viewers_reports_become_one_account_and_one_ceiling_that_the_publisher_is_told(hall: Hall) -> None:
    stats = hall.house.relay.stats
    ssrc, number = hall.last.ssrc, 200
    report = rtcp.receiver_report(1, [RtcpReceiverInfo(ssrc, 128, 50, 0, 0, 0, 0)]) + rtcp.bitrate_ceiling(1, 10_000_000, [ssrc])

    def poor() -> bool:
        nonlocal number
        number += 1
        hall.publisher.send(96, number, number * 3_000, 7, b"x" * 1_000)
        hall.viewer.send_rtcp(report)
        return stats("summit").audience.poor == 1

    await until(poor)
    assert stats("summit").audience.lost == 0.5
    assert stats("summit").audience.carries < CEILING
    ceiling = max(FLOOR, stats("summit").audience.carries)
    await until(lambda: told(hall) == pytest.approx(ceiling, rel=0.01), 5.0)
    assert all(report.reports[0].ssrc == 7 for report in hall.publisher.feedback(RtcpRrPacket) if isinstance(report, RtcpRrPacket))


def told(hall: Hall) -> int:
    packet = hall.publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)[-1]
    assert isinstance(packet, RtcpPsfbPacket)
    return int(unpack_remb_fci(packet.fci)[0])


async def test_sender_reports_arrive_on_the_viewers_time_line(hall: Hall) -> None:
    hall.send(201)
    await until(lambda: b"frame 201" in hall.seen())
    packet = hall.viewer.packets[-1]
    hall.publisher.send_rtcp(rtcp.sender_report(7, 0xABC << 32, 201 * 3_000 + 90, 5, 50))
    await until(lambda: bool(hall.viewer.feedback(RtcpSrPacket)))
    report = hall.viewer.feedback(RtcpSrPacket)[-1]
    assert isinstance(report, RtcpSrPacket)
    assert report.ssrc == packet.ssrc
    assert report.sender_info.ntp_timestamp == 0xABC << 32
    assert report.sender_info.rtp_timestamp == (packet.timestamp + 90) & 0xFFFFFFFF


async def test_another_publisher_continues_numbers_and_time_even_with_the_same_ssrc(hall: Hall, certificate: Certificate) -> None:
    hall.send(201)
    await until(lambda: b"frame 201" in hall.seen())
    last = hall.viewer.packets[-1]
    second = await LightPeer(certificate).open(hall.house.publish, "sendonly", {"H264": 102})
    for sequence in range(5, 60):
        second.send(102, sequence, sequence * 3_000, 7, b"second %d" % sequence)
        await asyncio.sleep(0.01)
    await until(lambda: b"second 59" in hall.seen())
    following = hall.viewer.packets[hall.viewer.packets.index(last) + 1]
    assert following.payload_type == 120
    assert following.sequence == (last.sequence + 1) & 0xFFFF
    assert 0 < (following.timestamp - last.timestamp) & 0xFFFFFFFF < 90_000 * 5
    await second.close()


async def test_packets_of_unknown_type_or_a_second_source_are_not_forwarded(hall: Hall) -> None:
    hall.publisher.send(97, 1, 1, 7, b"unknown type")
    hall.publisher.send(96, 1, 1, 8, b"second source")
    hall.send(201)
    await until(lambda: b"frame 201" in hall.seen())
    assert hall.seen() == [b"frame 201"]


async def test_a_publisher_silent_for_seconds_is_not_live_until_it_sends_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.stream.SILENCE", 0.2)
    await until(lambda: not hall.house.live)
    hall.send(201)
    await until(lambda: hall.house.live)
    assert hall.house.changes == [("summit", True), ("summit", False), ("summit", True)]


async def test_a_peer_whose_checks_stop_is_forgotten(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.viewer.Viewer.patience", 2.5)
    await hall.viewer.close()
    await asyncio.sleep(1.0)
    assert hall.house.relay.viewers("summit") == 1
    await until(lambda: hall.house.relay.viewers("summit") == 0)
    assert hall.house.live
