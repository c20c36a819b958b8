from collections.abc import Callable
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from realtime.relay import BadOffer, NoCommonCodec, UnacceptableOffer
from realtime.relay.answer import Transport, choose_for_publisher, choose_for_viewer, write_answer
from realtime.relay.ice import Credentials
from realtime.relay.offer import H264, OPUS, VP8, read_offer
from tests.realtime.relay.conftest import House

CHROMIUM = (Path(__file__).parent / "offers" / "chromium.sdp").read_text()
GOOD = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef01234567
a=fingerprint:sha-256 00:11
a=setup:actpass
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96 106
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef01234567
a=fingerprint:sha-256 00:11
a=setup:actpass
a=mid:1
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:106 H264/90000
a=fmtp:106 packetization-mode=1;profile-level-id=42e01f
""".replace("\n", "\r\n")
DATA_CHANNEL = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n"


def swap(old: str, new: str) -> Callable[[], str]:
    assert old in GOOD
    return lambda: GOOD.replace(old, new)


BAD: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not SDP": lambda: "GET / HTTP/1.1\r\nHost: example\r\n\r\n",
    "binary": lambda: "\x00\x01\x02\ud800\xff" * 100,
    "no media": lambda: GOOD.split("m=")[0],
    "media line cut off": swap("m=video 9 UDP/TLS/RTP/SAVPF 96 106", "m=video 9"),
    "payload type that is not a number": swap("SAVPF 111", "SAVPF opus"),
    "payload type kept for RTCP": swap("SAVPF 111", "SAVPF 72"),
    "payload type too large": swap("SAVPF 111", "SAVPF 300"),
    "format parameters for nothing": swap("a=fmtp:106", "a=fmtp:42"),
    "codec without a clock rate": swap("VP8/90000", "VP8"),
    "fingerprint without a value": swap("a=fingerprint:sha-256 00:11", "a=fingerprint"),
    "fingerprint by an unknown hash": swap("sha-256", "md5"),
    "no fingerprint": swap("a=fingerprint:sha-256 00:11\r\n", ""),
    "unknown DTLS role": swap("a=setup:actpass", "a=setup:holdconn"),
    "no DTLS role": swap("a=setup:actpass\r\n", ""),
    "no ICE user": swap("a=ice-ufrag:abcd\r\n", ""),
    "no ICE password": swap("a=ice-pwd:0123456789abcdef01234567\r\n", ""),
    "two sections of one name": swap("a=mid:1", "a=mid:0"),
    "connection without an address": swap("c=IN IP4 0.0.0.0", "c=IN"),
    "version that is not a number": swap("v=0", "v=zero"),
    "longer than 64 KB": lambda: GOOD + "a=x:" + "y" * 65_536,
    "thousands of lines": lambda: GOOD + "a=rtcp-fb:* nack\r\n" * 3_000,
    "hundreds of sections": lambda: GOOD + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 100,
}

UNACCEPTABLE: dict[str, Callable[[], str]] = {
    "RTCP on its own port": swap("a=rtcp-mux\r\n", ""),
    "no bundle": swap("a=group:BUNDLE 0 1\r\n", ""),
    "wrong direction": swap("a=sendonly", "a=recvonly"),
    "inactive": swap("a=sendonly", "a=inactive"),
    "one section the other way": lambda: GOOD.replace("a=sendonly", "a=recvonly", 1),
    "no codec we forward": lambda: GOOD.replace("opus/48000/2", "G722/8000").replace("VP8", "AV1").replace("H264", "H265"),
    "sound we do not forward beside a picture we do": lambda: GOOD.replace("opus/48000/2", "G722/8000"),
    "two cameras": lambda: (GOOD + "m=video" + GOOD.split("m=video")[1].replace("mid:1", "mid:2")).replace("BUNDLE 0 1", "BUNDLE 0 1 2"),
    "a data channel": lambda: GOOD + DATA_CHANNEL,
}


def answer(sdp: str) -> SessionDescription:
    offer = read_offer(sdp, "sends")
    transport = Transport(Credentials.generate(), "AA:BB", ["192.0.2.1", "2001:db8::1"], 5004)
    return SessionDescription.parse(write_answer(offer, choose_for_publisher(offer, {}), transport))


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_a_bad_offer_is_refused_and_nothing_else_is_raised(make: Callable[[], str]) -> None:
    with pytest.raises(BadOffer):
        read_offer(make(), "sends")


@pytest.mark.parametrize("make", UNACCEPTABLE.values(), ids=UNACCEPTABLE.keys())
def test_an_offer_that_asks_for_what_the_relay_does_not_do_is_told_apart_from_nonsense(make: Callable[[], str]) -> None:
    with pytest.raises(UnacceptableOffer):
        read_offer(make(), "sends")


async def test_a_relay_that_was_offered_nonsense_still_answers(house: House) -> None:
    for make in BAD.values():
        with pytest.raises(BadOffer):
            await house.publish(make())
    assert "a=ice-lite" in await house.publish(GOOD)


def test_candidates_are_never_read_however_many_or_malformed() -> None:
    offer = read_offer(GOOD + "a=candidate:no candidate at all\r\n" * 1_000, "sends")
    assert len(offer.sections) == 2


def test_chromium_is_answered_with_constrained_baseline_h264_and_opus() -> None:
    audio, video = answer(CHROMIUM).media
    assert [codec.name for codec in audio.rtp.codecs] == ["opus"]
    assert [(codec.name, codec.payloadType) for codec in video.rtp.codecs] == [("H264", 108), ("rtx", 109)]
    assert video.rtp.codecs[0].parameters["profile-level-id"] == "42e01f"
    assert {(f.type, f.parameter) for f in video.rtp.codecs[0].rtcpFeedback} >= {("nack", None), ("nack", "pli"), ("goog-remb", None)}


def test_the_answer_is_ice_lite_passive_and_names_every_address() -> None:
    description = answer(GOOD)
    for media in description.media:
        assert media.ice is not None
        assert media.ice.iceLite
        assert media.dtls is not None
        assert media.dtls.role == "server"
        assert {(c.port, c.type) for c in media.ice_candidates} == {(5004, "host")}
        told = [(c.protocol, c.ip, c.tcpType) for c in media.ice_candidates]
        assert told == [(kind, ip, wait) for kind, wait in (("udp", None), ("tcp", "passive")) for ip in ("192.0.2.1", "2001:db8::1")]
        priorities = [c.priority for c in media.ice_candidates]
        assert priorities == sorted(set(priorities), reverse=True)
        assert len({c.foundation for c in media.ice_candidates}) == 4
        assert media.rtcp_mux
        assert media.direction == "recvonly"
    assert [str(group) for group in description.group] == ["BUNDLE 0 1"]


def test_a_client_that_insists_on_being_the_dtls_server_gets_a_client() -> None:
    first = answer(GOOD.replace("actpass", "passive")).media[0]
    assert first.dtls is not None
    assert first.dtls.role == "client"


def test_vp8_is_taken_before_an_h264_that_not_everybody_decodes() -> None:
    high = GOOD.replace("42e01f", "640c1f")
    assert answer(high).media[1].rtp.codecs[0].name == "VP8"
    only_high = high.replace("a=rtpmap:96 VP8/90000\r\n", "")
    assert answer(only_high).media[1].rtp.codecs[0].name == "H264"


def test_h264_without_fragments_is_not_taken() -> None:
    with_mode_0 = GOOD.replace("packetization-mode=1;", "")
    assert answer(with_mode_0).media[1].rtp.codecs[0].name == "VP8"


def test_a_returning_publisher_is_asked_for_the_codec_its_viewers_already_play() -> None:
    chosen = choose_for_publisher(read_offer(GOOD, "sends"), {"video": VP8})
    assert chosen["video"].format.payload_type == 96


def test_a_viewer_is_refused_what_it_cannot_play_in_its_place_and_given_the_rest() -> None:
    sdp = GOOD.replace("sendonly", "recvonly").replace("m=video", DATA_CHANNEL + "m=video")
    offer = read_offer(sdp, "receives")
    chosen = choose_for_viewer(offer, {"video": (H264, 7), "audio": (OPUS, 8)})
    description = SessionDescription.parse(write_answer(offer, chosen, Transport(Credentials.generate(), "AA:BB", ["::1"], 1)))
    assert [(m.kind, bool(m.port)) for m in description.media] == [("audio", True), ("application", False), ("video", True)]
    assert [str(group) for group in description.group] == ["BUNDLE 0 1"]


def test_a_section_the_publisher_itself_has_off_stays_off() -> None:
    off = GOOD.replace("m=video 9", "m=video 0").replace("BUNDLE 0 1", "BUNDLE 0")
    assert [(m.kind, bool(m.port)) for m in answer(off).media] == [("audio", True), ("video", False)]


def test_a_viewer_gets_its_own_payload_type_and_our_ssrc() -> None:
    offer = read_offer(GOOD.replace("sendonly", "recvonly"), "receives")
    chosen = choose_for_viewer(offer, {"video": (H264, 7), "audio": (OPUS, 8)})
    assert {kind: (c.format.payload_type, c.ssrc) for kind, c in chosen.items()} == {"audio": (111, 8), "video": (106, 7)}
    video = SessionDescription.parse(write_answer(offer, chosen, Transport(Credentials.generate(), "AA", ["::1"], 1))).media[1]
    assert video.direction == "sendonly"
    assert [s.ssrc for s in video.ssrc] == [7]
    assert video.msid == "marquee video"


def test_a_viewer_that_cannot_play_the_session_is_told_so() -> None:
    sound_only = GOOD.replace("sendonly", "recvonly").split("m=video")[0]
    with pytest.raises(NoCommonCodec):
        choose_for_viewer(read_offer(sound_only, "receives"), {"video": (H264, 7)})
