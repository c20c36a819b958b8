"""Keyframe requests of many viewers, made one to the publisher now and then."""

import asyncio
import time
from collections.abc import Callable

KEYFRAME_INTERVAL = 0.5
"""Seconds between two keyframe requests to a publisher; requests in between are merged into one at its end."""


class KeyframeRequests:
    """`ask()` sends a request and says whether it could: before a publisher's video has begun, there is nothing to name in one."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self.sent = 0
        self._ask = ask
        self._loop = asyncio.get_running_loop()
        self._allowed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._owed = False

    def request(self, now: float) -> None:
        """Ask now, or when KEYFRAME_INTERVAL since the last request is over."""
        if self._timer is not None:
            return
        if now < self._allowed:
            self._timer = self._loop.call_later(self._allowed - now, self._late)
            return
        self._owed = not self._ask()
        if not self._owed:
            self.sent += 1
            self._allowed = now + KEYFRAME_INTERVAL

    def seen(self, now: float) -> None:
        """A packet of video came: what could not be asked before is asked now."""
        if self._owed:
            self.request(now)

    def begin(self) -> None:
        """Another publisher: it is asked with its first packet of video, whenever the one before was."""
        self.stop()
        self._allowed, self._owed = 0.0, True

    def stop(self) -> None:
        """Forget a request that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        self.request(time.monotonic())
