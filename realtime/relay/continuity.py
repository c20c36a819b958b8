"""One unbroken sequence for viewers, whoever publishes: sequence numbers and timestamps of every source are moved onto it."""

from dataclasses import dataclass

MAX_STEP = 3_000
"""A sequence number further ahead than this is not loss but a restarted or hostile source: it starts a new run (RFC 3550 A.1)."""


@dataclass(slots=True)
class _Run:
    """The mapping for one source: extended input + offset = output."""

    source: int
    first: int
    highest: int
    sequence_offset: int
    timestamp_offset: int


class Continuity:
    """Maps (source, sequence, timestamp) to the viewers' sequence and timestamp, both modulo 2^16 and 2^32.

    A new source continues right after the last packet, with the time that has really passed in between.
    """

    def __init__(self, clock_rate: int, sequence: int, timestamp: int) -> None:
        self._clock_rate = clock_rate
        self._run: _Run | None = None
        self._next_sequence = sequence
        self._last_timestamp = timestamp
        self._last_time: float | None = None

    def place(self, source: int, sequence: int, timestamp: int, now: float) -> tuple[int, int] | None:
        """Where a packet goes, or None if it is older than the first one of its source (its place is taken). `now` in seconds."""
        run = self._run
        if run is None or run.source != source:
            run = self._begin(source, sequence, timestamp, now)
        step = (sequence - run.highest) & 0xFFFF
        if step < 0x8000:
            if step > MAX_STEP:
                run = self._begin(source, sequence, timestamp, now)
                step = 0
            extended = run.highest + step
        else:
            extended = run.highest + step - 0x10000
            if extended < run.first:
                return None
        out_timestamp = (timestamp + run.timestamp_offset) & 0xFFFFFFFF
        if extended >= run.highest:
            run.highest = extended
            self._next_sequence = extended + run.sequence_offset + 1
            self._last_timestamp, self._last_time = out_timestamp, now
        return (extended + run.sequence_offset) & 0xFFFF, out_timestamp

    def upcoming(self, now: float) -> tuple[int, int]:
        """The number of the next packet and its time if it came now, not wrapped."""
        passed = 0 if self._last_time is None else max(1, round((now - self._last_time) * self._clock_rate))
        return self._next_sequence, self._last_timestamp + passed

    def map_timestamp(self, source: int, timestamp: int) -> int | None:
        """The viewers' timestamp for a timestamp of the current source (a sender report's), None for another source."""
        if self._run is None or self._run.source != source:
            return None
        return (timestamp + self._run.timestamp_offset) & 0xFFFFFFFF

    def _begin(self, source: int, sequence: int, timestamp: int, now: float) -> _Run:
        # At least one unit on: two frames must never share a timestamp.
        next_sequence, start = self.upcoming(now)
        self._run = _Run(source, sequence, sequence, next_sequence - sequence, start - timestamp)
        return self._run
