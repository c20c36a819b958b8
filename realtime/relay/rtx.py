"""Retransmission in a stream of its own (RFC 4588), beside the one it repairs: no number of either is ever sent twice.

The same packet again under its own number would do, and does for who offers no `rtx`; but reports then count it twice, and SRTP
goes back only so far.
"""

import struct

from realtime.relay.rtp import HEADER, Outgoing, Packet

_NUMBER = struct.Struct("!H")
"""The original sequence number, in front of the payload (section 4)."""


def ssrc_of(ssrc: int) -> int:
    """Of the stream that repairs our track `ssrc`: one for all viewers, like the track's."""
    return (ssrc + 1) & 0xFFFFFFFF


def wrap(packet: Outgoing, payload_type: int, sequence: int) -> bytes:
    """A packet of ours again, under the viewer's payload type for it and the next number of its retransmissions."""
    header = HEADER.pack(packet.first, packet.marker | payload_type, sequence, packet.timestamp, ssrc_of(packet.ssrc))
    return header + _NUMBER.pack(packet.sequence) + packet.payload


def original_of(packet: Packet) -> int | None:
    """The sequence number of what a publisher sent again; None for padding, by which browsers probe their path."""
    return _NUMBER.unpack_from(packet.payload)[0] if len(packet.body) >= _NUMBER.size else None


def unwrap(packet: Packet, payload_type: int, ssrc: int) -> Packet:
    """The packet as it was when it was lost. Its `original_of` is known."""
    (sequence,) = _NUMBER.unpack_from(packet.payload)
    payload = packet.payload[_NUMBER.size :]
    return Packet(payload_type, packet.marker, sequence, packet.timestamp, ssrc, packet.padded, packet.extensions, payload, packet.layer)
