"""Every session that somebody has to do with, by its name."""

from collections.abc import Callable, Iterator
from pathlib import Path

from realtime.relay.errors import NotLive
from realtime.relay.peer import Peer
from realtime.relay.replies import Layer
from realtime.relay.srtp import Sender
from realtime.relay.stream import Notify, NotifyAir, Stream

LOOK_INTERVAL = 1.0
"""Seconds between two looks, and between receiver reports to publishers."""


class Streams:
    """Opens a session's stream when it is first wanted, and forgets it when nobody has anything to do with it any more."""

    def __init__(self, sender: Sender, end: Callable[[Peer], None], on_change: Notify, on_air: NotifyAir, record: Path | None) -> None:
        self._sender, self._end, self._on_change, self._on_air, self._record = sender, end, on_change, on_air, record
        self._streams: dict[str, Stream] = {}
        self._video: dict[str, tuple[int, int]] = {}
        """By session: octets of video at the last look, bits a second since the one before."""

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._streams.values())

    def __getitem__(self, session: str) -> Stream:
        return self._streams[session]

    def find(self, session: str) -> Stream | None:
        return self._streams.get(session)

    def open(self, session: str) -> Stream:
        if session not in self._streams:
            self._sweep()
            self._streams[session] = Stream(session, self._sender, self._end, self._on_change, self._on_air, self._record)
        return self._streams[session]

    def live(self, session: str) -> Stream:
        """Raises NotLive."""
        stream = self._streams.get(session)
        if stream is None or not stream.live:
            raise NotLive(f"nobody publishes to session {session} now")
        return stream

    def layers(self, session: str) -> tuple[Layer, ...]:
        """The encodings of the session's video; empty while there is none."""
        stream = self._streams.get(session)
        if stream is None or not stream.live or "video" not in stream.tracks:
            return ()
        return (Layer(None, self._video.get(session, (0, 0))[1]),)

    def look(self, now: float) -> None:
        """Call every LOOK_INTERVAL."""
        self._sweep()
        for stream in self._streams.values():
            stream.note_silence(now)
        self._video = {name: self._measured(name, stream.octets("video")) for name, stream in self._streams.items()}

    def close(self) -> None:
        """Finish the files."""
        for stream in self._streams.values():
            stream.close()

    def _sweep(self) -> None:
        self._streams = {name: stream for name, stream in self._streams.items() if not stream.empty}

    def _measured(self, session: str, octets: int) -> tuple[int, int]:
        before = self._video.get(session, (octets, 0))[0]
        # A new track counts from zero.
        return octets, int(max(octets - before, 0) * 8 / LOOK_INTERVAL)
