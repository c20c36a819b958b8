"""When each packet arrived, told to a publisher that numbers all it sends: its own estimate then sets its bitrate.

draft-holmer-rmcat-transport-wide-cc-extensions-01; the draft's 250 us are a tick here.
"""

import struct
from collections.abc import Iterator, Sequence

INTERVAL = 0.05
"""Seconds between two messages while packets arrive, as often as a browser tells another one."""

MAX_SPAN = 512
"""Packets one message tells of, lost ones included, so that it fits in a datagram; more become several. A wider leap is not loss."""

TICKS = 4_000
"""A second."""

_REFERENCE = 256
"""Ticks of a unit of the reference time, 64 ms."""

_HEAD = struct.Struct("!BBHIIHHI")
_LOST, _SMALL, _LARGE = 0, 1, 2
_RUN, _VECTOR = 0x0000, 0xC000
_IN_VECTOR = 7


class Arrivals:
    """Notes arrivals between two messages."""

    def __init__(self) -> None:
        self._arrived: dict[int, int] = {}
        """Ticks by number, not wrapped."""
        self._highest = self._told = -1
        """The highest number that arrived, and the one up to which all is told."""
        self._messages = 0

    def add(self, number: int, now: float) -> bool:
        """Note a packet by its transport-wide number; True if it is the first since the last message."""
        extended = number if self._highest < 0 else self._highest + ((number - self._highest + 0x8000) & 0xFFFF) - 0x8000
        self._highest = max(self._highest, extended)
        self._arrived.setdefault(extended, int(now * TICKS))
        return len(self._arrived) == 1

    def messages(self, sender: int, media: int) -> Iterator[bytes]:
        """RTCP for all that arrived since this was last asked for."""
        arrived, self._arrived = self._arrived, {}
        for begin, numbers in self._spans(sorted(arrived)):
            yield self._message(sender, media, begin, [(number, arrived[number]) for number in numbers])

    def _spans(self, numbers: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Where a message begins (what was lost before is told as well), and which numbers it tells of."""
        span: list[int] = []
        begin = self._begin(numbers[0]) if numbers else 0
        for number in numbers:
            if number - begin >= MAX_SPAN:
                if span:
                    yield begin, span
                begin, span = self._begin(number), []
            span.append(number)
            self._told = max(self._told, number)
        if span:
            yield begin, span

    def _begin(self, number: int) -> int:
        return self._told + 1 if 0 <= self._told < number and number - self._told <= MAX_SPAN else number

    def _message(self, sender: int, media: int, begin: int, arrived: Sequence[tuple[int, int]]) -> bytes:
        reference = arrived[0][1] // _REFERENCE
        states, deltas = [_LOST] * (arrived[-1][0] - begin + 1), bytearray()
        before = reference * _REFERENCE
        for number, ticks in arrived:
            # What does not fit 16 bits, 8 s, is long past being of use to anybody.
            delta = max(-0x8000, min(ticks - before, 0x7FFF))
            before += delta
            small = 0 <= delta < 256
            states[number - begin] = _SMALL if small else _LARGE
            deltas += delta.to_bytes(1 if small else 2, "big", signed=not small)
        body = b"".join(_chunks(states)) + deltas
        padding = -len(body) % 4
        # The padding is counted in its last octet (RFC 3550 section 6.4.1).
        body += bytes(max(0, padding - 1)) + bytes([padding] * (padding > 0))
        words = (_HEAD.size + len(body)) // 4 - 1
        first = 0x80 | (padding > 0) << 5 | 15
        count, self._messages = self._messages, (self._messages + 1) & 0xFF
        clock = (reference & 0xFFFFFF) << 8 | count
        return _HEAD.pack(first, 205, words, sender, media, begin & 0xFFFF, len(states), clock) + body


def _chunks(states: Sequence[int]) -> Iterator[bytes]:
    """Runs where they are shorter, else vectors of seven (sections 3.1.3 and 3.1.4)."""
    at = 0
    while at < len(states):
        run = next((length for length, state in enumerate(states[at:]) if state != states[at]), len(states) - at)
        if run >= _IN_VECTOR or run == len(states) - at:
            yield (_RUN | states[at] << 13 | run).to_bytes(2, "big")
            at += run
        else:
            vector = [*states[at : at + _IN_VECTOR], *[_LOST] * _IN_VECTOR][:_IN_VECTOR]
            yield (_VECTOR | sum(state << 12 - 2 * place for place, state in enumerate(vector))).to_bytes(2, "big")
            at += _IN_VECTOR
