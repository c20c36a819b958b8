"""Every parser of the relay against bytes that are nearly right: what cannot be read is refused or dropped, and nothing else happens."""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpReceiverInfo, RtcpRtpfbPacket
from aiortc.sdp import SessionDescription
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pylibsrtp import Error as SrtpError

from realtime.relay import BadFragment, BadOffer, UnacceptableOffer, rtcp, rtx, vp8
from realtime.relay.answer import Transport, choose_for_publisher, choose_for_viewer, write_answer
from realtime.relay.dtls import Certificate
from realtime.relay.fragment import read_fragment
from realtime.relay.ice import Credentials
from realtime.relay.keyframe import Replay, begins_keyframe
from realtime.relay.offer import H264, OPUS, VP8, read_offer
from realtime.relay.pictures import Pictures
from realtime.relay.pull import read_pulled
from realtime.relay.rtp import Outgoing, read_packet, rewrite
from realtime.relay.stun import read_check, read_success, write_check
from realtime.relay.tcp import MAX_FRAME, Frames
from tests.realtime.relay.camera import Camera
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.mutations import mutated, mutations
from tests.realtime.relay.test_fragment import CANDIDATE, CREDENTIALS, MEDIA
from tests.realtime.relay.test_offer import CHROMIUM, GOOD
from tests.realtime.relay.test_strangers import client_hello

many = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
some = settings(many, max_examples=150)

PASSWORD = "p" * 22
CHECK = write_check(bytes(12), "ours:theirs", PASSWORD, 7)
OURS = read_check(CHECK)
assert OURS is not None
STUN = [CHECK, OURS.success(("192.0.2.1", 5004), PASSWORD), OURS.success(("2001:db8::1", 5004, 0, 0), PASSWORD)]

PLAIN = bytes.fromhex("80e0000100000001000000071050") + b"picture"
EXTENDED = bytes.fromhex("b1e00002000000010000000700000009bede0002102233443155660000") + b"\x90\x80\x05\x50 picture\x00\x02"
H264_STAP = bytes.fromhex("80e6000300000001000000077800046742c01f000268ce")
RTX = bytes.fromhex("8061000400000002000000080001105070696374757265")
RTP = [PLAIN, EXTENDED, H264_STAP, RTX]

RTCP = [
    rtcp.sender_report(1, 2 << 32, 3, 4, 5),
    rtcp.receiver_report(1, [RtcpReceiverInfo(7, 10, 20, 30, 40, 50, 60)]),
    rtcp.bitrate_ceiling(1, 500_000, [7, 8]),
    rtcp.retransmission_request(1, 7, [1, 2, 20]),
    rtcp.keyframe_request(1, 7),
    bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=7, lost=[0, 65_535])),
    bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=7)),
]

SDP = [GOOD.encode(), CHROMIUM.encode(), GOOD.replace("sendonly", "recvonly").encode()]
FRAGMENTS = [(CREDENTIALS + MEDIA + CANDIDATE + "a=end-of-candidates\r\n").encode(), (MEDIA + CREDENTIALS).encode()]
TRANSPORT = Transport(Credentials("abcd", PASSWORD), "AA:BB", ["192.0.2.1", "2001:db8::1"], 5004)


@many
@given(mutated(STUN))
def test_stun_is_read_or_not_and_signed_only_as_it_was(datagram: bytes) -> None:
    check = read_check(datagram)
    if check is not None and check.signed_with(PASSWORD):
        assert (check.transaction, check.local_ufrag, check.nominated) == (OURS.transaction, OURS.local_ufrag, OURS.nominated)
    assert read_success(datagram, PASSWORD) in (None, bytes(12))


@many
@given(mutated(RTP))
def test_rtp_is_read_or_not(data: bytes) -> None:
    packet = read_packet(data)
    if packet is None:
        return
    assert len(packet.payload) <= len(data) - 12
    for number in range(16):
        packet.extension(number)
    for codec in (H264, VP8):
        replay: Replay[Outgoing] = Replay(codec)
        outgoing = rewrite(packet, 1, 2, 3)
        replay.add(outgoing)
        assert bool(replay) is begins_keyframe(codec, packet.payload)
        list(Pictures().add(outgoing))
    found = vp8.numbers(packet.payload)
    if found is not None:
        assert len(vp8.advanced(packet.payload, found)) == len(packet.payload)
    if rtx.original_of(packet) is not None:
        assert rtx.unwrap(packet, 96, 7).payload == packet.payload[2:]
    assert read_packet(rewrite(packet, 1, 2, 3).numbered(96)) is not None


