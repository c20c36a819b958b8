import asyncio
import struct

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtcpRrPacket

from realtime.relay.arrivals import MAX_SPAN, Arrivals
from realtime.relay.dtls import Certificate
from realtime.relay.offer import TRANSPORT_CC
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer


def read(message: bytes) -> dict[int, float | None]:
    """Seconds of each number's arrival, None for lost ones, as section 3.1 of the draft has them."""
    first, kind, words, _, _, begin, count, clock = struct.unpack_from("!BBHIIHHI", message)
    assert (first & 0xDF, kind, len(message)) == (0x80 | 15, 205, 4 * words + 4)
    body = message[20 : len(message) - (message[-1] if first & 0x20 else 0)]
    states: list[int] = []
    at = 0
    while len(states) < count:
        (chunk,) = struct.unpack_from("!H", body, at)
        at += 2
        if not chunk & 0x8000:
            states += [chunk >> 13] * (chunk & 0x1FFF)
        else:
            assert chunk & 0x4000
            states += [chunk >> 12 - 2 * place & 3 for place in range(7)]
    assert not any(states[count:])
    ticks, arrived = (clock >> 8) * 256, dict[int, float | None]()
    for number, state in enumerate(states[:count], begin):
        if state:
            ticks += body[at] if state == 1 else struct.unpack_from("!h", body, at)[0]
            at += state
        arrived[number & 0xFFFF] = ticks / 4_000 if state else None
    assert at == len(body)
    return arrived


def told(arrivals: Arrivals) -> list[dict[int, float | None]]:
    return [read(message) for message in arrivals.messages(1, 2)]


def test_every_number_is_told_with_its_time_or_as_lost() -> None:
    arrivals, sent = Arrivals(), {65_533: 10.0, 65_534: 10.001, 1: 10.5, 0: 10.4, 2: 10.5, 9: 10.51, **dict.fromkeys(range(10, 40), 10.6)}
    for number, now in sent.items():
        arrivals.add(number, now)
    (message,) = told(arrivals)
    assert list(message) == [65_533, 65_534, 65_535, *range(40)]
    assert {number: at for number, at in message.items() if at is not None} == pytest.approx(sent, abs=0.00025)


def test_what_was_lost_between_two_messages_is_told_in_the_second() -> None:
    arrivals = Arrivals()
    assert arrivals.add(5, 1.0)
    assert not arrivals.add(6, 1.0)
    assert told(arrivals) == [{5: 1.0, 6: 1.0}]
    assert arrivals.add(9, 2.0)
    assert told(arrivals) == [{7: None, 8: None, 9: 2.0}]
    arrivals.add(8, 2.5)
    assert told(arrivals) == [{8: 2.5}]
    assert told(arrivals) == []


def test_a_message_fits_a_datagram_whatever_the_numbers_do() -> None:
    arrivals = Arrivals()
    for number in range(0, 3 * MAX_SPAN, 2):
        arrivals.add(number, (number * 7919 % 100) / 10)
    arrivals.add(30_000, 1.0)
    messages = list(arrivals.messages(1, 2))
    assert max(map(len, messages)) < 1_300
    assert [(min(read(m)), len(read(m))) for m in messages] == [(0, 511), (511, 512), (1_023, 512), (30_000, 1)]


async def test_a_publisher_that_numbers_its_packets_is_told_of_them_and_given_no_ceiling(house: House, certificate: Certificate) -> None:
    says = [f"a=extmap:3 {TRANSPORT_CC}", "a=rtcp-fb:96 transport-cc"]
    publisher = await LightPeer(certificate, rtx=97, says=says).open(house.publish, "sendonly", {"VP8": 96})
    video = publisher.answer.media[0].rtp
    assert [(extension.id, extension.uri) for extension in video.headerExtensions] == [(3, TRANSPORT_CC)]
    assert "transport-cc" in [feedback.type for feedback in video.codecs[0].rtcpFeedback]
    for number in range(500):
        if publisher.feedback(RtcpRrPacket) and publisher.arrivals:
            break
        # The stream of retransmissions is numbered too, even where it is only padding.
        payload_type, ssrc = (97, 8) if number % 10 == 9 else (96, 7)
        publisher.send(payload_type, number, number * 3_000, ssrc, b"x", extensions={3: struct.pack("!H", number)})
        await asyncio.sleep(0.01)
    last = number - 1
    await until(lambda: any(last in read(message) for message in publisher.arrivals))
    arrived = {number: at for message in publisher.arrivals for number, at in read(message).items() if at is not None}
    assert sorted(arrived) == list(range(min(arrived), last + 1))
    assert len(publisher.arrivals) < len(arrived)
    assert not publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)
    await publisher.close()
