"""Who sends on a channel: one publisher at a time, and the one that will follow it."""

from collections.abc import Callable

from realtime.relay.peer import Peer
from realtime.relay.publisher import Publisher


class Source:
    """The newest publisher replaces the one before it with its first packet, so a newcomer that never connects does no harm.

    `begun(publisher)` is called when one takes over, before its first packet counts; `changed(live)` when media begins to arrive and
    when its publisher is gone or silent. Ending a peer is left to `end`.
    """

    def __init__(self, end: Callable[[Peer], None], begun: Callable[[Publisher], None], changed: Callable[[bool], None]) -> None:
        self.publisher: Publisher | None = None
        self.live = False
        """Whether media is arriving."""
        self._pending: Publisher | None = None
        self._media_at = 0.0
        self._end, self._begun, self._changed = end, begun, changed

    @property
    def empty(self) -> bool:
        """Whether nobody sends or is about to."""
        return self.publisher is None and self._pending is None

    def expect(self, publisher: Publisher) -> None:
        """Let `publisher` take over with its first packet; one that was expected before it is ended."""
        superseded, self._pending = self._pending, publisher
        if superseded is not None:
            self._end(superseded)

    def accept(self, publisher: Publisher, now: float) -> bool:
        """Whether a packet that came from this publisher now is the channel's."""
        if publisher is self._pending:
            self._take_over(publisher)
        if publisher is not self.publisher:
            return False
        self._media_at = now
        self._set_live(True)
        return True

    def leave(self, publisher: Peer) -> None:
        """Take a publisher out, if it is here. Idempotent."""
        if publisher is self._pending:
            self._pending = None
        elif publisher is self.publisher:
            self.publisher = None
            self._set_live(False)

    def note_silence(self, now: float, seconds: float) -> None:
        """Stop being live after so many without a packet; the publisher may still come back, without a new offer."""
        if now - self._media_at > seconds:
            self._set_live(False)

    def _take_over(self, publisher: Publisher) -> None:
        replaced, self.publisher, self._pending = self.publisher, publisher, None
        self._begun(publisher)
        if replaced is not None:
            self._end(replaced)

    def _set_live(self, live: bool) -> None:
        if live != self.live:
            self.live = live
            self._changed(live)


def source_of(publisher: Publisher, ssrc: int) -> int:
    """One number for a publisher's SSRC: two publishers may well use the same one."""
    return publisher.ssrc << 32 | ssrc
