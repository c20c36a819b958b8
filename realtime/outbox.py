"""What leaves for one client, in bounded memory, and what happens when it does not read."""

import asyncio
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable

from realtime.closing import REASON_BYTES, CloseCode

HIGH_WATER = 64 * 1024
"""Bytes waiting for one client past which it gets no more updates until it has read; then it gets a fresh snapshot."""

LOW_WATER = 16 * 1024
"""Bytes waiting below which updates go on."""

BACKLOG = 512 * 1024
"""Bytes that may wait for one client that is past HIGH_WATER, direct messages included; a message past it drops the client."""

STALL_SECONDS = 5.0
"""A client past HIGH_WATER this long is closed with 1013."""

CLOSE_SECONDS = 2.0
"""How long a client has to read what was written and answer a close frame; then the connection is cut."""


_MEDIUM, _LARGE = struct.Struct("!BBH"), struct.Struct("!BBQ")


def text_frame(text: bytes) -> bytes:
    """One unmasked, whole WebSocket text frame of UTF-8 `text` (RFC 6455 section 5.2): what servers write to every client alike."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    return (_MEDIUM.pack(0x81, 126, size) if size < 1 << 16 else _LARGE.pack(0x81, 127, size)) + text


def split_frames(blob: bytes) -> list[bytes]:
    """The texts of joined `text_frame`s, for transports that frame messages themselves."""
    texts, at = [], 0
    while at < len(blob):
        length, head = blob[at + 1], 2
        if length >= 126:
            head = 4 if length == 126 else 10
            length = int.from_bytes(blob[at + 2 : at + head])
        at += head
        texts.append(blob[at : at + length])
        at += length
    return texts


class Outbox(ABC):
    """The sending half of a connection. Nothing here waits: writes are buffered by the transport and bounded by the rules above.

    `write` takes finished frames and is the transport's own method, so that a fan-out costs one call per client; it may only be
    called while `open` and not `paused`. Bytes may also be sent to the descriptor `fd`, where there is one, while the outbox is not
    `clogged`: then nothing that was written before waits in this process. The hub keeps `subscriptions` (channel name -> where a
    paused client stopped, see the hub) and sets `watch`, which is called after each change of `open`, `paused` or `clogged`.
    """

    __slots__ = ("_cut", "_stall", "clogged", "fd", "open", "paused", "subscriptions", "watch", "write")

    write: Callable[[bytes], None]

    def __init__(self) -> None:
        self.open = False
        self.paused = False
        self.clogged = False
        self.fd = -1
        self.subscriptions: dict[str, tuple[str, int] | None] = {}
        self.watch: Callable[[Outbox], None] | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._cut: asyncio.TimerHandle | None = None

    @property
    def direct(self) -> int:
        """The descriptor that bytes may be sent to now, or -1."""
        return -1 if self.clogged else self.fd

    def clog(self, clogged: bool) -> None:
        """Whether bytes wait in this process for the kernel to have room."""
        if clogged != self.clogged:
            self.clogged = clogged
            self._tell()

    def send(self, *texts: bytes) -> None:
        """Write messages now, together, before any update that waits for the tick. To a closed connection it is a no-op."""
        if not self.open:
            return
        if self.paused and self.backlog() + sum(map(len, texts)) > BACKLOG:
            self.abort()
            return
        self.write(b"".join(map(text_frame, texts)))

    def pause(self) -> None:
        """The client has HIGH_WATER bytes to read: no more updates, and a few seconds to read them."""
        if self.paused or not self.open:
            return
        self.paused = True
        self._stall = asyncio.get_running_loop().call_later(STALL_SECONDS, self._stalled)
        self._tell()

    def resume(self) -> None:
        """The client has read: the hub brings it up to date."""
        if not self.paused:
            return
        self.paused = False
        self._unstall()
        if self.open:
            self._tell()

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye behind what is already written, and cut the connection if no answer comes in CLOSE_SECONDS. Idempotent."""
        if not self.open:
            return
        self._stop()
        self._cut_later()
        self._say_goodbye(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))

    @abstractmethod
    def abort(self) -> None:
        """Cut the connection now, whatever waits to be read."""

    @abstractmethod
    def backlog(self) -> int:
        """Bytes written but not yet taken by the kernel (or by the ASGI server)."""

    @abstractmethod
    def _say_goodbye(self, code: int, reason: str) -> None:
        """Queue a close frame."""

    def _stop(self) -> None:
        """No more output: leave the hub. Idempotent."""
        if self.open:
            self.open = False
            self._unstall()
            self._tell()

    def _stalled(self) -> None:
        # The pipe is full, so the client sees this code only if it reads again before the connection is cut.
        self.close(CloseCode.OVERLOADED, "reading too slowly")

    def _cut_later(self) -> None:
        if self._cut is None:
            self._cut = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.abort)

    def _tell(self) -> None:
        if self.watch is not None:
            self.watch(self)

    def _unstall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _gone(self) -> None:
        """The connection has ended: leave the hub and cancel what was to end it."""
        self._stop()
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None
