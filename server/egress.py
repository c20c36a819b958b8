"""What a player hears of the session it watches, by the server-sent events extension of WHEP (draft-ietf-wish-whep).

A stream holds the latest message of each sort and no queue, so a reader that stalls costs four messages. A reader that
comes back gets them all again and has missed nothing that is still true.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any, Self

from realtime.relay import Layer, RelayDown, RelayError, RelayProcess
from server.errors import TooMany

EVENTS = ("active", "inactive", "layers", "reconnect", "viewercount")
STREAMS_LIMIT = 2
"""Streams of one resource; past it 429."""

INTERVAL = 2.0
"""Seconds between two looks at the number of viewers and the bitrate."""

KEEPALIVE = 15.0
"""Seconds after which a reader is sent a comment: proxies end connections that say nothing."""

_SORTS = {"active": "publication", "inactive": "publication"}


class EventStream:
    """One player's stream. `id` is unguessable: an EventSource sends no Authorization, so its URL is what lets it in."""

    def __init__(self, resource: str, session: str, video: int | None, wanted: Collection[str]) -> None:
        self.id = secrets.token_urlsafe(18)
        self.resource, self.session, self.video = resource, session, video
        self.closed = False
        self._wanted = frozenset(wanted)
        self._latest: dict[str, bytes] = {}
        self._unread: dict[str, bytes] = {}
        self._readers = 0
        self._wake = asyncio.Event()

    def post(self, event: str, data: dict[str, Any]) -> None:
        """Tell the reader, now or when there is one; what it knows already is not said again."""
        sort = _SORTS.get(event, event)
        message = f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
        if event not in self._wanted or self._latest.get(sort) == message:
            return
        self._latest[sort] = self._unread[sort] = message
        self._wake.set()

    def close(self) -> None:
        """End, after what is still unread. Idempotent."""
        self.closed = True
        self._wake.set()

    async def read(self) -> AsyncIterator[bytes]:
        """The stream as text/event-stream. A later reader takes it from an earlier one."""
        self._readers += 1
        mine = self._readers
        self._unread = dict(self._latest)
        self._wake.set()
        yield b"retry: 2000\n\n"
        while mine == self._readers:
            self._wake.clear()
            unread, self._unread = self._unread, {}
            for message in unread.values():
                yield message
            if self.closed:
                return
            try:
                async with asyncio.timeout(KEEPALIVE):
                    await self._wake.wait()
            except TimeoutError:
                yield b":\n\n"


class EventStreams:
    """Every stream of this process, and the task that looks at the numbers."""

    def __init__(self, relay: RelayProcess) -> None:
        self._relay = relay
        self._streams: dict[str, EventStream] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_looking(), name="egress events")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.drain()

    async def open(self, resource: str, session: str, video: int | None, wanted: Collection[str]) -> EventStream:
        """A stream for the viewer `resource`, whose SDP has its video in section `video`. Raises TooMany, UnknownResource, RelayDown."""
        if sum(stream.resource == resource for stream in self._streams.values()) >= STREAMS_LIMIT:
            raise TooMany(f"a player may have {STREAMS_LIMIT} event streams")
        stream = EventStream(resource, session, video, wanted)
        self._streams[stream.id] = stream
        if self._relay.live(session):
            stream.post("active", {})
        try:
            # Of one that ended while its player subscribed nobody would tell any more.
            await self._relay.resource(resource)
            await self._look([stream])
        except RelayError:
            self.close(stream)
            raise
        return stream

    def find(self, id: str) -> EventStream | None:
        return self._streams.get(id)

    def close(self, stream: EventStream) -> None:
        if self._streams.pop(stream.id, None) is not None:
            stream.close()

    def ended(self, resource: str) -> None:
        """The viewer is gone, and its streams with it; if it did not leave by itself, it may come back."""
        for stream in [stream for stream in self._streams.values() if stream.resource == resource]:
            self.close(stream)

    def changed(self, session: str, live: bool) -> None:
        """A session went live or silent."""
        for stream in self._streams.values():
            if stream.session == session:
                stream.post("active" if live else "inactive", {})

    def drain(self) -> None:
        """Send every player away to connect anew, and end the streams."""
        for stream in list(self._streams.values()):
            stream.post("reconnect", {})
            self.close(stream)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            with contextlib.suppress(RelayDown):
                await self._look(list(self._streams.values()))

    async def _look(self, streams: Iterable[EventStream]) -> None:
        by_session: dict[str, list[EventStream]] = {}
        for stream in streams:
            by_session.setdefault(stream.session, []).append(stream)
        for session, those in by_session.items():
            layers = [_layer(layer) for layer in await self._relay.layers(session)]
            viewers = (await self._relay.stats(session)).viewers
            for stream in those:
                stream.post("viewercount", {"viewercount": viewers})
                if stream.video is not None and layers:
                    stream.post("layers", {str(stream.video): layers})


def _layer(layer: Layer) -> dict[str, Any]:
    """As the draft has it. The bitrate has two digits, else every look would be news."""
    name = {"spatialLayerId": 0, "temporalLayerId": 0} if layer.rid is None else {"rid": layer.rid}
    return name | {"bitrate": int(float(f"{layer.bitrate:.2g}"))}
