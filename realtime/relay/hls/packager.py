"""A session's packets into segments of HLS, in a thread of its own: pictures as they are, sound from Opus to AAC."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable

from realtime.relay.hls.cutting import Cutting
from realtime.relay.hls.segment import Segment
from realtime.relay.offer import Kind
from realtime.relay.rtp import Outgoing

QUEUE_PACKETS = 4_000
"""Packets waiting for the thread, about ten seconds; past it the newest are lost to HLS, and counted."""

TICK = 0.25
"""Seconds between two looks at what is whole while nothing comes."""

logger = logging.getLogger(__name__)

_Item = tuple[str, Kind, Outgoing, float] | bool | None


class Packaging:
    """A session's packager, while it is wanted."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._packager: Packager | None = None

    @property
    def on(self) -> bool:
        return self._packager is not None

    def start(self, pictured: bool, emit: Callable[[Segment], None]) -> None:
        """Make segments from the next keyframe on, in place of whoever got them before."""
        self.stop()
        self._packager = Packager(pictured, emit, self._ask)
        self._ask()

    def push(self, channel: str, kind: Kind, packet: Outgoing, now: float) -> None:
        if self._packager is not None:
            self._packager.push(channel, kind, packet, now)

    def turn(self, pictured: bool) -> None:
        if self._packager is not None:
            self._packager.turn(pictured)

    def stop(self) -> None:
        """Idempotent."""
        if self._packager is not None:
            self._packager.close()
            self._packager = None


class Packager:
    """`emit(segment)` and `ask()`, for a keyframe, are called on the loop that made this. `pictured` is whether there is H264."""

    def __init__(self, pictured: bool, emit: Callable[[Segment], None], ask: Callable[[], None]) -> None:
        self.lost = 0
        self._emit, self._ask, self._pictured = emit, ask, pictured
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._items: queue.Queue[_Item] = queue.Queue()
        # A daemon: what it has not made yet is of no use without the process.
        self._thread = threading.Thread(target=self._run, name="hls packager", daemon=True)
        self._thread.start()

    def push(self, channel: str, kind: Kind, packet: Outgoing, now: float) -> None:
        """Take a packet that was forwarded at `now` (monotonic). Never waits."""
        if self._items.qsize() < QUEUE_PACKETS:
            self._items.put((channel, kind, packet, now))
        else:
            self.lost += 1

    def turn(self, pictured: bool) -> None:
        """What follows does not continue the pictures before, and has H264 or has not."""
        self._items.put(pictured)

    def close(self) -> None:
        """Emit nothing more. Idempotent."""
        self._closed = True
        self._items.put(None)

    def _tell(self, segment: Segment) -> None:
        if not self._closed:
            self._emit(segment)

    # In the thread

    def _run(self) -> None:
        while True:
            try:
                return self._pack()
            except Exception:
                # Some packet's fault: go on with the next, on a time line of its own.
                logger.exception("a packager begins anew")

    def _pack(self) -> None:
        zero, wall = time.monotonic(), time.time()
        cutting = Cutting(zero=wall, pictured=self._pictured)
        while not self._closed:
            item = self._next()
            if isinstance(item, bool):
                self._pictured = item
                cutting.turn(item)
            elif item is not None:
                channel, kind, packet, at = item
                cutting.add(channel, kind, packet, at - zero)
            for segment in cutting.ready(time.monotonic() - zero):
                self._call(self._tell, segment)
            if cutting.wants_keyframe:
                cutting.wants_keyframe = False
                self._call(self._ask)

    def _next(self) -> _Item:
        try:
            return self._items.get(timeout=TICK)
        except queue.Empty:
            return None

    def _call(self, told: Callable[..., None], *what: object) -> None:
        try:
            self._loop.call_soon_threadsafe(told, *what)
        except RuntimeError:
            self._closed = True  # the loop is over
