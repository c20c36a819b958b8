"""The relay's front door: offers in, answers out, and the tasks that keep its peers."""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from realtime.relay.answer import Transport, choose_for_publisher, choose_for_viewer, write_answer
from realtime.relay.dtls import Certificate
from realtime.relay.errors import NotLive, TooManyViewers, UnknownResource
from realtime.relay.offer import read_offer
from realtime.relay.peer import CONSENT, Peer, Role
from realtime.relay.port import MediaPort
from realtime.relay.publisher import Publisher
from realtime.relay.sending import Counters
from realtime.relay.stream import Listener, Notify, Stream, StreamStats
from realtime.relay.tap import Tap
from realtime.relay.viewer import Viewer

REPORT_INTERVAL = 1.0
"""Seconds between receiver reports to publishers, and between looks for peers that fell silent."""

MAX_VIEWERS = 2_000
"""Viewers of one session, unless the constructor is given another number; past it TooManyViewers."""

MAX_PEERS = 4_000
"""Peers of the whole relay, publishers too, unless the constructor is given another number; past it TooManyViewers."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a WHIP or WHEP POST is answered with."""

    sdp: str
    resource_id: str
    """Unguessable; names the peer in `end`."""
    etag: str
    """Names the ICE session, without quotes."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Whose peer a resource id is."""

    session: str
    role: Role
    etag: str
    lang: str | None
    """The language an interpreter's is of; None for the floor's publisher and for viewers."""


