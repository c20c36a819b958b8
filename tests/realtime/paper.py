"""An outbox onto paper, for tests of the hub: it is read only when the test says so, and what was read can be judged."""

import json
from typing import Any

from realtime.outbox import Outbox, split_frames


class Paper(Outbox):
    """Everything written is read at once, unless it is `stalled`; then it pauses at `high` bytes, as a transport would."""

    __slots__ = ("buffer", "high", "stalled", "writes")

    def __init__(self, high: int = 1000) -> None:
        super().__init__()
        self.open = True
        self.high = high
        self.stalled = False
        self.buffer = b""
        self.writes: list[bytes] = []
        self.write = self._put

    def abort(self) -> None:
        self._gone()

    def backlog(self) -> int:
        return len(self.buffer)

    def read(self) -> None:
        """The client reads again."""
        self.stalled = False
        self.buffer = b""
        self.clog(False)
        self.resume()

    def said(self) -> list[Any]:
        """Every message so far."""
        return [json.loads(text) for blob in self.writes for text in split_frames(blob)]

    def _put(self, blob: bytes) -> None:
        assert self.open, "written to after it closed"
        self.writes.append(blob)
        if self.stalled:
            self.buffer += blob
            self.clog(True)
            if len(self.buffer) > self.high:
                self.pause()

    def _say_goodbye(self, code: int, reason: str) -> None:
        self._gone()
