"""One track of a session on its way to all viewers: rewritten once, encrypted and sent once each."""

import secrets
from collections.abc import Sequence

from aiortc.rtp import RtcpSrPacket

from realtime.relay import rtcp
from realtime.relay.continuity import Continuity
from realtime.relay.history import History
from realtime.relay.offer import Codec, Kind
from realtime.relay.rtp import Packet, rewrite
from realtime.relay.viewer import Viewer

MAX_NACK = 256
"""Sequence numbers heeded in one retransmission request; the rest of the list is ignored."""


class Track:
    """A codec, one SSRC for its whole life, and the viewers that play it, grouped by the payload type they know it by."""

    def __init__(self, kind: Kind, codec: Codec) -> None:
        self.kind = kind
        self.codec = codec
        self.ssrc = secrets.randbits(32)
        self.packets = 0
        self.octets = 0
        self.retransmitted = 0
        # RFC 3550 section 5.1: both start at random. Low enough that the first wrap is not at once.
        self._continuity = Continuity(codec.clock_rate, secrets.randbits(15), secrets.randbits(31))
        self._history = History()
        self._groups: dict[int, list[Viewer]] = {}
        self._report: bytes | None = None

    def join(self, viewer: Viewer) -> None:
        """Send to this viewer from the next packet on; it gets the last sender report at once, to play in step."""
        self._groups.setdefault(viewer.payload_types[self.kind], []).append(viewer)
        if self._report is not None:
            viewer.send_rtcp(self._report)

    def leave(self, viewer: Viewer) -> None:
        """Stop sending to this viewer. Idempotent."""
        group = self._groups.get(viewer.payload_types.get(self.kind, -1), [])
        if viewer in group:
            group.remove(viewer)

    def forward(self, packet: Packet, source: int, now: float) -> int | None:
        """Rewrite and send one packet to all. `source` tells publishers and SSRCs apart. Returns its new timestamp, None if dropped."""
        placed = self._continuity.place(source, packet.sequence, packet.timestamp, now)
        if placed is None:
            return None
        sequence, timestamp = placed
        outgoing = rewrite(packet, sequence, timestamp, self.ssrc)
        self._history.add(outgoing)
        self.packets += 1
        self.octets += len(packet.payload)
        for payload_type, viewers in self._groups.items():
            if viewers:
                shared = outgoing.numbered(payload_type)
                for viewer in viewers:
                    viewer.send_rtp(shared)
        return timestamp

    def resend(self, viewer: Viewer, lost: Sequence[int], now: float) -> None:
        """Send packets again that this viewer missed, from the shared history."""
        payload_type = viewer.payload_types[self.kind]
        for sequence in lost[:MAX_NACK]:
            packet = self._history.get(sequence)
            if packet is not None and viewer.may_ask_again(now):
                self.retransmitted += 1
                viewer.send_rtp(packet.numbered(payload_type))

    def report(self, source: int, report: RtcpSrPacket) -> None:
        """Pass the publisher's sender report on, on our SSRC and time line."""
        timestamp = self._continuity.map_timestamp(source, report.sender_info.rtp_timestamp)
        if timestamp is None:
            return
        ntp = report.sender_info.ntp_timestamp
        self._report = rtcp.sender_report(self.ssrc, ntp, timestamp, self.packets, self.octets)
        for viewers in self._groups.values():
            for viewer in viewers:
                viewer.send_rtcp(self._report)
