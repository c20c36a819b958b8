"""Whole pictures out of packets that may be late or missing."""

from collections.abc import Iterator
from itertools import pairwise

from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from realtime.relay.rtp import Outgoing

LATE = 3
"""Pictures that may follow before one that lacks a packet is given up: time enough for a retransmission."""


class Pictures:
    """Packets in, pictures out in their order; one that is not whole is left out."""

    def __init__(self) -> None:
        self._open: dict[int, dict[int, Outgoing]] = {}
        self._next: int | None = None
        """The number with which the next picture begins."""

    def add(self, packet: Outgoing) -> Iterator[tuple[int, list[Outgoing]]]:
        """Yields (timestamp, packets in order) of each picture that is whole now."""
        if self._next is not None and (packet.sequence - self._next) & 0xFFFF >= 0x8000:
            return  # of a picture that was given up, or here already
        self._open.setdefault(packet.timestamp, {})[packet.sequence] = packet
        while self._open:
            timestamp = min(self._open, key=self._age)
            numbers = sorted(self._open[timestamp], key=lambda number: (number - packet.sequence + 0x8000) & 0xFFFF)
            packets = [self._open[timestamp][number] for number in numbers]
            whole = self._is_whole(numbers, packets)
            if not whole and len(self._open) <= LATE:
                return
            del self._open[timestamp]
            self._next = (numbers[-1] + 1) & 0xFFFF
            if whole:
                yield timestamp, packets

    def _age(self, timestamp: int) -> int:
        newest = next(reversed(self._open))
        return (timestamp - newest + 0x80000000) & 0xFFFFFFFF

    def _is_whole(self, numbers: list[int], packets: list[Outgoing]) -> bool:
        unbroken = all((after - before) & 0xFFFF == 1 for before, after in pairwise(numbers))
        return unbroken and bool(packets[-1].marker) and self._next in (None, numbers[0])


def joined(codec: RTCRtpCodecParameters, packets: list[Outgoing]) -> bytes:
    """A picture's bytes as its codec has them without RTP. Raises ValueError for what is none of the codec's."""
    return b"".join(depayload(codec, packet.payload) for packet in packets)
