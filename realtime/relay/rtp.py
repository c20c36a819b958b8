"""RTP headers (RFC 3550 section 5.1) read and written with `struct`: the relay touches nothing behind them."""

import struct
from dataclasses import dataclass, replace

from realtime.relay import vp8

HEADER = struct.Struct("!BBHII")
HEADER_LENGTH = HEADER.size
_EXTENSION = struct.Struct("!HH")
ONE_BYTE_EXTENSIONS = 0xBEDE


@dataclass(slots=True)
class Packet:
    """One received RTP packet, already decrypted. `payload` still holds the padding, if `padded`."""

    payload_type: int
    marker: int
    sequence: int
    timestamp: int
    ssrc: int
    padded: bool
    extensions: bytes
    """The one-byte header extensions (RFC 8285), b"" if there are none."""
    payload: bytes
    layer: str = ""
    """Which encoding of the picture it is of, if there are several."""

    @property
    def body(self) -> bytes:
        """The payload without its padding; b"" for a packet that is only padding."""
        return self.payload[: -self.payload[-1]] if self.padded and self.payload else self.payload

    def extension(self, wanted: int | None) -> bytes | None:
        """The value of a header extension by the id that was agreed on, if any was."""
        return find_extension(self.extensions, wanted) if wanted is not None and self.extensions else None

    def at(self, timestamp: int) -> "Packet":
        """The same packet at another time."""
        return replace(self, timestamp=timestamp)


def read_packet(data: bytes) -> Packet | None:
    """Parse RTP; None when the header lies about its own length or the version is not 2."""
    if len(data) < HEADER_LENGTH:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start = HEADER_LENGTH + 4 * (first & 0x0F)
    extensions = b""
    if first & 0x10:
        if len(data) < start + 4:
            return None
        profile, words = _EXTENSION.unpack_from(data, start)
        end = start + 4 + 4 * words
        if profile == ONE_BYTE_EXTENSIONS:
            extensions = data[start + 4 : end]
        start = end
    padded = bool(first & 0x20)
    if first >> 6 != 2 or start > len(data) or (padded and not 0 < data[-1] <= len(data) - start):
        return None
    return Packet(second & 0x7F, second & 0x80, sequence, timestamp, ssrc, padded, extensions, data[start:])


def find_extension(extensions: bytes, wanted: int) -> bytes | None:
    """The value of one-byte header extension `wanted` (RFC 8285 section 4.2), or None."""
    at = 0
    while at < len(extensions):
        head = extensions[at]
        if head == 0:
            at += 1
            continue
        end = at + 2 + (head & 0x0F)
        if head >> 4 == wanted:
            return extensions[at + 1 : end] if end <= len(extensions) else None
        at = end
    return None


@dataclass(slots=True, frozen=True)
class Shift:
    """How far a viewer's line of a channel is from the channel's own, since it changed channels within one stream."""

    sequence: int
    timestamp: int
    numbers: vp8.Numbers = vp8.NONE
    """How far those in its payloads are, if they are VP8."""


UNMOVED = Shift(0, 0)


@dataclass(slots=True, frozen=True)
class Outgoing:
    """A rewritten packet, ready but for the payload type, the only thing in which viewers differ.

    CSRCs and header extensions are gone: their ids were agreed with the publisher, not with the viewers.
    """

    sequence: int
    timestamp: int
    ssrc: int
    first: int
    marker: int
    payload: bytes

    @property
    def body(self) -> bytes:
        """The payload without its padding."""
        return self.payload[: -self.payload[-1]] if self.first & 0x20 and self.payload else self.payload

    def numbered(self, payload_type: int) -> bytes:
        """The packet for all viewers that know this codec as `payload_type`."""
        return HEADER.pack(self.first, self.marker | payload_type, self.sequence, self.timestamp, self.ssrc) + self.payload

    def at(self, timestamp: int) -> "Outgoing":
        """The same packet at another time."""
        return Outgoing(self.sequence, timestamp, self.ssrc, self.first, self.marker, self.payload)

    def shifted(self, shift: Shift) -> "Outgoing":
        """The packet as viewers know it who came here from another channel."""
        if shift == UNMOVED:
            return self
        sequence, timestamp = (self.sequence + shift.sequence) & 0xFFFF, (self.timestamp + shift.timestamp) & 0xFFFFFFFF
        return Outgoing(sequence, timestamp, self.ssrc, self.first, self.marker, vp8.advanced(self.payload, shift.numbers))

    def __len__(self) -> int:
        return HEADER_LENGTH + len(self.payload)


def rewrite(packet: Packet, sequence: int, timestamp: int, ssrc: int) -> Outgoing:
    """Give a packet our sequence number, timestamp and SSRC."""
    return Outgoing(sequence, timestamp, ssrc, 0xA0 if packet.padded else 0x80, packet.marker, packet.payload)
