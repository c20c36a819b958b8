"""Packets that leave together: laid out once for all viewers, with room behind each for its authentication tag.

A frame is several packets of one size and a shorter last one, which is just what UDP segmentation offload takes in one send.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_PACKET = 1_500 - 48
"""Bytes of one protected packet: an Ethernet frame less IPv6's and UDP's headers. A longer one would be cut on its way: it is dropped."""

MAX_PACKETS = 44
"""Packets of one burst; a longer picture is several."""

MAX_BYTES = MAX_PACKETS * MAX_PACKET
"""Bytes of one burst, which fit into one UDP send (65,507), as its packets do (64 segments)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Packets that stand one behind the other from `start` to `end`, each `segment` bytes long; only the last may be shorter."""

    start: int
    end: int
    segment: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`template` holds the packets, each followed by `tag` empty bytes; `slots` are (offset, length before the tag)."""

    template: bytes
    slots: tuple[tuple[int, int], ...]
    runs: tuple[Run, ...]


def lay_out(packets: Sequence[bytes], tag: int) -> Layout:
    """Place whole RTP packets, at most MAX_PACKETS, with tags of `tag` bytes."""
    space = bytes(tag)
    slots: list[tuple[int, int]] = []
    runs: list[Run] = []
    at = 0
    for packet in packets:
        slots.append((at, len(packet)))
        end = at + len(packet) + tag
        last = runs[-1] if runs else None
        if last is not None and (last.end - last.start) % last.segment == 0 and end - at <= last.segment:
            runs[-1] = Run(last.start, end, last.segment)
        else:
            runs.append(Run(at, end, end - at))
        at = end
    return Layout(space.join((*packets, b"")), tuple(slots), tuple(runs))
