"""Bytes owed to sockets by their descriptors, many of which are sent in one system call."""

from collections.abc import Mapping

import numpy as np

from realtime.ring import ENTRIES, Ints, Ring

CHANNELS = 64
"""Channels whose updates can leave together: as many as a mask has bits."""


class Volley:
    """A mask of channels for each descriptor. What is taken back before its turn is not sent, so a descriptor that was closed, and may
    be another's by now, is never written to as long as it is taken back before.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._masks = np.zeros(1024, np.uint64)
        self._line = np.empty(0, np.int32)

    def owe(self, fds: Ints, bit: int) -> None:
        """Send them the bytes of channel number `bit` too."""
        if not len(fds):
            return
        self._make_room(int(fds.max()))
        masks = self._masks[fds]
        self._line = np.concatenate((self._line, fds[masks == 0]))
        self._masks[fds] = masks | np.uint64(1 << bit)

    def take(self, fd: int) -> int:
        """What is still owed to it; it is no longer."""
        if not 0 <= fd < len(self._masks):
            return 0
        mask, self._masks[fd] = int(self._masks[fd]), 0
        return mask

    def clear(self) -> None:
        """Nothing is owed to anyone."""
        self._masks[:] = 0
        self._line = np.empty(0, np.int32)

    def fire(self, blobs: Mapping[int, bytes]) -> list[tuple[int, bytes]]:
        """Send to some what `blobs` has for their masks. Returns, by descriptor, what the kernel had no room for, or did not take."""
        fds, self._line = np.unique(self._line[:ENTRIES]), self._line[ENTRIES:]
        fds = fds[self._masks[fds] != 0]
        if not len(fds):
            return []
        masks, self._masks[fds] = self._masks[fds], 0
        addresses, sizes = np.zeros(len(fds), np.uint64), np.zeros(len(fds), np.uint32)
        parts: dict[int, bytes] = {}
        for mask in np.unique(masks):
            blob = parts[int(mask)] = blobs[int(mask)]
            if blob:
                addresses[masks == mask] = np.frombuffer(blob, np.uint8).ctypes.data
                sizes[masks == mask] = len(blob)
        results = self._ring.send(fds, addresses, sizes)
        short = np.nonzero(results != sizes)[0]
        return [(int(fds[at]), parts[int(masks[at])][max(0, int(results[at])) :]) for at in short]

    def __bool__(self) -> bool:
        return len(self._line) > 0

    def _make_room(self, fd: int) -> None:
        if fd >= len(self._masks):
            self._masks = np.concatenate((self._masks, np.zeros(fd + 1, np.uint64)))
