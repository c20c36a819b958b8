"""The running numbers in a VP8 payload descriptor (RFC 7741 section 4.2): pictures and their base layer, which must not leap."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one picture: modulo 2^15 (or 2^7, where it is written in seven bits), and its base layer's modulo 2^8."""

    picture: int = 0
    level: int = 0


NONE = Numbers()


def numbers(payload: bytes) -> Numbers | None:
    """None for a payload that has none, or is cut off."""
    places = _places(payload)
    if places is None:
        return None
    picture, width, level = places
    value = int.from_bytes(payload[picture : picture + width], "big") & (0x7FFF if width == 2 else 0x7F)
    return Numbers(value, payload[level] if level else 0)


def advanced(payload: bytes, by: Numbers) -> bytes:
    """The payload with its numbers so much higher; as it is, if it has none."""
    places = _places(payload) if by != NONE else None
    if places is None:
        return payload
    picture, width, level = places
    mask = 0x7FFF if width == 2 else 0x7F
    moved = bytearray(payload)
    value = int.from_bytes(payload[picture : picture + width], "big")
    moved[picture : picture + width] = ((value & ~mask) | ((value + by.picture) & mask)).to_bytes(width, "big")
    if level:
        moved[level] = (moved[level] + by.level) & 0xFF
    return bytes(moved)


def leap(last: bytes, first: bytes) -> Numbers:
    """What `first` must be advanced by to follow `last`."""
    before, after = numbers(last), numbers(first)
    if before is None or after is None:
        return NONE
    return Numbers((before.picture + 1 - after.picture) & 0x7FFF, (before.level + 1 - after.level) & 0xFF)


def _places(payload: bytes) -> tuple[int, int, int] | None:
    """Where the picture's number is, its octets, and where its base layer's is (0 if nowhere)."""
    if len(payload) < 5 or not payload[0] & 0x80 or not payload[1] & 0x80:
        return None
    width = 2 if payload[2] & 0x80 else 1
    return 2, width, 2 + width if payload[1] & 0x40 else 0