class Relay:
    """Forwards each session's media from its publisher to its viewers over one UDP port.

    `host` and `port` are bound (port 0 takes a free one, see `port`); `advertise` are the addresses peers are told to reach.
    `on_change(session, lang, live)` is called on the loop when the first packet of a session's floor (`lang` None) or of a booth
    arrives and when its publisher is gone or silent, not when one publisher takes over from another. Raises OSError
    on entering if the port cannot be had. Leaving ends every peer.
    """

    def __init__(
        self,
        host: str,
        port: int,
        advertise: Sequence[str],
        *,
        on_change: Notify | None = None,
        max_viewers: int = MAX_VIEWERS,
        max_peers: int = MAX_PEERS,
    ) -> None:
        if not advertise:
            raise ValueError("a relay needs at least one address to advertise")
        self._host, self._wanted_port = host, port
        self._advertise = [str(ipaddress.ip_address(address)) for address in advertise]
        self._notify = on_change
        self._max_viewers, self._max_peers = max_viewers, max_peers
        self._streams: dict[str, Stream] = {}
        self._peers: dict[str, tuple[Peer, asyncio.Task[None]]] = {}
        self._taps: dict[Tap, Callable[[], None]] = {}

    async def __aenter__(self) -> Self:
        self._certificate = Certificate.generateCertificate()
        self._fingerprint = self._certificate.fingerprint
        self._port = MediaPort(self._host, self._wanted_port)
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._clock = self._tasks.create_task(self._keep_time(), name="relay clock")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._clock.cancel()
        for tap in list(self._taps):
            tap.close()
        for peer, _ in list(self._peers.values()):
            self._end(peer)
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._port.close()

    @property
    def port(self) -> int:
        """The UDP port really bound."""
        return self._port.number

    @property
    def counters(self) -> Counters:
        """What went through the port since it opened."""
        return self._port.counters

    async def publish(self, session: str, offer: str, lang: str | None = None) -> Answer:
        """Answer a publisher: of the floor, or an interpreter into `lang`. It takes over its channel with its first packet.

        Raises BadOffer, TooManyBooths, TooManyViewers.
        """
        parsed = read_offer(offer, "sends")
        self._make_room()
        stream = self._stream(session)
        chosen = choose_for_publisher(parsed, {kind: codec for kind, (codec, _) in stream.tracks.items()})
        booth = stream.booth(lang) if lang is not None else None
        publisher = Publisher(
            session,
            self._port,
            self._certificate,
            parsed.dtls,
            chosen,
            stream.on_media if booth is None else booth.on_media,
            stream.on_report if booth is None else partial(stream.on_booth_report, booth),
            lang=lang,
            dtls_active=parsed.passive,
        )
        (stream.floor if booth is None else booth.source).expect(publisher)
        self._serve(publisher)
        return self._answer(publisher, write_answer(parsed, chosen, self._transport(publisher)))

    async def choose(self, resource_id: str, lang: str | None) -> str | None:
        """Let a viewer hear an interpretation, or the floor (None), from the next packet on and without a new offer.

        Returns what it hears now: a booth that is silent lets the floor through until it speaks. Raises UnknownResource.
        """
        viewer = self._find(resource_id)
        if not isinstance(viewer, Viewer):
            raise UnknownResource("this resource publishes")
        return self._streams[viewer.session].choose(viewer, lang)

    async def watch(self, session: str, offer: str, lang: str | None = None) -> Answer:
        """Answer a viewer, who hears `lang` as after `choose`. Raises BadOffer, NoCommonCodec, NotLive, TooManyViewers."""
        parsed = read_offer(offer, "receives")
        stream = self._streams.get(session)
        if stream is None or not stream.live:
            raise NotLive(f"nobody publishes to session {session} now")
        self._make_room()
        if len(stream.viewers) >= self._max_viewers:
            raise TooManyViewers(f"session {session} has {self._max_viewers} viewers, as many as it may")
        chosen = choose_for_viewer(parsed, stream.tracks)
        viewer = Viewer(
            session, self._port, self._certificate, parsed.dtls, chosen, stream.on_secured, stream.on_feedback, dtls_active=parsed.passive
        )
        viewer.channel = lang
        stream.viewers.add(viewer)
        self._serve(viewer)
        return self._answer(viewer, write_answer(parsed, chosen, self._transport(viewer)))

    def resource(self, resource_id: str) -> Resource:
        """Whose peer this is. Raises UnknownResource."""
        peer = self._find(resource_id)
        return Resource(peer.session, peer.role, peer.etag, peer.lang)

    async def end(self, resource_id: str) -> None:
        """End a peer, telling it so by a DTLS alert. Raises UnknownResource."""
        self._end(self._find(resource_id))

    def live(self, session: str) -> bool:
        """Whether media of this session is arriving."""
        stream = self._streams.get(session)
        return stream is not None and stream.live

    def viewers(self, session: str) -> int:
        """Viewers of this session, those still connecting included."""
        stream = self._streams.get(session)
        return len(stream.viewers) if stream else 0

    def stats(self, session: str) -> StreamStats:
        """Counters of this session; all zero if nobody has anything to do with it."""
        stream = self._streams.get(session)
        return stream.stats() if stream else StreamStats(False, 0, 0, 0, 0, 0, 0, 0, 0.0)

    def all_stats(self) -> dict[str, StreamStats]:
        """Counters of every session that somebody has to do with."""
        return {session: stream.stats() for session, stream in self._streams.items()}

    def listen(self, session: str, listener: Listener) -> Callable[[], None]:
        """Hear the session's Opus packets from now on, whether it is live yet or not; returns what ends it. Raises TooManyTaps."""
        return self._stream(session).listen(listener)

    def tap(self, session: str) -> Tap:
        """The session's sound from now on as PCM. Close it after use. Raises TooManyTaps."""
        tap = Tap(lambda tap: self._taps.pop(tap)())
        self._taps[tap] = self.listen(session, tap.push)
        return tap

    def _stream(self, session: str) -> Stream:
        if session not in self._streams:
            self._sweep()
            self._streams[session] = Stream(session, self._port.sender, self._end, self._changed)
        return self._streams[session]

    def _sweep(self) -> None:
        """Forget sessions nobody has anything to do with."""
        self._streams = {name: stream for name, stream in self._streams.items() if not stream.empty}

    def _make_room(self) -> None:
        if len(self._peers) >= self._max_peers:
            raise TooManyViewers(f"the relay has {self._max_peers} peers, as many as it may")

    def _transport(self, peer: Peer) -> Transport:
        return Transport(peer.credentials, self._fingerprint, self._advertise, self._port.number)

    def _answer(self, peer: Peer, sdp: str) -> Answer:
        return Answer(sdp, peer.resource_id, peer.etag)

    def _find(self, resource_id: str) -> Peer:
        entry = self._peers.get(resource_id)
        if entry is None:
            raise UnknownResource("no such resource, or it has ended")
        return entry[0]

    def _serve(self, peer: Peer) -> None:
        self._port.register(peer)
        self._peers[peer.resource_id] = peer, self._tasks.create_task(self._run(peer), name=f"{peer.role} of {peer.session}")

    async def _run(self, peer: Peer) -> None:
        """A peer's task. Whatever happens in it ends this peer and no other."""
        try:
            await peer.run()
        except TimeoutError:
            logger.info("a %s of %s never connected", peer.role, peer.session)
        except Exception:
            logger.exception("a %s of %s failed", peer.role, peer.session)
        finally:
            self._end(peer)

    def _end(self, peer: Peer) -> None:
        """Take a peer out of everything at once; its task then says goodbye. Idempotent."""
        entry = self._peers.pop(peer.resource_id, None)
        if entry is None:
            return
        self._port.forget(peer)
        self._streams[peer.session].leave(peer)
        entry[1].cancel()

    def _changed(self, session: str, lang: str | None, live: bool) -> None:
        if self._notify is None:
            return
        try:
            self._notify(session, lang, live)
        except Exception:
            # The listener's trouble must not cost anybody a packet.
            logger.exception("on_change failed for session %s", session)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(REPORT_INTERVAL)
            self._sweep()
            now = time.monotonic()
            for stream in self._streams.values():
                stream.note_silence(now)
            for peer, _ in list(self._peers.values()):
                if peer.silent_since(now) > CONSENT:
                    self._end(peer)
                elif isinstance(peer, Publisher):
                    peer.report(now)
