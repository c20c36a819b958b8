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
        return stream.layers if stream is not None and stream.live else ()

    def look(self, now: float) -> None:
        """Call every LOOK_INTERVAL."""
        self._sweep()
        for stream in self._streams.values():
            stream.look(now, LOOK_INTERVAL)

    def close(self) -> None:
        """Finish the files."""
        for stream in self._streams.values():
            stream.close()

    def _sweep(self) -> None:
        self._streams = {name: stream for name, stream in self._streams.items() if not stream.empty}