@many
@given(mutated(RTCP), mutated(RTCP))
@example(b"", b"")
def test_rtcp_is_read_or_no_packets(first: bytes, second: bytes) -> None:
    for packet in rtcp.read_compound(first + second):
        assert all(0 <= number < 65_536 for number in rtcp.lost_packets(packet, 7))
        rtcp.asks_keyframe(packet)
        rtcp.ceiling_asked(packet)
        rtcp.losses(packet, 7)


@some
@given(mutated(SDP))
def test_an_offer_is_refused_or_has_an_answer_that_is_sdp(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(BadOffer, UnacceptableOffer):
        offer = read_offer(text, "sends")
        assert SessionDescription.parse(write_answer(offer, choose_for_publisher(offer, {}), TRANSPORT)).media
    with contextlib.suppress(BadOffer, UnacceptableOffer):
        offer = read_offer(text, "receives")
        chosen = choose_for_viewer(offer, {"audio": (OPUS, 1), "video": (VP8, 2), "original": (OPUS, 3)})
        assert SessionDescription.parse(write_answer(offer, chosen, TRANSPORT)).media
    with contextlib.suppress(BadOffer, UnacceptableOffer):
        read_pulled(text, socket.AF_INET)


@many
@given(mutated(FRAGMENTS))
def test_a_fragment_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadFragment):
        credentials = read_fragment(data.decode("utf-8", "replace"))
        assert credentials is None or credentials.readable


@many
@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 20), max_size=30))
def test_frames_are_the_same_however_the_stream_is_cut(datagrams: Sequence[bytes], cuts: Sequence[int]) -> None:
    stream, frames = b"".join(len(datagram).to_bytes(2, "big") + datagram for datagram in datagrams), Frames()
    found: list[bytes] = []
    for size in (*cuts, len(stream)):
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == list(datagrams)


@many
@given(mutated([b"\x00\x05hello\x00\x00\x00\x01!", MAX_FRAME.to_bytes(2, "big") + bytes(MAX_FRAME)]))
def test_frames_that_are_too_long_are_refused_and_no_more_is_kept_than_one(data: bytes) -> None:
    frames = Frames()
    with contextlib.suppress(ValueError):
        assert all(len(frame) <= MAX_FRAME for frame in frames.feed(data))
        assert len(frames._rest) < MAX_FRAME + 2


def callbacks_that_fail() -> list[dict[str, Any]]:
    """Those of this loop from now on. What the relay sends again may be too old for a peer's replay window: that is the peer's affair."""
    failures: list[dict[str, Any]] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "LightPeer" not in context["message"]:
            failures.append(context)

    asyncio.get_running_loop().set_exception_handler(note)
    return failures


async def test_a_relay_lives_through_what_its_peers_send(house: House, certificate: Certificate, caplog: pytest.LogCaptureFixture) -> None:
    failures = callbacks_that_fail()
    codecs = {"audio": 111, "VP8": 96}
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", codecs)
    publisher.send(96, 1, 1, 7, b"\x10\x50")
    await until(lambda: house.live)
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"audio": 101, "VP8": 100})
    for number, (media, control) in enumerate(zip(mutations(RTP, 400), mutations(RTCP, 400), strict=True)):
        for peer in (publisher, viewer):
            with contextlib.suppress(SrtpError, ValueError):
                peer._send(peer.dtls.outbound.session.protect(media))
            with contextlib.suppress(SrtpError, ValueError):
                peer._send(peer.dtls.protect_rtcp(control))
            peer._send(secrets.choice(RTP + RTCP + STUN)[:number])
        if number % 20 == 0:
            await asyncio.sleep(0)
    camera = Camera(await LightPeer(certificate).open(house.publish, "sendonly", codecs), "camera")
    late = await LightPeer(certificate).open(house.watch, "recvonly", {"audio": 101, "VP8": 100})
    await until(lambda: any(b"camera" in packet.payload for packet in late.packets))
    assert failures == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    await asyncio.gather(camera.leave(), late.close(), publisher.close(), viewer.close())


async def test_a_relay_lives_through_first_flights_of_dtls(
    house: House, certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    failures = callbacks_that_fail()
    for flight in mutations([client_hello()], 40):
        peer = LightPeer(certificate)
        answer = SessionDescription.parse(await house.publish(peer.offer("sendonly", {"VP8": 96})))
        ice = answer.media[0].ice
        assert ice is not None
        peer._remote_ufrag, peer._remote_password = str(ice.usernameFragment), str(ice.password)
        peer.socket.connect(("127.0.0.1", house.relay.port))
        peer._send(peer.check())
        for _ in range(3):
            peer._send(b"\x16" + flight[1:])
            await asyncio.sleep(0.005)
        peer.socket.close()
    camera = Camera(await LightPeer(certificate).open(house.publish, "sendonly", {"audio": 111, "VP8": 96}), "camera")
    await until(lambda: house.live)
    assert failures == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    await camera.leave()
