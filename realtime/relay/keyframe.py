"""Where a picture begins that needs none before it, and everything since: who joins sees at once, and no publisher is disturbed."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from realtime.relay.offer import H264, Codec
from realtime.relay.rtp import Outgoing, Packet

MAX_PACKETS = 2_000
"""Packets kept since the last keyframe, about 2.3 MB. A publisher that goes longer without one is asked for it when somebody joins."""

STEP = 90
"""Timestamp units (1 ms) between the pictures of a replay: the viewer decodes them at once and shows the newest, with no delay kept."""

_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28

AnyPacket = TypeVar("AnyPacket", Packet, Outgoing)
"""As it came, or as it is sent on."""


def begins_keyframe(codec: Codec, payload: bytes) -> bool:
    """Whether a packet carries the beginning of a keyframe, or what H264 sends right before it. Any bytes may be given."""
    return _h264(payload) if codec == H264 else _vp8(payload)


def _h264(payload: bytes) -> bool:
    """RFC 6184 sections 5.6 to 5.8: a NAL unit, several, or the start of one."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return bool(payload[1] & 0x80) and payload[1] & 0x1F in (_IDR, _SPS)
    if kind != _STAP_A:
        return kind in (_IDR, _SPS)
    at = 1
    while at + 2 < len(payload):
        if payload[at + 2] & 0x1F in (_IDR, _SPS):
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False


def _vp8(payload: bytes) -> bool:
    """RFC 7741 sections 4.2 and 4.3: the first partition's first packet, with the inverse keyframe bit clear."""
    if not payload or payload[0] & 0x17 != 0x10:
        return False
    at = 1
    if payload[0] & 0x80 and len(payload) > 1:
        flags = payload[1]
        at = 2 + bool(flags & 0x40) + bool(flags & 0x30)
        if flags & 0x80:
            at += 2 if len(payload) > 2 and payload[2] & 0x80 else 1
    return len(payload) > at and not payload[at] & 0x01


class Replay(Generic[AnyPacket]):
    """The packets since the last keyframe, by picture; none, once there are more than `limit`."""

    def __init__(self, codec: Codec, limit: int = MAX_PACKETS) -> None:
        self._codec, self._limit = codec, limit
        self._pictures: dict[int, list[AnyPacket]] = {}
        self._count = 0

    def __bool__(self) -> bool:
        """Whether a keyframe is known."""
        return bool(self._pictures)

    def add(self, packet: AnyPacket) -> None:
        """Note a packet that has been sent to all."""
        timestamp = packet.timestamp
        if begins_keyframe(self._codec, packet.payload):
            self._begin(timestamp)
        elif not self._pictures or self._is_older(timestamp):
            return
        self._pictures.setdefault(timestamp, []).append(packet)
        self._count += 1
        if self._count > self._limit:
            self.clear()

    def clear(self) -> None:
        """Forget everything: what follows cannot be decoded by it."""
        self._pictures, self._count = {}, 0

    def packets(self) -> Sequence[AnyPacket]:
        """What brings a newcomer to the picture all others see, in order; nothing while no keyframe is known."""
        if not self._pictures:
            return ()
        latest, behind = next(reversed(self._pictures)), len(self._pictures) - 1
        moved: list[AnyPacket] = []
        for number, packets in enumerate(self._pictures.values()):
            timestamp = (latest - (behind - number) * STEP) & 0xFFFFFFFF
            moved += [packet.at(timestamp) for packet in packets]
        return moved

    def _begin(self, timestamp: int) -> None:
        # A keyframe's first packet may come after others of the same picture (AUD, SEI); those stay.
        kept = self._pictures.get(timestamp, [])
        self._pictures, self._count = {timestamp: kept} if kept else {}, len(kept)

    def _is_older(self, timestamp: int) -> bool:
        return (timestamp - next(iter(self._pictures))) & 0xFFFFFFFF >= 0x80000000
