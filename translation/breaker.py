"""A circuit breaker: an engine that keeps failing is left alone for a while, so that nobody waits for it. Times are monotonic seconds."""

from dataclasses import dataclass

FAILURES = 3
"""Failures in a row after which an engine is left alone."""

PAUSE = (5.0, 120.0)
"""Seconds it is left alone, at first and at most: doubled when its next try fails."""


@dataclass(slots=True)
class Breaker:
    failures: int = 0
    pause: float = PAUSE[0]
    until: float = 0.0

    def take(self, now: float) -> bool:
        """Whether to ask the engine now. After a pause one caller tries, and the others go on without it until that one is back."""
        if self.failures < FAILURES:
            return True
        if now < self.until:
            return False
        self.until = now + self.pause
        return True

    def succeeded(self) -> None:
        self.failures, self.pause = 0, PAUSE[0]

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures > FAILURES:
            self.pause = min(self.pause * 2, PAUSE[1])
        if self.failures >= FAILURES:
            self.until = now + self.pause
