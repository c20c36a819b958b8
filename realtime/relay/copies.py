"""Who gets what a session forwards without being a viewer: its recordings, HLS, and those who listen for captions."""

from collections.abc import Callable, Mapping
from pathlib import Path

from realtime.relay.errors import TooManyTaps
from realtime.relay.hls.packager import Packaging
from realtime.relay.hls.segment import FLOOR, Segment
from realtime.relay.offer import H264, OPUS, Codec, Kind
from realtime.relay.publisher import Publisher
from realtime.relay.recorder import Recordings
from realtime.relay.rtp import Outgoing

MAX_TAPS = 4
"""Readers of one session's sound; past it `tap()` raises TooManyTaps."""

Listener = Callable[[int, bytes], None]
"""Called with each Opus packet and its time, in 1/48000 s since the stream's first sound."""


class Copies:
    """Of one session. `ask()` requests a keyframe, for HLS begins with one. Pictures are never decoded here."""

    def __init__(self, session: str, record: Path | None, ask: Callable[[], None]) -> None:
        self._session = session
        self._recordings = Recordings(record, session)
        self.packaging = Packaging(ask)
        self._listeners: list[Listener] = []
        self._sound_start: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is somebody who listens, or HLS is made."""
        return bool(self._listeners) or self.packaging.on

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear the floor's sound from now on; returns what ends it. Raises TooManyTaps."""
        if len(self._listeners) >= MAX_TAPS:
            raise TooManyTaps(f"session {self._session} already has {MAX_TAPS} taps")
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def package(self, publisher: Publisher | None, codec: Codec | None, emit: Callable[[Segment], None]) -> Callable[[], None]:
        """Have segments of HLS made from now on, for one at a time; returns what ends it.

        `codec` is that of the picture last seen, for when nobody publishes.
        """
        self.packaging.start(_pictured(publisher.codecs if publisher is not None else {"video": codec}), emit)
        return self.packaging.stop

    def turn(self, publisher: Publisher, *, live: bool) -> None:
        """What follows does not continue what was kept: another publisher, or another encoding of its picture."""
        self.packaging.turn(_pictured(publisher.codecs))
        if live:
            self.begin(FLOOR, publisher)

    def begin(self, channel: str, publisher: Publisher) -> None:
        """Media of a channel arrives: record it, unless another node does, which has it from its publisher."""
        if publisher.original:
            self._recordings.begin(channel, publisher.codecs if channel == FLOOR else {"audio": OPUS})
        else:
            self._recordings.end(channel)

    def end(self, channel: str) -> None:
        """It arrives no more. Idempotent."""
        self._recordings.end(channel)

    def push(self, channel: str, kind: Kind, packet: Outgoing, now: float) -> None:
        """A packet of a channel was forwarded."""
        self._recordings.push(channel, kind, packet, now)
        self.packaging.push(channel, kind, packet, now)

    def be_heard(self, timestamp: int, payload: bytes) -> None:
        """A packet of the floor's sound was forwarded, with this body."""
        if self._sound_start is None:
            self._sound_start = timestamp
        if payload:
            for listener in self._listeners:
                listener((timestamp - self._sound_start) & 0xFFFFFFFF, payload)

    def close(self) -> None:
        """Finish the files."""
        self._recordings.close()
        self.packaging.stop()


def _pictured(codecs: Mapping[Kind, Codec | None]) -> bool:
    """Whether HLS can carry the picture: no player takes VP8 in fragmented MP4."""
    return codecs.get("video") == H264
