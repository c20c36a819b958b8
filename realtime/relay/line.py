"""A viewer's line of packets: where it goes on when the viewer changes from one channel, or one encoding, to another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from realtime.relay import vp8
from realtime.relay.offer import VP8, Codec, Kind
from realtime.relay.rtp import Outgoing, Shift

NEAR: dict[Kind, tuple[int, float]] = {"audio": (4, 0.2), "video": (0, 0.0)}
"""Packets and seconds that a viewer's line may leap when it changes channels, to be like others' there: a gap that every player
conceals in sound, and asks for in vain in pictures."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a viewer's line goes on with: this number, this time if it goes on at `at` (seconds), and what follows this payload."""

    sequence: int
    timestamp: int
    at: float
    last: bytes


HandOver = Callable[[float], Place]
"""Where a viewer goes on that gets nothing from where it was any more from now on."""

Group = tuple[int, int, Shift]
"""Payload type, bytes of a tag, shift: viewers alike in all get one layout."""


def moved(place: Place, first: Outgoing, codec: Codec, now: float) -> Shift:
    """What `first` and all after it must be shifted by to go on at this place."""
    timestamp = place.timestamp + int((now - place.at) * codec.clock_rate)
    numbers = vp8.leap(place.last, first.payload) if codec == VP8 else vp8.NONE
    return Shift((place.sequence - first.sequence) & 0xFFFF, (timestamp - first.timestamp) & 0xFFFFFFFF, numbers)


def shared(wanted: Group, groups: Iterable[Group], kind: Kind, clock_rate: int) -> Shift:
    """The shift of a group that is there already if it is close: everyone who listens to a language is to be one group.

    A new group leaps by half of what may be leapt, so that those who follow have it before or behind them.
    """
    near_packets, near_units = NEAR[kind][0], int(NEAR[kind][1] * clock_rate)
    payload_type, tag, shift = wanted
    for group in groups:
        if group[:2] == (payload_type, tag) and group[2].numbers == shift.numbers:
            packets = (group[2].sequence - shift.sequence) & 0xFFFF
            units = (group[2].timestamp - shift.timestamp) & 0xFFFFFFFF
            if packets <= near_packets and units <= near_units:
                return group[2]
    sequence, timestamp = shift.sequence + near_packets // 2, shift.timestamp + near_units // 2
    return Shift(sequence & 0xFFFF, timestamp & 0xFFFFFFFF, shift.numbers)
