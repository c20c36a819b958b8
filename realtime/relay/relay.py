"""The relay's front door: offers in, answers out, and the tasks that keep its peers."""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from realtime.relay.answer import accepted, choose_for_publisher, write_answer
from realtime.relay.binding import family_of
from realtime.relay.copies import Listener
from realtime.relay.dtls import Certificate
from realtime.relay.errors import StaleTag, TooManyViewers
from realtime.relay.fragment import read_fragment, write_fragment
from realtime.relay.hls.segment import Segment
from realtime.relay.interlude import TICK
from realtime.relay.offer import read_offer
from realtime.relay.path import sum_up
from realtime.relay.peer import Peer
from realtime.relay.peers import Peers
from realtime.relay.port import MediaPort
from realtime.relay.publisher import Publisher
from realtime.relay.pull import Puller, PullOffer, read_pulled, write_pull
from realtime.relay.replies import Answer, Demand, IceRestart, Layer, Resource, StreamStats, Venue
from realtime.relay.sending import Counters
from realtime.relay.slate import Slates
from realtime.relay.stream import Notify, NotifyAir, Stream
from realtime.relay.streams import LOOK_INTERVAL, Streams
from realtime.relay.tap import Tap
from realtime.relay.viewer import Viewer
from realtime.relay.viewing import MAX_PEERS, MAX_VIEWERS, Viewing

MAX_PACKAGED = 8
"""Sessions made into HLS at a time, for each takes a few percent of a core a language; past it TooManyViewers."""

logger = logging.getLogger(__name__)


