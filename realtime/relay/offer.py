"""Read an SDP offer (RFC 8866, RFC 9429) into the few facts the relay negotiates by.

Everything unreadable is BadOffer; what can be read and cannot be done is UnacceptableOffer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aiortc.rtcdtlstransport import X509_DIGEST_ALGORITHMS, RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription, parameters_to_sdp

from realtime.relay.errors import BadOffer, NoCommonCodec, UnacceptableOffer
from realtime.relay.ice import Credentials
from realtime.relay.simulcast import RID, read_rids

Kind = Literal["audio", "video"]
Line = Literal["audio", "video", "original"]
"""A section of a viewer's: one of each kind, and a second one of sound for the floor's beneath an interpretation."""
Direction = Literal["sends", "receives"]

MAX_OFFER = 64 * 1024
"""Characters of one offer; Chromium's longest is about 12,000. A longer one is BadOffer."""

MAX_LINES = 1_000
"""Lines that are parsed (after _IGNORED ones are left out); more is BadOffer, for parsing is quadratic in some of them."""

MAX_MEDIA = 8
"""Media sections of one offer; more is BadOffer."""

# We are ICE-lite and learn SSRCs from packets, so neither is worth parsing; 1,000 candidates then cost nothing.
_IGNORED = ("a=candidate:", "a=end-of-candidates", "a=ssrc:", "a=ssrc-group:", "a=msid")

_TOKEN = re.compile(r"[\w!#$%&'*+./^`{|}~-]{1,64}", re.ASCII)
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


@dataclass(frozen=True, slots=True)
class Codec:
    """What a track is made of, whatever number a peer gives it: the same codec can be forwarded from one to the other."""

    name: str
    """"h264", "vp8" or "opus"."""
    clock_rate: int
    """Timestamp units a second."""


H264 = Codec("h264", 90_000)
VP8 = Codec("vp8", 90_000)
OPUS = Codec("opus", 48_000)
CODECS: dict[Kind, tuple[Codec, ...]] = {"audio": (OPUS,), "video": (H264, VP8)}


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type of a media section."""

    payload_type: int
    codec: Codec
    fmtp: str
    """Its format parameters as written, "" if it has none."""
    baseline: bool
    """Whether it is H264 constrained baseline, which every browser decodes."""
    rtx: int | None = None
    """The payload type of its retransmissions (RFC 4588), if the peer knows any."""
    transport_cc: bool = False
    """Whether the peer sets its bitrate by the arrivals of its packets, if it is told of them."""


@dataclass(frozen=True, slots=True)
class Section:
    """One m= section. `formats` holds only what the relay can forward, in the offerer's order; it is empty when refused."""

    index: int
    """Its place in the SDP, from 0."""
    kind: str
    protocol: str
    first_format: str
    """Kept for refusing the section: its m= line must be repeated."""
    mid: str
    formats: tuple[Format, ...]
    refused: bool
    """Whether the offerer itself has it off."""
    wanted: bool
    """Whether the offerer means it to carry media our way."""
    extensions: Mapping[str, int]
    """The ids offered for header extensions, by their URIs."""
    rids: tuple[str, ...] = ()
    """The encodings of one picture that are offered at the same time; () is one that has no name."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A readable offer. `sections` is in the order of the offer; the answer must keep it."""

    sections: tuple[Section, ...]
    ice: Credentials
    dtls: RTCDtlsParameters
    passive: bool
    """The offerer insists on being the DTLS server (ffmpeg does by default), so we must be the client."""


def read_offer(sdp: str, direction: Direction) -> Offer:
    """Parse and check the offer of a publisher ("sends") or of a viewer ("receives"), or a viewer's answer to an offer of ours.

    Raises BadOffer and UnacceptableOffer, and nothing else.
    """
    if len(sdp) > MAX_OFFER:
        raise BadOffer(f"the offer is longer than {MAX_OFFER} characters")
    lines = [line for line in sdp.splitlines() if not line.startswith(_IGNORED)]
    if len(lines) > MAX_LINES:
        raise BadOffer(f"the offer has more than {MAX_LINES} lines")
    try:
        description = SessionDescription.parse("\r\n".join(lines))
        return _checked(description, direction, read_rids(lines))
    except (StopIteration, LookupError, AssertionError, AttributeError, TypeError, ValueError) as error:
        # aiortc's parser has no error type of its own: any of these means the text is not the SDP it should be.
        raise BadOffer(f"the offer is not valid SDP ({type(error).__name__})") from error


def _checked(description: SessionDescription, direction: Direction, rids: Sequence[tuple[str, ...]]) -> Offer:
    media = description.media
    if not 0 < len(media) <= MAX_MEDIA:
        raise BadOffer(f"the offer must have 1 to {MAX_MEDIA} media sections")
    bundled = {str(mid) for group in description.group if group.semantic == "BUNDLE" for mid in group.items}
    sections = tuple(_section(index, m, direction, bundled, rids[index]) for index, m in enumerate(media))
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise BadOffer("two media sections have the same mid, or none")
    used = [section for section in sections if section.formats]
    _refuse_unacceptable(sections, used, direction)
    if not all(media[section.index].rtcp_mux for section in used):
        raise UnacceptableOffer("RTP and RTCP must share one port (a=rtcp-mux)")
    if len(used) > 1 and not all(section.mid in bundled for section in used):
        raise UnacceptableOffer("audio and video must share one transport (a=group:BUNDLE)")
    return _transport(media[used[0].index], sections)


