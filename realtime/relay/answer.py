"""Choose codecs and write the SDP answer: ICE-lite, one bundle, RTCP multiplexed, host candidates on the shared port."""

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realtime.relay.errors import NoCommonCodec
from realtime.relay.ice import Credentials
from realtime.relay.offer import ABS_SEND_TIME, H264, VP8, Codec, Format, Kind, Offer, Section

# What we ask of a peer: retransmission requests, keyframe requests, and (of a publisher) a ceiling for its bitrate.
_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir")
STREAM_ID = "marquee"
"""The msid both tracks share, so a browser plays them in step as one MediaStream."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer to one accepted section. `ssrc` is ours and only set when we send."""

    section: Section
    format: Format
    ssrc: int | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """What the answer says about our end: credentials, certificate and where to reach the port."""

    credentials: Credentials
    fingerprint: str
    addresses: Sequence[str]
    port: int


def choose_for_publisher(offer: Offer, preferred: Mapping[Kind, Codec]) -> dict[Kind, Chosen]:
    """One format for the first usable audio and video section.

    `preferred` is what the session's viewers already play: taking the same again keeps them connected.
    """
    chosen: dict[Kind, Chosen] = {}
    for kind, section in _first_of_each_kind(offer).items():
        chosen[kind] = Chosen(section, min(section.formats, key=lambda f: (f.codec != preferred.get(kind), _rank(f))))
    return chosen


def choose_for_viewer(offer: Offer, tracks: Mapping[Kind, tuple[Codec, int]]) -> dict[Kind, Chosen]:
    """The viewer's own number for each track (codec, ssrc) it can play. Raises NoCommonCodec when it can play none."""
    chosen: dict[Kind, Chosen] = {}
    for kind, section in _first_of_each_kind(offer).items():
        if kind not in tracks:
            continue
        codec, ssrc = tracks[kind]
        matching = [f for f in section.formats if f.codec == codec]
        if matching:
            chosen[kind] = Chosen(section, min(matching, key=_rank), ssrc)
    if not chosen:
        raise NoCommonCodec("the offer has no codec in common with what the session carries")
    return chosen


def write_answer(offer: Offer, chosen: Mapping[Kind, Chosen], transport: Transport) -> str:
    """The whole SDP answer, CRLF-terminated lines, sections in the order of the offer, those not chosen refused by port 0."""
    by_section = {id(c.section): c for c in chosen.values()}
    accepted = [s for s in offer.sections if id(s) in by_section]
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        *([f"a=group:BUNDLE {' '.join(s.mid for s in accepted)}"] if all(s.mid for s in accepted) else []),
        "a=msid-semantic: WMS *",
    ]
    for section in offer.sections:
        choice = by_section.get(id(section))
        lines += _refusal(section) if choice is None else _acceptance(choice, offer, transport)
    return "\r\n".join(lines) + "\r\n"


def _first_of_each_kind(offer: Offer) -> dict[Kind, Section]:
    found: dict[Kind, Section] = {}
    for section in offer.sections:
        if section.formats:
            found.setdefault("audio" if section.kind == "audio" else "video", section)
    return found


def _rank(offered: Format) -> int:
    """H264 constrained baseline, then VP8, then any other H264: the widest audience first."""
    if offered.codec == H264:
        return 0 if offered.baseline else 2
    return 1 if offered.codec == VP8 else 0


def _refusal(section: Section) -> list[str]:
    lines = [f"m={section.kind} 0 {section.protocol} {section.first_format}", "c=IN IP4 0.0.0.0"]
    if section.mid:
        lines.append(f"a=mid:{section.mid}")
    return [*lines, "a=inactive"]


def _acceptance(choice: Chosen, offer: Offer, transport: Transport) -> list[str]:
    section, payload_type = choice.section, choice.format.payload_type
    lines = [f"m={section.kind} {transport.port} {section.protocol} {payload_type}", "c=IN IP4 0.0.0.0"]
    if section.mid:
        lines.append(f"a=mid:{section.mid}")
    lines += ["a=recvonly" if choice.ssrc is None else "a=sendonly", "a=rtcp-mux", "a=rtcp-rsize"]
    lines += _codec_lines(choice)
    if choice.ssrc is not None:
        lines.append(f"a=msid:{STREAM_ID} {section.kind}")
        lines.append(f"a=ssrc:{choice.ssrc} cname:{STREAM_ID}")
    elif section.abs_send_time is not None:
        lines.append(f"a=extmap:{section.abs_send_time} {ABS_SEND_TIME}")
    return lines + _transport_lines(offer, transport)


def _codec_lines(choice: Chosen) -> list[str]:
    offered = choice.format
    name = {"h264": "H264/90000", "vp8": "VP8/90000", "opus": "opus/48000/2"}[offered.codec.name]
    lines = [f"a=rtpmap:{offered.payload_type} {name}"]
    if offered.fmtp:
        lines.append(f"a=fmtp:{offered.payload_type} {offered.fmtp}")
    if choice.section.kind == "video":
        feedback = (*_VIDEO_FEEDBACK, "goog-remb") if choice.ssrc is None else _VIDEO_FEEDBACK
        lines += [f"a=rtcp-fb:{offered.payload_type} {value}" for value in feedback]
    return lines


def _transport_lines(offer: Offer, transport: Transport) -> list[str]:
    lines = [
        f"a=ice-ufrag:{transport.credentials.ufrag}",
        f"a=ice-pwd:{transport.credentials.password}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        # Passive whenever the offer leaves us the choice: some clients cannot be the DTLS server.
        f"a=setup:{'active' if offer.passive else 'passive'}",
    ]
    for index, address in enumerate(transport.addresses):
        # RFC 8445 section 5.1.2.1: type preference 126 for host, then the order given, then component 1.
        priority = (126 << 24) | ((65535 - index) << 8) | 255
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {ipaddress.ip_address(address)} {transport.port} typ host")
    return [*lines, "a=end-of-candidates"]
