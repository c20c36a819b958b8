"""RTCP messages (RFC 3550 section 6, RFC 4585) the relay reads and writes, built from aiortc's packet classes."""

import struct
import time
from collections.abc import Sequence

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

from realtime.relay.answer import STREAM_ID

_SDES_CNAME = 1


_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905 section 6)."""


def ntp_now() -> int:
    """The time now in 2^-32 s since 1900."""
    seconds, ns = divmod(time.time_ns(), 1_000_000_000)
    return (seconds + _NTP_EPOCH) << 32 | (ns << 32) // 1_000_000_000


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761 section 4: packet types 192-223 are RTCP when RTP and RTCP share a port."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


def read_compound(data: bytes) -> list[AnyRtcpPacket]:
    """The packets of a compound message that we know; an unreadable message is no packets at all."""
    try:
        return RtcpPacket.parse(data)
    except (ValueError, IndexError, struct.error):
        return []


def lost_packets(packet: AnyRtcpPacket, ssrc: int) -> Sequence[int]:
    """The sequence numbers a viewer asks again of track `ssrc`, if this is a generic NACK (RFC 4585 section 6.2.1)."""
    if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK and packet.media_ssrc == ssrc:
        return packet.lost
    return ()


def asks_keyframe(packet: AnyRtcpPacket) -> bool:
    """PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1)."""
    return isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR)


def ceiling_asked(packet: AnyRtcpPacket) -> int | None:
    """The bits per second of a REMB, if it is one."""
    if not isinstance(packet, RtcpPsfbPacket) or packet.fmt != RTCP_PSFB_APP:
        return None
    try:
        return int(unpack_remb_fci(packet.fci)[0])
    except (ValueError, IndexError, struct.error):
        return None


def losses(packet: AnyRtcpPacket, ssrc: int) -> float | None:
    """The share of track `ssrc` that was lost since the last report, if this is one on it (RFC 3550 section 6.4)."""
    reports = packet.reports if isinstance(packet, RtcpRrPacket | RtcpSrPacket) else ()
    return next((report.fraction_lost / 256 for report in reports if report.ssrc == ssrc), None)


def keyframe_request(sender: int, media: int) -> bytes:
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=sender, media_ssrc=media))


def retransmission_request(sender: int, media: int, lost: list[int]) -> bytes:
    return bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=sender, media_ssrc=media, lost=lost))


def receiver_report(sender: int, reports: list[RtcpReceiverInfo]) -> bytes:
    return bytes(RtcpRrPacket(ssrc=sender, reports=reports)) + _cname(sender)


def bitrate_ceiling(sender: int, bits_per_second: int, media: list[int]) -> bytes:
    """REMB (draft-alvestrand-rmcat-remb-03)."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=sender, media_ssrc=0, fci=pack_remb_fci(bits_per_second, media)))


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    info = RtcpSenderInfo(ntp_timestamp=ntp, rtp_timestamp=timestamp, packet_count=packets & 0xFFFFFFFF, octet_count=octets & 0xFFFFFFFF)
    return bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info)) + _cname(ssrc)


def _cname(ssrc: int) -> bytes:
    """RFC 3550 section 6.1: every compound message names its sender."""
    return bytes(RtcpSdesPacket([RtcpSourceInfo(ssrc, [(_SDES_CNAME, STREAM_ID.encode())])]))
