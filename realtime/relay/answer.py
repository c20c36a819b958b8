"""Choose codecs and write the SDP answer: ICE-lite, one bundle, RTCP multiplexed, host candidates on the shared port."""

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realtime.relay import rtx, simulcast
from realtime.relay.errors import NoCommonCodec
from realtime.relay.ice import Credentials
from realtime.relay.offer import ABS_SEND_TIME, CODECS, H264, TRANSPORT_CC, VP8, Codec, Format, Kind, Line, Offer, Section

# What we ask of a peer: retransmission requests, keyframe requests, and (of a publisher) a ceiling for its bitrate.
_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir")
ICE_OPTIONS = "trickle ice2"
"""We take candidates at any time (and need none), and know RFC 8445. The answer and every fragment after it say the same."""

STREAM_ID = "marquee"
"""The msid both tracks share, so a browser plays them in step as one MediaStream."""

BENEATH_ID = "marquee-original"
"""That of the floor's sound beneath an interpretation: players are to give it a volume of its own."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer to one accepted section. `ssrc` is ours and only set when we send, as part of the stream `msid`.

    `others` are of the codecs in which we may go on in the middle of that stream, should its publisher change.
    """

    section: Section
    format: Format
    ssrc: int | None = None
    msid: str = STREAM_ID
    others: tuple[Format, ...] = ()

    @property
    def extensions(self) -> dict[str, int]:
        """Header extensions we want of a publisher, with their ids: numbers across all streams, else times; names of encodings."""
        offered = self.section.extensions
        wanted = TRANSPORT_CC if self.format.transport_cc and TRANSPORT_CC in offered else ABS_SEND_TIME
        names = (simulcast.MID, simulcast.RID, simulcast.REPAIRED) if self.section.rids else ()
        return {uri: offered[uri] for uri in (wanted, *names) if uri in offered}


Choice = Mapping[Kind, Chosen] | Mapping[Line, Chosen]


def accepted(chosen: Choice) -> tuple[Section, ...]:
    """The sections of the answer that are on, in their order."""
    return tuple(sorted((choice.section for choice in chosen.values()), key=lambda section: section.index))


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
    lines = _lines(offer)
    for kind in CODECS:
        if kind in lines:
            section, wanted = lines[kind], preferred.get(kind)
            chosen[kind] = Chosen(section, min(section.formats, key=lambda f: (f.codec != wanted, _rank(f))))
    return chosen


def choose_for_viewer(offer: Offer, tracks: Mapping[Line, tuple[Codec, int]], *, one: bool = False) -> dict[Line, Chosen]:
    """The viewer's own numbers for each track (codec, ssrc) it can play, in the other codecs as well unless it is to have `one`.

    Raises NoCommonCodec when it can play none.
    """
    chosen: dict[Line, Chosen] = {}
    for line, section in _lines(offer).items():
        if line not in tracks:
            continue
        codec, ssrc = tracks[line]
        best: dict[Codec, Format] = {}
        for offered in sorted(section.formats, key=_rank):
            best.setdefault(offered.codec, offered)
        if codec in best:
            wanted, others = best.pop(codec), () if one else tuple(best.values())
            chosen[line] = Chosen(section, wanted, ssrc, BENEATH_ID if line == "original" else STREAM_ID, others)
    if not chosen:
        raise NoCommonCodec("the offer has no codec in common with what the session carries")
    return chosen


def write_answer(offer: Offer, chosen: Choice, transport: Transport) -> str:
    """The whole SDP answer, CRLF-terminated lines, sections in the order of the offer, those not chosen refused by port 0."""
    by_index = {choice.section.index: choice for choice in chosen.values()}
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=ice-options:{ICE_OPTIONS}",
        *bundle_line(accepted(chosen)),
        "a=msid-semantic: WMS *",
    ]
    for section in offer.sections:
        choice = by_index.get(section.index)
        lines += _refusal(section) if choice is None else _acceptance(choice, offer, transport)
    return "\r\n".join(lines) + "\r\n"


def bundle_line(sections: Sequence[Section]) -> list[str]:
    """The group of these sections, if they have names."""
    return [f"a=group:BUNDLE {' '.join(s.mid for s in sections)}"] if all(s.mid for s in sections) else []


