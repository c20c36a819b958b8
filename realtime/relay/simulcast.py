"""Several encodings of one picture in one section of an offer (RFC 8853), told apart by the stream ids of RFC 8852."""

import re
from collections.abc import Iterable, Mapping, Sequence

from realtime.relay.rtp import Packet

MAX_LAYERS = 3
"""Encodings of one picture that are taken; the others of an offer are left out of its answer."""

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"

_RID = re.compile(r"a=rid:([\w-]{1,16}) send(?: .*)?", re.ASCII)
"""RFC 8851 section 4 allows 255 characters; in a one-byte header extension there is room for 16."""
_SIMULCAST = re.compile(r"a=simulcast:(?:recv \S+ )?send (\S+)(?: recv \S+)?", re.ASCII)


def read_rids(lines: Iterable[str]) -> list[tuple[str, ...]]:
    """By section of an SDP: the ids of what it offers to send at the same time, at most MAX_LAYERS; () if that is one stream only."""
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        elif sections:
            sections[-1].append(line)
    return [_rids(section) for section in sections]


def _rids(lines: Sequence[str]) -> tuple[str, ...]:
    known = {match[1] for line in lines if (match := _RID.fullmatch(line))}
    for line in lines:
        offered = _SIMULCAST.fullmatch(line)
        if offered is not None:
            # Of alternatives, separated by commas, the first; one that is paused at first has a tilde.
            wanted = [stream.split(",")[0].removeprefix("~") for stream in offered[1].split(";")]
            return tuple(dict.fromkeys(rid for rid in wanted if rid in known))[:MAX_LAYERS]
    return ()


def answer_lines(rids: Sequence[str]) -> list[str]:
    """That we take all of these."""
    return [*[f"a=rid:{rid} recv" for rid in rids], f"a=simulcast:recv {';'.join(rids)}"] if rids else []


class Names:
    """Which encoding a publisher's packets are of. Browsers name it until they know that they were heard, then it is told by SSRC."""

    def __init__(self, rids: Sequence[str], extensions: Iterable[Mapping[str, int]]) -> None:
        self.all: tuple[str, ...] = tuple(rids) or ("",)
        """Of all encodings there may be."""
        self._rids = frozenset(rids)
        ids = {uri: id for given in extensions for uri, id in given.items()}
        self._own, self._repaired = ids.get(RID), ids.get(REPAIRED)
        self._known: dict[int, str] = {}

    def layer(self, packet: Packet) -> str | None:
        """ "" if there is only one; None if it cannot be told."""
        return self._name(packet, self._own) if self._rids else ""

    def repaired(self, packet: Packet) -> str | None:
        """As `layer`, of the encoding that a retransmission is for."""
        return self._name(packet, self._repaired) if self._rids else ""

    def _name(self, packet: Packet, extension: int | None) -> str | None:
        value = packet.extension(extension)
        if value is None:
            return self._known.get(packet.ssrc)
        rid = value.decode("ascii", "replace")
        if rid not in self._rids:
            return None
        if self._known.get(packet.ssrc) != rid:
            self._learn(packet.ssrc, rid)
        return rid

    def _learn(self, ssrc: int, rid: str) -> None:
        # A source and its repairs, each of which may be replaced: more is no browser's doing.
        if len(self._known) >= 4 * MAX_LAYERS:
            self._known.clear()
        self._known[ssrc] = rid
