"""What a viewer is offered whose own offer could not be taken: the session as it is, to be answered by PATCH (draft-murillo-whep)."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime.relay.answer import ICE_OPTIONS, Transport, codec_lines, payload_types, source_lines, transport_lines
from realtime.relay.ice import IceSession
from realtime.relay.offer import H264, OPUS, VP8, Codec, Format, Kind

LIFETIME = 30.0
"""Seconds a viewer has to answer; then the offer is forgotten."""

# The numbers browsers themselves use, so that no client has to renumber.
FORMATS = {
    OPUS: Format(111, OPUS, "minptime=10;useinbandfec=1", False),
    VP8: Format(96, VP8, "", False, 97),
    H264: Format(102, H264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", True, 103),
}


@dataclass(frozen=True, slots=True)
class CounterOffer:
    """An offer of ours that waits for its answer. The viewer it becomes takes over its id and ICE session."""

    session: str
    lang: str | None = None
    """What the viewer wants to hear."""
    resource_id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    ice: IceSession = field(default_factory=IceSession)
    made_at: float = field(default_factory=time.monotonic)

    def over(self, now: float) -> bool:
        return now - self.made_at > LIFETIME


class CounterOffers:
    """Those that wait for an answer. Each takes the place of a viewer, so their number has the viewers' limit."""

    def __init__(self) -> None:
        self._offers: dict[str, CounterOffer] = {}

    def __len__(self) -> int:
        return len(self._offers)

    def of(self, session: str) -> int:
        """How many of this session's there are."""
        return sum(offer.session == session for offer in self._offers.values())

    def make(self, session: str, lang: str | None) -> CounterOffer:
        offer = CounterOffer(session, lang)
        self._offers[offer.resource_id] = offer
        return offer

    def find(self, resource_id: str) -> CounterOffer | None:
        return self._offers.get(resource_id)

    def forget(self, resource_id: str) -> None:
        del self._offers[resource_id]

    def expired(self, now: float) -> list[str]:
        """The ids of those whose time is over; forget them."""
        return [id for id, offer in self._offers.items() if offer.over(now)]


def write_offer(tracks: Mapping[Kind, tuple[Codec, int]], transport: Transport) -> str:
    """An SDP offer of every track (codec, ssrc), CRLF-terminated lines: the audio first, one bundle."""
    kinds = sorted(tracks)
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=ice-options:{ICE_OPTIONS}",
        f"a=group:BUNDLE {' '.join(str(index) for index, _ in enumerate(kinds))}",
        "a=msid-semantic: WMS *",
    ]
    for index, kind in enumerate(kinds):
        lines += _section(index, kind, *tracks[kind], transport)
    return "\r\n".join(lines) + "\r\n"


def _section(index: int, kind: Kind, codec: Codec, ssrc: int, transport: Transport) -> list[str]:
    offered = FORMATS[codec]
    return [
        f"m={kind} {transport.port} UDP/TLS/RTP/SAVPF {payload_types(offered)}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{index}",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=rtcp-rsize",
        *codec_lines(kind, offered, sends=True),
        *source_lines(kind, (offered,), ssrc),
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        "a=setup:actpass",
        *transport_lines(transport),
    ]
