"""How long many may take for one thing: a single timer for all of them, where a timer each is a tenth of what a new socket costs."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Patience(Generic[T]):
    """Calls `late(item)` on the loop for what has `begun` and not `ended` in time, the longest waiting first.

    All are meant to have the same number of seconds: an item given fewer may wait for those before it. What bounds it is whoever
    begins, for an item is in it once.
    """

    def __init__(self, late: Callable[[T], None]) -> None:
        self._late = late
        # Ordered, because a plain dict looks past all that was ever taken from its front.
        self._due: OrderedDict[T, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, item: T) -> bool:
        """Whether it is still waited for."""
        return item in self._due

    def begin(self, item: T, seconds: float) -> None:
        """Wait for the item from now on; a second time starts anew."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        self._due.pop(item, None)
        self._due[item] = due
        if self._timer is None or due < self._timer.when():
            self._look_at(due)

    def end(self, item: T) -> None:
        """It has come, or nobody waits for it any more. Idempotent."""
        self._due.pop(item, None)

    def stop(self) -> None:
        """Wait for nothing."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        now, self._timer = asyncio.get_running_loop().time(), None
        while self._due:
            item, due = next(iter(self._due.items()))
            if due > now:
                self._look_at(due)
                return
            del self._due[item]
            self._late(item)
