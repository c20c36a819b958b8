"""The part of the relay's front door that viewers come by: their offers and ours, and what they choose of a session."""

from collections.abc import Mapping, Sequence

from realtime.relay.answer import Chosen, Transport, accepted, choose_for_viewer, write_answer
from realtime.relay.counteroffer import CounterOffers, write_offer
from realtime.relay.dtls import Certificate
from realtime.relay.errors import TooManyViewers, UnknownResource
from realtime.relay.ice import IceSession
from realtime.relay.offer import Line, Offer, read_offer
from realtime.relay.peers import Peers
from realtime.relay.port import MediaPort
from realtime.relay.replies import Answer, View
from realtime.relay.stream import Stream
from realtime.relay.streams import Streams
from realtime.relay.viewer import Viewer

MAX_VIEWERS = 2_000
"""Viewers of one session, unless the relay is given another number; past it TooManyViewers."""

MAX_FEEDS = 256
"""Pulls of one session by other nodes, beyond its viewers; past it TooManyViewers."""

MAX_PEERS = 4_000
"""Peers of the whole relay, publishers too, unless it is given another number; past it TooManyViewers."""


class Viewing:
    """What the relay's parts share, and what it does for viewers."""

    _port: MediaPort
    _peers: Peers
    _streams: Streams
    _certificate: Certificate
    _fingerprint: str

    def __init__(self, advertise: Sequence[str], max_viewers: int, max_peers: int) -> None:
        self._advertise, self._max_viewers, self._max_peers = advertise, max_viewers, max_peers
        self._offers = CounterOffers()

    async def choose(self, resource_id: str, lang: str | None, beneath: bool | None = None) -> str | None:
        """Let a viewer hear an interpretation, or the floor (None), from the next packet on and without a new offer.

        With `beneath` the floor's sound comes as well while an interpretation is heard, in the second section of sound of a viewer that
        has offered one; None leaves that as it is. Returns what it hears now: a booth that is silent lets the floor through until it
        speaks. Raises UnknownResource.
        """
        viewer = self._find_viewer(resource_id)
        return self._streams[viewer.session].hearing.choose(viewer, lang, beneath)

    async def show(self, resource_id: str, layer: str | None, sees: bool) -> View:
        """Let a viewer see one encoding (None: what its path carries) from its next keyframe on, or nothing. The sound goes on.

        Raises UnknownResource, UnknownLayer.
        """
        viewer = self._find_viewer(resource_id)
        return self._streams[viewer.session].tracks.show(viewer, layer, sees=sees)

    async def view(self, resource_id: str) -> View:
        """What a viewer sees. Raises UnknownResource."""
        viewer = self._find_viewer(resource_id)
        return self._streams[viewer.session].tracks.view(viewer)

    async def watch(self, session: str, offer: str, lang: str | None = None, beneath: bool = True) -> Answer:
        """Answer a viewer, who hears `lang` as after `choose`.

        Raises BadOffer, UnacceptableOffer (make it a `counter_offer`), NotLive, TooManyViewers.
        """
        parsed = read_offer(offer, "receives")
        return self._watched(self._watchable(session), parsed, lang, beneath=beneath)

    async def feed(self, session: str, offer: str, lang: str | None = None) -> Answer:
        """Answer another node: like `watch`, and never in the way of a viewer. Raises as `watch` does."""
        parsed = read_offer(offer, "receives")
        stream = self._streams.live(session)
        if stream.feeds >= MAX_FEEDS:
            raise TooManyViewers(f"session {session} is pulled by {MAX_FEEDS} nodes, as many as may")
        return self._watched(stream, parsed, lang, node=True)

    async def counter_offer(self, session: str, lang: str | None = None) -> Answer:
        """Offer a viewer what the session carries, to be answered within counteroffer.LIFETIME. Raises NotLive, TooManyViewers."""
        stream = self._watchable(session)
        offer = self._offers.make(session, lang)
        return Answer(write_offer(stream.tracks.lines, self._transport(offer.ice)), offer.resource_id, offer.ice.etag)

    async def accept(self, resource_id: str, answer: str) -> None:
        """Take a viewer's answer to a counter-offer; one that is refused may be mended and sent again.

        Raises UnknownResource, BadOffer, UnacceptableOffer, NotLive.
        """
        offer = self._offers.find(resource_id)
        if offer is None:
            raise UnknownResource("there is no offer to answer, or it was answered or has expired")
        parsed = read_offer(answer, "receives")
        stream = self._streams.watchable(offer.session)
        chosen = choose_for_viewer(parsed, stream.lines)
        viewer = self._viewer(stream, parsed, chosen, offer.lang)
        viewer.resource_id, viewer.ice = offer.resource_id, offer.ice
        self._offers.forget(resource_id)
        self._peers.serve(viewer, parsed.ice, accepted(chosen))

    def _make_room(self) -> None:
        if len(self._peers) + len(self._offers) >= self._max_peers:
            raise TooManyViewers(f"the relay has {self._max_peers} peers, as many as it may")

    def _watchable(self, session: str) -> Stream:
        """The stream of a session that can be seen and has room for one more."""
        stream = self._streams.watchable(session)
        self._make_room()
        if len(stream.viewers) - stream.feeds + self._offers.of(session) >= self._max_viewers:
            raise TooManyViewers(f"session {session} has {self._max_viewers} viewers, as many as it may")
        return stream

    def _watched(self, stream: Stream, offer: Offer, lang: str | None, *, node: bool = False, beneath: bool = True) -> Answer:
        # A node begins anew with another codec, and its viewers go on there.
        chosen = choose_for_viewer(offer, stream.lines, one=node)
        viewer = self._viewer(stream, offer, chosen, lang)
        viewer.node, viewer.beneath = node, beneath
        self._peers.serve(viewer, offer.ice, accepted(chosen))
        return Answer(write_answer(offer, chosen, self._transport(viewer.ice)), viewer.resource_id, viewer.ice.etag)

    def _viewer(self, stream: Stream, offer: Offer, chosen: Mapping[Line, Chosen], lang: str | None) -> Viewer:
        viewer = Viewer(
            stream.session,
            self._port,
            self._certificate,
            offer.dtls,
            chosen,
            stream.on_secured,
            stream.on_feedback,
            dtls_active=offer.passive,
        )
        viewer.channel = lang
        stream.viewers.add(viewer)
        return viewer

    def _find_viewer(self, resource_id: str) -> Viewer:
        viewer = self._peers.find(resource_id)
        if not isinstance(viewer, Viewer):
            raise UnknownResource("this resource publishes")
        return viewer

    def _transport(self, ice: IceSession) -> Transport:
        return Transport(ice.local, self._fingerprint, self._advertise, self._port.number)
