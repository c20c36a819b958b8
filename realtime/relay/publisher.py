"""The peer that sends a session's media to us."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from realtime.relay import rtcp, rtx
from realtime.relay.answer import Chosen
from realtime.relay.arrivals import INTERVAL, Arrivals
from realtime.relay.bandwidth import CEILING, FLOOR, Bandwidth
from realtime.relay.dtls import Certificate
from realtime.relay.offer import ABS_SEND_TIME, TRANSPORT_CC, Codec, Kind
from realtime.relay.peer import Peer, Port, Role
from realtime.relay.reception import Reception
from realtime.relay.rtp import Packet, read_packet
from realtime.relay.simulcast import Names

SOURCE_PATIENCE = 1.0
"""Seconds a kind's SSRC must be silent before another SSRC may take its place: two sources are never mixed."""

MediaHandler = Callable[["Publisher", Kind, Packet, float], None]
ReportHandler = Callable[["Publisher", Kind, RtcpSrPacket], None]


class Publisher(Peer):
    """Receives RTP by payload type, reports back (RR, REMB, NACK, PLI), and hands packets on.

    Its sources are told apart by payload type; SSRCs are learned from packets that decrypted, never from the SDP.
    """

    role: ClassVar[Role] = "publisher"
    original: ClassVar[bool] = True
    """Whether this is where the media comes from, and not another node that has it from there."""

    def __init__(
        self,
        session: str,
        port: Port,
        certificate: Certificate,
        remote: RTCDtlsParameters,
        chosen: Mapping[Kind, Chosen],
        on_media: MediaHandler,
        on_report: ReportHandler,
        *,
        lang: str | None,
        dtls_active: bool,
    ) -> None:
        super().__init__(session, port, certificate, remote, dtls_active=dtls_active)
        self.lang = lang
        self.codecs: dict[Kind, Codec] = {kind: choice.format.codec for kind, choice in chosen.items()}
        self._kinds: dict[int, Kind] = {choice.format.payload_type: kind for kind, choice in chosen.items()}
        self._repairs: dict[int, Kind] = {choice.format.rtx: kind for kind, choice in chosen.items() if choice.format.rtx is not None}
        self._payload_types = {kind: choice.format.payload_type for kind, choice in chosen.items()}
        ids = [choice.extensions for choice in chosen.values()]
        self._send_time_id = next((given[ABS_SEND_TIME] for given in ids if ABS_SEND_TIME in given), None)
        self._number_id = next((given[TRANSPORT_CC] for given in ids if TRANSPORT_CC in given), None)
        """Of a bundle's sections: an extension has one id in all of them (RFC 9143 section 15)."""
        self._arrivals = Arrivals()
        self._receptions: dict[tuple[Kind, str], Reception] = {}
        """By kind and encoding."""
        self.names = Names(next((choice.section.rids for choice in chosen.values() if choice.section.rids), ()), ids)
        self._bandwidth = Bandwidth()
        self._bounded = False
        """Whether it was ever told less than CEILING, and must hear when that is over."""
        self.clock: int | None = None
        """How far its NTP clock is ahead of ours, in 2^-32 s, by the sender report that was fastest."""
        self._on_media = on_media
        self._on_report = on_report

    @property
    def lost(self) -> int:
        """Packets that never arrived from the publisher's current sources."""
        return sum(reception.lost for reception in self._receptions.values())

    def on_rtp(self, packet: bytes, now: float) -> None:
        parsed = read_packet(packet)
        if parsed is None:
            return
        self._note_arrival(parsed, now)
        kind = self._kinds.get(parsed.payload_type)
        if kind is None:
            self._repair(parsed, now)
            return
        layer = self.names.layer(parsed) if kind == "video" else ""
        reception = self._reception(kind, layer, parsed.ssrc, now) if layer is not None else None
        if reception is None:
            return
        parsed.layer = reception.layer
        reception.add(parsed, now)
        if kind == "video":
            self._ask_again(reception, now)
        self._note_send_time(parsed, len(packet), now)
        self._on_media(self, kind, parsed, now)

    def on_rtcp(self, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                self._note_clock(packet)
                for (kind, _), reception in self._receptions.items():
                    if reception.ssrc == packet.ssrc:
                        reception.note_report(packet, now)
                        self._on_report(self, kind, packet)

    def request_keyframe(self, layer: str | None = None) -> bool:
        """Send a PLI for one encoding of the picture, or for all; False if there is none yet."""
        if layer is None:
            asked = [self.request_keyframe(each) for kind, each in self._receptions if kind == "video"]
            return any(asked)
        video = self._receptions.get(("video", layer))
        if video is None or not self.connected:
            return False
        self.send_rtcp(rtcp.keyframe_request(self.ssrc, video.ssrc))
        return True

    def report(self, now: float, carried: int) -> None:
        """Send the receiver report and the bitrate ceiling, `carried` being what viewers' paths carry; call about once a second."""
        if not self._receptions:
            return
        message = rtcp.receiver_report(self.ssrc, [reception.report(now) for reception in self._receptions.values()])
        pictures = [reception.ssrc for (kind, _), reception in self._receptions.items() if kind == "video"]
        # Who sends several encodings has one for viewers on narrow paths.
        ceiling = self._ceiling(now, carried if len(pictures) == 1 else CEILING)
        if pictures and ceiling is not None:
            message += rtcp.bitrate_ceiling(self.ssrc, ceiling, pictures)
        self.send_rtcp(message)

    def _ceiling(self, now: float, carried: int) -> int | None:
        """None for who knows best itself, as long as viewers' paths were never narrower."""
        carried = max(FLOOR, carried)
        if self._number_id is None:
            return min(carried, self._bandwidth.ceiling(now))
        self._bounded |= carried < CEILING
        return carried if self._bounded else None

    def _note_clock(self, report: RtcpSrPacket) -> None:
        ahead = report.sender_info.ntp_timestamp - rtcp.ntp_now()
        self.clock = ahead if self.clock is None else max(self.clock, ahead)

    def _reception(self, kind: Kind, layer: str, ssrc: int, now: float) -> Reception | None:
        """The books of this source, opened at its first packet; None while another source of the encoding is alive."""
        current = self._receptions.get((kind, layer))
        if current is not None and current.ssrc == ssrc:
            return current
        if current is not None and now - current.last_time < SOURCE_PATIENCE:
            return None
        reception = self._receptions[kind, layer] = Reception(ssrc, self.codecs[kind].clock_rate, layer)
        return reception

    def _repair(self, packet: Packet, now: float) -> None:
        """Take what was asked for again; browsers also send what nobody asked for, to probe their path."""
        kind = self._repairs.get(packet.payload_type)
        layer, number = self.names.repaired(packet), rtx.original_of(packet)
        reception = self._receptions.get((kind, layer)) if kind is not None and layer is not None else None
        if kind is not None and reception is not None and number is not None and reception.recover(number):
            packet.layer = reception.layer
            self._on_media(self, kind, rtx.unwrap(packet, self._payload_types[kind], reception.ssrc), now)

    def _ask_again(self, reception: Reception, now: float) -> None:
        lost = reception.wanted(now)
        if lost:
            self.send_rtcp(rtcp.retransmission_request(self.ssrc, reception.ssrc, lost))

    def _note_send_time(self, packet: Packet, size: int, now: float) -> None:
        value = packet.extension(self._send_time_id)
        if value is not None and len(value) == 3:
            self._bandwidth.add(int.from_bytes(value, "big"), size, packet.ssrc, now)

    def _note_arrival(self, packet: Packet, now: float) -> None:
        value = packet.extension(self._number_id)
        if value is not None and len(value) == 2 and self._arrivals.add(int.from_bytes(value, "big"), now):
            asyncio.get_running_loop().call_later(INTERVAL, self._tell_arrivals, packet.ssrc)

    def _tell_arrivals(self, ssrc: int) -> None:
        for message in self._arrivals.messages(self.ssrc, ssrc):
            self.send_rtcp(message)
