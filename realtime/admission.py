"""Many who come at once: so many a second come in, the others wait in line, and whoever may be cut off knows how long to stay away."""

import time

PACE, BURST = 2000, 500
"""Handshakes answered a second and at once: half of what a core can do, so that those who are inside notice nothing."""

LINE_SECONDS = 5.0
"""The longest wait in line. Past it a handshake is refused at once, which costs less than to keep it."""

RETURN_PACE = 1500
"""Clients a second that are asked to come back after all were cut off: fewer than PACE, so that nobody waits in line."""

WINDOW = 500, 30_000
"""The shortest and the longest window, in ms."""


class Turnstile:
    """Gives each who comes the moment of their turn, without keeping a list (the generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, pace: float = PACE, burst: int = BURST) -> None:
        self._interval, self._slack = 1 / pace, (burst - 1) / pace
        self._next = 0.0

    def turn(self) -> float | None:
        """Seconds until the turn of one more, who has it from now on; None if the line is too long, and then it grows no longer."""
        now = time.monotonic()
        turn = max(self._next, now - self._slack)
        if turn - now > LINE_SECONDS:
            return None
        self._next = turn + self._interval
        return max(0.0, turn - now)


def window(count: int) -> int:
    """Milliseconds over which so many clients should come back, each at a random moment, after they were cut off at once."""
    shortest, longest = WINDOW
    return min(longest, max(shortest, count * 1000 // RETURN_PACE))