def _lines(offer: Offer) -> dict[Line, Section]:
    """The first usable section of each kind, and the second one of sound."""
    found: dict[Line, Section] = {}
    for section in offer.sections:
        if section.formats:
            line: Line = "video" if section.kind != "audio" else "original" if "audio" in found else "audio"
            found.setdefault(line, section)
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
    section = choice.section
    formats = (choice.format, *choice.others)
    lines = [f"m={section.kind} {transport.port} {section.protocol} {payload_types(*formats)}", "c=IN IP4 0.0.0.0"]
    if section.mid:
        lines.append(f"a=mid:{section.mid}")
    lines += ["a=recvonly" if choice.ssrc is None else "a=sendonly", "a=rtcp-mux", "a=rtcp-mux-only", "a=rtcp-rsize"]
    for each in formats:
        lines += codec_lines(section.kind, each, sends=choice.ssrc is not None)
    if choice.ssrc is not None:
        lines += source_lines(section.kind, formats, choice.ssrc, choice.msid)
    else:
        lines += [f"a=extmap:{id} {uri}" for uri, id in choice.extensions.items()]
        lines += simulcast.answer_lines(section.rids)
    # Passive whenever the offer leaves us the choice: some clients cannot be the DTLS server.
    setup = "active" if offer.passive else "passive"
    return [*lines, f"a=fingerprint:sha-256 {transport.fingerprint}", f"a=setup:{setup}", *transport_lines(transport)]


def payload_types(*formats: Format) -> str:
    """The end of the m= line."""
    return " ".join(str(number) for each in formats for number in (each.payload_type, each.rtx) if number is not None)


def codec_lines(kind: str, chosen: Format, *, sends: bool) -> list[str]:
    """What a section says of its one codec. `sends` is our side's direction."""
    name = {"h264": "H264/90000", "vp8": "VP8/90000", "opus": "opus/48000/2"}[chosen.codec.name]
    lines = [f"a=rtpmap:{chosen.payload_type} {name}"]
    if chosen.fmtp:
        lines.append(f"a=fmtp:{chosen.payload_type} {chosen.fmtp}")
    if kind == "video":
        feedback = _VIDEO_FEEDBACK if sends else (*_VIDEO_FEEDBACK, "goog-remb")
        lines += [f"a=rtcp-fb:{chosen.payload_type} {value}" for value in feedback]
    if chosen.transport_cc and not sends:
        lines.append(f"a=rtcp-fb:{chosen.payload_type} transport-cc")
    if chosen.rtx is not None:
        lines += [f"a=rtpmap:{chosen.rtx} rtx/90000", f"a=fmtp:{chosen.rtx} apt={chosen.payload_type}"]
    return lines


def source_lines(kind: str, formats: Sequence[Format], ssrc: int, msid: str = STREAM_ID) -> list[str]:
    """What a section says of our track and of the stream that repairs it (RFC 5576), whichever of its formats is sent."""
    repaired = any(each.rtx is not None for each in formats)
    lines = [f"a=msid:{msid} {kind}"]
    if repaired:
        lines.append(f"a=ssrc-group:FID {ssrc} {rtx.ssrc_of(ssrc)}")
    # Chromium plays the source that is named first.
    lines.append(f"a=ssrc:{ssrc} cname:{STREAM_ID}")
    if repaired:
        lines.append(f"a=ssrc:{rtx.ssrc_of(ssrc)} cname:{STREAM_ID}")
    return lines


def transport_lines(transport: Transport, *, tcp: bool = True) -> list[str]:
    """Credentials and every candidate, or those for UDP only, as an answer's section and a fragment's have them."""
    lines = [f"a=ice-ufrag:{transport.credentials.ufrag}", f"a=ice-pwd:{transport.credentials.password}"]
    lines += [_candidate(transport, index, "udp") for index in range(len(transport.addresses))]
    # Behind all of UDP, for a client takes the first of its kind: some know no other.
    lines += [_candidate(transport, index, "tcp") for index in range(len(transport.addresses)) if tcp]
    return [*lines, "a=end-of-candidates"]


def _candidate(transport: Transport, index: int, protocol: Literal["udp", "tcp"]) -> str:
    """A host candidate of RFC 8839 section 5.1; one for TCP waits for connections (RFC 6544 section 4.5).

    The priority is that of RFC 8445 section 5.1.2.1: the type's, then the order given (behind the direction, RFC 6544 section 4.2), then
    component 1.
    """
    kind, order, more = (126, 65535 - index, "") if protocol == "udp" else (90, (4 << 13) + 8191 - index, " tcptype passive")
    number, priority = index + 1 + (len(transport.addresses) if more else 0), (kind << 24) | (order << 8) | 255
    address = ipaddress.ip_address(transport.addresses[index])
    return f"a=candidate:{number} 1 {protocol} {priority} {address} {transport.port} typ host{more}"