def _refuse_unacceptable(sections: Sequence[Section], used: Sequence[Section], direction: Direction) -> None:
    """A publisher is taken with everything it offers or not at all (RFC 9725 sections 4.4.2 and 4.4.3); a viewer with what it can play."""
    open_sections = [section for section in sections if not section.refused]
    if direction == "sends":
        if not all(section.wanted for section in open_sections):
            raise UnacceptableOffer("a publisher's sections must be sendonly or sendrecv")
        if len({section.kind for section in open_sections}) != len(open_sections):
            raise UnacceptableOffer("a publisher may offer one audio and one video section")
    elif not any(section.wanted for section in open_sections):
        raise UnacceptableOffer("a viewer's sections must be recvonly or sendrecv")
    if not used or (direction == "sends" and len(used) != len(open_sections)):
        raise NoCommonCodec("a section has no codec the relay forwards (H264, VP8, Opus)")


def _transport(media: MediaDescription, sections: tuple[Section, ...]) -> Offer:
    """Check ICE and DTLS of the section that carries the bundle."""
    ice = Credentials(media.ice.usernameFragment or "", media.ice.password or "") if media.ice else None
    if ice is None or not ice.readable:
        raise BadOffer("the offer has no usable ice-ufrag and ice-pwd")
    if media.dtls is None:
        raise BadOffer("the offer has no a=setup")
    known = [f for f in media.dtls.fingerprints if f.algorithm.lower() in X509_DIGEST_ALGORITHMS]
    if not known:
        raise BadOffer("the offer has no fingerprint by sha-256, sha-384 or sha-512")
    fingerprints = [RTCDtlsFingerprint(f.algorithm.lower(), f.value) for f in known]
    return Offer(sections, ice, RTCDtlsParameters(fingerprints), passive=media.dtls.role == "server")


def _section(index: int, media: MediaDescription, direction: Direction, bundled: set[str], rids: tuple[str, ...]) -> Section:
    mid = media.rtp.muxId
    if mid and not _TOKEN.fullmatch(mid):
        raise BadOffer("a mid is not a token")
    first = str(media.fmt[0])
    for token in (media.kind, media.profile, first):
        if not _TOKEN.fullmatch(token):
            raise BadOffer("a media line holds something that is not a token")
    right = ("sendrecv", "sendonly") if direction == "sends" else ("sendrecv", "recvonly")
    # Port 0 refuses a section, except for one that rides in a bundle (RFC 9143 section 6).
    refused = media.port == 0 and mid not in bundled
    wanted = media.direction in (None, *right) and not refused
    formats, extensions = _formats(media) if wanted else (), _extensions(media)
    # Without its name in every packet nobody could tell one encoding from the other.
    rids = rids if media.kind == "video" and RID in extensions else ()
    return Section(index, media.kind, media.profile, first, mid, formats, refused, wanted, extensions, rids)


def _formats(media: MediaDescription) -> tuple[Format, ...]:
    codecs = CODECS["audio"] if media.kind == "audio" else CODECS["video"] if media.kind == "video" else ()
    offered, rtx = set(media.fmt), _retransmissions(media)
    return tuple(
        Format(
            number,
            codec,
            parameters_to_sdp(parameters.parameters),
            _is_baseline(parameters),
            rtx.get(number),
            any(feedback.type == "transport-cc" for feedback in parameters.rtcpFeedback),
        )
        for parameters in media.rtp.codecs
        for codec in codecs
        if (number := parameters.payloadType) is not None and number in offered and number < 128 and _is(parameters, codec)
    )


def _retransmissions(media: MediaDescription) -> dict[int, int]:
    """The payload type of the retransmissions of each other one that has any (RFC 4588 section 8.6)."""
    if media.kind != "video":
        return {}
    return {
        original: number
        for parameters in media.rtp.codecs
        if parameters.name.lower() == "rtx" and isinstance(original := parameters.parameters.get("apt"), int)
        if (number := parameters.payloadType) is not None and number in media.fmt and number < 128
    }


def _is(parameters: RTCRtpCodecParameters, codec: Codec) -> bool:
    if parameters.name.lower() != codec.name or parameters.clockRate != codec.clock_rate:
        return False
    # Packetization mode 0 allows no fragments: a 1080p frame would not fit.
    return codec is not H264 or parameters.parameters.get("packetization-mode") == "1"


def _is_baseline(parameters: RTCRtpCodecParameters) -> bool:
    """RFC 6184 section 8.1: profile_idc 0x42 with constraint_set1, the profile every WebRTC endpoint has."""
    profile = str(parameters.parameters.get("profile-level-id") or "")
    if parameters.name.lower() != H264.name or not re.fullmatch("[0-9a-fA-F]{6}", profile):
        return False
    return profile[:2] == "42" and bool(int(profile[2:4], 16) & 0x40)


def _extensions(media: MediaDescription) -> dict[str, int]:
    # Ids past 14 need two-byte extension headers, which no client uses for those we know.
    return {extension.uri: extension.id for extension in media.rtp.headerExtensions if 0 < extension.id < 15}
