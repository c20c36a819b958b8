"""The last minute of a session's HLS, for whoever asks."""

import time
from collections import deque
from dataclasses import dataclass, replace

from realtime.relay.hls.segment import FLOOR, Segment

LISTED = 8
"""Segments in a playlist: 16 to 32 s."""

KEPT = 2 * LISTED
"""Segments that can be had: one that has left the playlist is still asked for by who has an older one (RFC 8216 section 6.2.2)."""

MAX_BYTES = 64 << 20
"""Bytes of one session's segments; past it the oldest go, and the playlist gets shorter."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment with its place among all of its session: `number` is never used again, `breaks` is how many came before it."""

    number: int
    breaks: int
    segment: Segment


class Window:
    """Segments by number, newest last. Numbers go on from any window before: none was filled faster than one a second."""

    def __init__(self) -> None:
        self._entries: deque[Listed] = deque()
        self._next = int(time.time())
        self._breaks = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, segment: Segment) -> None:
        if not self._entries:
            segment = replace(segment, broken=False)  # nothing before it that it could break with
        self._entries.append(Listed(self._next, self._breaks, segment))
        self._next += 1
        self._breaks += segment.broken
        while len(self._entries) > KEPT or (self.size > MAX_BYTES and len(self._entries) > 1):
            self._entries.popleft()

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(entry.segment.size for entry in self._entries)

    @property
    def listed(self) -> list[Listed]:
        return list(self._entries)[-LISTED:]

    def find(self, number: int) -> Segment | None:
        return next((entry.segment for entry in self._entries if entry.number == number), None)

    def picture(self, number: int) -> bytes | None:
        found = self.find(number)
        return found.picture or None if found is not None else None

    def sound(self, number: int, channel: str) -> bytes | None:
        """Of a language as it is; who wants one that was silent is told the floor's name by the playlist."""
        found = self.find(number)
        return found.sounds.get(channel) if found is not None else None

    def init(self, name: str) -> bytes | None:
        """The picture's initialization by its name."""
        formats = (entry.segment.format for entry in self._entries)
        return next((one.init for one in formats if one is not None and one.name == name), None)

    @property
    def bandwidth(self) -> tuple[int, int]:
        """Bits a second of the picture with the floor's sound: of the greatest segment listed, and on average."""
        listed = [entry.segment for entry in self.listed]
        bits = [8 * (len(one.picture) + len(one.sounds[FLOOR])) for one in listed]
        peak = max(sum_ / one.seconds for sum_, one in zip(bits, listed, strict=True))
        return int(peak) + 1, int(sum(bits) / sum(one.seconds for one in listed)) + 1
