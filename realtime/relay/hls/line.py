"""RTP's clocks, each with a beginning and a pace of its own, on the one time of a session."""

TOLERANCE = 0.02
"""Seconds by which a line may be off; past it, it is moved."""

WINDOW = 10.0
"""Seconds between two looks at how late even the quickest packet was: a source's clock may be slower than ours."""


class Line:
    """Timestamps of one source to ticks of its rate since the session's zero, by when its packets came.

    Nothing comes before it was said, so a packet that seems to tells that the first ones were late.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self._at = 0
        self._quickest = self._window_ends = 0

    def place(self, timestamp: int, now: float) -> int:
        """Where a packet belongs that came at `now`, seconds since the session's zero."""
        arrived = round(now * self._rate)
        if self._last is None:
            self._at, self._last = arrived, timestamp
            self._look(arrived)
        step = (timestamp - self._last) & 0xFFFFFFFF
        self._at += step if step < 0x80000000 else step - 0x100000000
        self._last = timestamp
        late = arrived - self._at
        self._quickest = min(self._quickest, late)
        if late < -TOLERANCE * self._rate:
            self._at = arrived
            self._look(arrived)
        elif arrived > self._window_ends:
            if self._quickest > TOLERANCE * self._rate:
                self._at += self._quickest
            self._look(arrived)
        return self._at

    def _look(self, arrived: int) -> None:
        self._window_ends = arrived + round(WINDOW * self._rate)
        self._quickest = round(WINDOW * self._rate)
