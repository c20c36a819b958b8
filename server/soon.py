"""Things that change often and are told a few times a second."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Soon(Generic[K, V]):
    """Gives `tell` all that was marked, at once and then at most every `period` seconds."""

    def __init__(self, period: float, tell: Callable[[dict[K, V]], None]) -> None:
        self._period, self._tell = period, tell
        self._marked: dict[K, V] = {}
        self._timer: asyncio.TimerHandle | None = None

    def mark(self, key: K, value: V) -> None:
        self._marked[key] = value
        if self._timer is None:
            self._flush()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        marked, self._marked = self._marked, {}
        if marked:
            self._timer = asyncio.get_running_loop().call_later(self._period, self._flush)
            self._tell(marked)