class Relay(Viewing):
    """Forwards each session's media from its publisher to its viewers over one port.

    `host` and `port` are bound (port 0 takes a free one, see `port`); `advertise` are the addresses peers are told to reach.
    `on_change(session, lang, live)` is called on the loop when the first packet of a session's floor (`lang` None) or of a booth
    arrives and when its publisher is gone or silent, not when one publisher takes over from another; `on_air(OnAir)` when other
    venues of a session arrive, or another is on air;
    `on_end(resource_id)` when a peer has ended, for whatever reason, or a counter-offer was not answered. With `record`, every
    session is recorded into a folder of its name there. Raises OSError on entering if the port cannot be had, or is not of the family
    of an advertised address. Leaving ends every peer.
    """

    def __init__(
        self,
        host: str,
        port: int,
        advertise: Sequence[str],
        *,
        on_change: Notify | None = None,
        on_air: NotifyAir | None = None,
        on_end: Callable[[str], None] | None = None,
        record: Path | None = None,
        max_viewers: int = MAX_VIEWERS,
        max_peers: int = MAX_PEERS,
    ) -> None:
        if not advertise:
            raise ValueError("a relay needs at least one address to advertise")
        super().__init__([str(ipaddress.ip_address(address)) for address in advertise], max_viewers, max_peers)
        self._host, self._wanted_port = host, port
        self._on_change, self._on_air, self._on_end, self._record = on_change, on_air, on_end, record
        self._taps: dict[Tap, Callable[[], None]] = {}

    async def __aenter__(self) -> Self:
        self._certificate = Certificate.generateCertificate()
        self._fingerprint = self._certificate.fingerprint
        self._port = MediaPort(self._host, self._wanted_port)
        unreachable = [address for address in self._advertise if family_of(address) not in self._port.families]
        if unreachable:
            self._port.close()
            raise OSError(f"the media port at {self._host} cannot be reached at {', '.join(unreachable)}")
        await self._port.listen()
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._peers = Peers(self._port, self._tasks, self._left)
        changed, aired = partial(self._tell, self._on_change), partial(self._tell, self._on_air)
        self._slates = Slates()
        self._streams = Streams(
            lambda session: Stream(session, self._port.sender, self._peers.end, changed, aired, self._record, self._slates)
        )
        self._clocks = [self._tasks.create_task(keep(), name="relay clock") for keep in (self._keep_time, self._keep_playing)]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for clock in self._clocks:
            clock.cancel()
        await self._slates.close()
        for tap in list(self._taps):
            tap.close()
        for peer in self._peers:
            self._peers.end(peer)
        self._streams.close()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._port.close()

    @property
    def port(self) -> int:
        """The port really bound, for UDP and TCP."""
        return self._port.number

    @property
    def counters(self) -> Counters:
        """What went through the port since it opened."""
        return self._port.counters

    async def publish(self, session: str, offer: str, lang: str | None = None, venue: Venue = "a") -> Answer:
        """Answer a publisher: of the floor from a venue, or an interpreter into `lang`. It takes over its channel with its first packet.

        Raises BadOffer, UnacceptableOffer, TooManyBooths, TooManyViewers.
        """
        parsed = read_offer(offer, "sends")
        self._make_room()
        stream = self._streams.open(session)
        chosen = choose_for_publisher(parsed, stream.tracks.codecs)
        booth = stream.hearing.booth(lang) if lang is not None else None
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
        if booth is None:
            stream.floor.expect(publisher, venue)
        else:
            booth.source.expect(publisher)
        self._peers.serve(publisher, parsed.ice, accepted(chosen))
        return Answer(write_answer(parsed, chosen, self._transport(publisher.ice)), publisher.resource_id, publisher.ice.etag)

    async def air(self, session: str, venue: Venue) -> None:
        """Put a venue of a session on air: viewers go on with its picture. Raises NotLive if nothing arrives from it."""
        self._streams.live(session).air(venue)

    def offer_pull(self, lang: str | None = None) -> PullOffer:
        """Ask another node for a session's floor, or for an interpretation; its `feed` answers."""
        return write_pull(("audio", "video") if lang is None else ("audio",), self._fingerprint)

    async def pull(self, session: str, lang: str | None, offer: PullOffer, answer: str) -> str:
        """Publish here what the other node sends; it takes its channel over with its first packet. Returns what names it in `end`.

        Raises BadOffer, UnacceptableOffer, TooManyBooths.
        """
        read = read_pulled(answer, self._port.families)
        stream = self._streams.open(session)
        booth = stream.hearing.booth(lang) if lang is not None else None
        on_media = stream.on_media if booth is None else booth.on_media
        on_report = stream.on_report if booth is None else partial(stream.on_booth_report, booth)
        puller = Puller(session, self._host, self._certificate, offer.credentials, read, on_media, on_report, lang=lang)
        if booth is None:
            stream.floor.expect(puller, "a")
        else:
            booth.source.expect(puller)
        self._peers.serve(puller, read.offer.ice, accepted(read.chosen))
        return puller.resource_id

    async def update_ice(self, resource_id: str, fragment: str, tags: tuple[str, ...] | None = None) -> IceRestart | None:
        """Take a fragment: None for late candidates, our new credentials if the sender's changed. Media goes on, by the same DTLS.

        `tags` are the ICE sessions it may be meant for, None for any. Raises UnknownResource, StaleTag, BadFragment.
        """
        peer = self._peers.find(resource_id)
        if tags is not None and peer.ice.etag not in tags:
            raise StaleTag("the ICE session this is meant for is over")
        remote = read_fragment(fragment)
        if remote is None or not peer.ice.restarted_by(remote):
            return None
        self._port.retire(peer.ice.restart(remote))
        self._port.register(peer)
        fragment = write_fragment(peer.sections, self._transport(peer.ice), tcp=not isinstance(peer.route, tuple))
        return IceRestart(fragment, peer.ice.etag)

    def resource(self, resource_id: str) -> Resource:
        """Whose peer this is. Raises UnknownResource."""
        offer = self._offers.find(resource_id)
        if offer is not None:
            return Resource(offer.session, "viewer", offer.ice.etag, None, None, answered=False)
        peer = self._peers.find(resource_id)
        video = next((section.index for section in peer.sections if section.kind == "video"), None)
        return Resource(peer.session, peer.role, peer.ice.etag, peer.lang, video)

    async def end(self, resource_id: str) -> None:
        """End a peer, telling it so by a DTLS alert, or take an offer back. Raises UnknownResource."""
        if self._offers.find(resource_id) is not None:
            self._withdraw(resource_id)
        else:
            self._peers.end(self._peers.find(resource_id))

    def live(self, session: str) -> bool:
        """Whether media of this session is arriving."""
        stream = self._streams.find(session)
        return stream is not None and stream.live

    def viewers(self, session: str) -> int:
        """Viewers of this session, those still connecting included."""
        stream = self._streams.find(session)
        return len(stream.viewers) if stream else 0

    async def layers(self, session: str) -> tuple[Layer, ...]:
        """The encodings of the session's video; empty while there is none."""
        return self._streams.layers(session)

    def stats(self, session: str) -> StreamStats:
        """Counters of this session; all zero if nobody has anything to do with it."""
        stream = self._streams.find(session)
        return stream.stats() if stream else StreamStats(False, 0, 0, 0, 0, 0, 0, 0, 0.0, sum_up(()))

    def send_away(self, count: int) -> int:
        """End so many viewers, but no other nodes; returns how many are left."""
        people = [peer for peer in self._peers if isinstance(peer, Viewer) and not peer.node]
        for viewer in people[:count]:
            self._peers.end(viewer)
        return len(people[count:])

    def demand(self) -> dict[str, Demand]:
        """Who watches what here, by session, and where the slate waits for somebody."""
        demands = [(stream, stream.demand) for stream in self._streams]
        return {stream.session: demand for stream, demand in demands if stream.viewers or demand.slate}

    def all_stats(self) -> dict[str, StreamStats]:
        """Counters of every session that somebody has to do with."""
        return {stream.session: stream.stats() for stream in self._streams}

    def listen(self, session: str, listener: Listener) -> Callable[[], None]:
        """Hear the session's Opus packets from now on, whether it is live yet or not; returns what ends it. Raises TooManyTaps."""
        return self._streams.open(session).listen(listener)

    def package(self, session: str, emit: Callable[[Segment], None]) -> Callable[[], None]:
        """Have segments of HLS made of a live session; returns what ends it. Raises NotLive, TooManyViewers past MAX_PACKAGED."""
        stream = self._streams.watchable(session)
        if sum(one.packaged for one in self._streams if one is not stream) >= MAX_PACKAGED:
            raise TooManyViewers(f"{MAX_PACKAGED} sessions are made into HLS, as many as may")
        return stream.package(emit)

    def tap(self, session: str) -> Tap:
        """The session's sound from now on as PCM. Close it after use. Raises TooManyTaps."""
        tap = Tap(lambda tap: self._taps.pop(tap)())
        self._taps[tap] = self.listen(session, tap.push)
        return tap

    def _left(self, peer: Peer) -> None:
        self._streams[peer.session].leave(peer)
        self._tell(self._on_end, peer.resource_id)

    def _withdraw(self, resource_id: str) -> None:
        """Take a counter-offer back."""
        self._offers.forget(resource_id)
        self._tell(self._on_end, resource_id)

    def _tell(self, listener: Callable[..., None] | None, *what: object) -> None:
        if listener is None:
            return
        try:
            listener(*what)
        except Exception:
            # The listener's trouble must not cost anybody a packet.
            logger.exception("a listener failed on %s", what)

    async def _keep_playing(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._streams.tick(time.monotonic())

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            now = time.monotonic()
            self._streams.look(now)
            for resource_id in self._offers.expired(now):
                self._withdraw(resource_id)
            for peer in self._peers:
                if peer.silent_since(now) > peer.patience:
                    self._peers.end(peer)
                elif isinstance(peer, Publisher):
                    peer.report(now, self._streams[peer.session].audience.carries)
