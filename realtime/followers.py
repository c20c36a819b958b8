"""Who gets a channel's bytes each tick."""

from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from realtime.outbox import Outbox
from realtime.ring import Ints


class Followers:
    """Outboxes, each once. Those whose bytes may go straight to the kernel are kept as their descriptors too, in an array that is
    always ready: looking at each of them anew would be a quarter of a fan-out.
    """

    __slots__ = ("_at", "_fds", "_order", "others")

    def __init__(self) -> None:
        self.others: dict[Outbox, None] = {}
        """Those that have no descriptor, or bytes that wait before it."""
        self._at: dict[Outbox, int] = {}
        self._order: list[Outbox] = []
        self._fds = array("i")

    def add(self, outbox: Outbox) -> None:
        """Among its kind, whatever it was before."""
        self.discard(outbox)
        if outbox.direct < 0:
            self.others[outbox] = None
            return
        self._at[outbox] = len(self._order)
        self._order.append(outbox)
        self._fds.append(outbox.direct)

    def update(self, outboxes: Iterable[Outbox]) -> None:
        for outbox in outboxes:
            self.add(outbox)

    def discard(self, outbox: Outbox) -> None:
        """Idempotent."""
        at = self._at.pop(outbox, None)
        if at is None:
            self.others.pop(outbox, None)
            return
        last, fd = self._order.pop(), self._fds.pop()
        if last is not outbox:
            self._order[at], self._fds[at], self._at[last] = last, fd, at

    def fds(self) -> Ints:
        """The descriptors of those that have one."""
        return np.array(self._fds, np.int32)

    def __contains__(self, outbox: Outbox) -> bool:
        return outbox in self._at or outbox in self.others

    def __iter__(self) -> Iterator[Outbox]:
        yield from self._order
        yield from self.others

    def __len__(self) -> int:
        return len(self._order) + len(self.others)
