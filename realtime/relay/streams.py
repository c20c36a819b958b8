"""Every session that somebody has to do with, by its name."""

from collections.abc import Callable, Iterator

from realtime.relay.errors import NotLive
from realtime.relay.replies import Layer
from realtime.relay.stream import Stream

LOOK_INTERVAL = 1.0
"""Seconds between two looks, and between receiver reports to publishers."""


class Streams:
    """Opens (`make`) a session's stream when it is first wanted, and forgets it when nobody has anything to do with it any more."""

    def __init__(self, make: Callable[[str], Stream]) -> None:
        self._make = make
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
            self._streams[session] = self._make(session)
        return self._streams[session]

    def live(self, session: str) -> Stream:
        """Raises NotLive."""
        stream = self._streams.get(session)
        if stream is None or not stream.live:
            raise NotLive(f"nobody publishes to session {session} now")
        return stream

    def watchable(self, session: str) -> Stream:
        """A live session, or one whose source is away. Raises NotLive."""
        stream = self._streams.get(session)
        return stream if stream is not None and stream.watchable else self.live(session)

    def layers(self, session: str) -> tuple[Layer, ...]:
        """The encodings of the session's video; empty while there is none."""
        stream = self._streams.get(session)
        return stream.tracks.layers if stream is not None and stream.live else ()

    def look(self, now: float) -> None:
        """Call every LOOK_INTERVAL."""
        self._sweep()
        for stream in self._streams.values():
            stream.look(now, LOOK_INTERVAL)

    def tick(self, now: float) -> None:
        """Call every interlude.TICK."""
        for stream in self._streams.values():
            stream.tick(now)

    def close(self) -> None:
        """Finish the files."""
        for stream in self._streams.values():
            stream.close()

    def _sweep(self) -> None:
        self._streams = {name: stream for name, stream in self._streams.items() if not stream.empty}
