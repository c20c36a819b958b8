"""The two venues of a session's floor: a main publisher and its backup, both received, one of them on air."""

from collections.abc import Callable, Sequence

from realtime.relay.errors import NotLive
from realtime.relay.keyframe import Replay
from realtime.relay.offer import Kind
from realtime.relay.peer import Peer
from realtime.relay.publisher import Publisher
from realtime.relay.replies import Venue
from realtime.relay.rtp import Packet
from realtime.relay.source import Source

VENUES: tuple[Venue, ...] = ("a", "b")

FAILOVER = 0.7
"""Seconds in which only the backup is heard before it goes on air."""

MAX_GAP = 0.1
"""Seconds that one packet of the backup may count towards FAILOVER: a process that stood still has missed both venues alike."""

MAX_JUMP = 400
"""Packets since a backup's keyframe, about half a megabyte, with which viewers are brought to its picture at once. Past it they
wait for its next keyframe: more would not get through to everybody in one burst."""

ASK_INTERVAL = 2.0
"""Seconds between two requests to a backup for the keyframe that is to be at hand when it is needed."""

MediaHandler = Callable[[Publisher, Kind, Packet, float], None]


class Standby:
    """What a venue that is not on air has sent since its last keyframe, for the moment in which it is."""

    def __init__(self) -> None:
        self._replays: dict[str, tuple[Publisher, int, Replay[Packet]]] = {}
        """By encoding, with whose and which source's it is."""
        self._asked_at = float("-inf")

    def keep(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> None:
        """Sound is of no use later; only pictures are kept."""
        if kind != "video":
            return
        kept = self._replays.get(packet.layer)
        if kept is None or kept[:2] != (publisher, packet.ssrc):
            kept = self._replays[packet.layer] = publisher, packet.ssrc, Replay(publisher.codecs["video"], MAX_JUMP)
        kept[2].add(packet)
        if not kept[2] and now - self._asked_at > ASK_INTERVAL and publisher.request_keyframe():
            self._asked_at = now

    def take(self) -> Sequence[Packet]:
        """The picture it is at, from its keyframe on; nothing if there is none at hand."""
        replays, self._replays = self._replays, {}
        return [packet for _, _, replay in replays.values() for packet in replay.packets()]


class Floor:
    """Takes either venue's packets and says whose are sent on.

    Venue a is on air at first. When it falls silent or leaves, b takes its place, and keeps it: an encoder that failed may fail again,
    so the way back is a person's to choose (`air`) or b's failure. `begun(publisher, midway)` is called when another publisher is on
    air (`midway` if it has been sending before: nothing it sends is seen without a keyframe), `media` then with the pictures it had
    sent, `changed(live)` when media of whoever is on air begins or stops to arrive, and `told()` when other venues arrive, or another
    is on air.
    """

    def __init__(
        self,
        end: Callable[[Peer], None],
        begun: Callable[[Publisher, bool], None],
        media: MediaHandler,
        changed: Callable[[bool], None],
        told: Callable[[], None],
    ) -> None:
        self.on_air: Venue = "a"
        self.live = False
        """Whether media of the venue on air is arriving."""
        self._begun, self._media, self._changed, self._told = begun, media, changed, told
        self._sources = {venue: Source(end, self._began, lambda _: self._look()) for venue in VENUES}
        self._standby = Standby()
        self._alone, self._heard_at = 0.0, 0.0

    @property
    def publisher(self) -> Publisher | None:
        """Who is on air."""
        return self._sources[self.on_air].publisher

    @property
    def arriving(self) -> tuple[Venue, ...]:
        """The venues whose media arrives."""
        return tuple(venue for venue, source in self._sources.items() if source.live)

    @property
    def empty(self) -> bool:
        """Whether nobody sends or is about to."""
        return all(source.empty for source in self._sources.values())

    def expect(self, publisher: Publisher, venue: Venue) -> None:
        """Let `publisher` take over its venue with its first packet."""
        self._sources[venue].expect(publisher)

    def accept(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> bool:
        """Whether a packet is to be sent on. One of the backup's is kept, and may be what puts it on air."""
        venue = next((venue for venue in VENUES if self._sources[venue].accept(publisher, now)), None)
        if venue is None:
            return False
        if venue == self.on_air:
            self._alone = 0.0
            return True
        self._alone += min(now - self._heard_at, MAX_GAP)
        self._heard_at = now
        self._standby.keep(publisher, kind, packet, now)
        if self.publisher is None or self._alone > FAILOVER:
            self._switch(venue, now)
            return kind != "video"  # pictures went on with those kept
        return False

    def air(self, venue: Venue, now: float) -> None:
        """Put a venue on air. Raises NotLive if nothing arrives from it."""
        if venue == self.on_air:
            return
        if not self._sources[venue].live:
            raise NotLive(f"nothing arrives from venue {venue}")
        self._switch(venue, now)

    def leave(self, peer: Peer, now: float) -> None:
        """Take a publisher out, if it is here; the other venue goes on air in its place. Idempotent."""
        other: Venue = "b" if self.on_air == "a" else "a"
        if peer is self.publisher and self._sources[other].live:
            self._switch(other, now)
        for source in self._sources.values():
            source.leave(peer)

    def note_silence(self, now: float, seconds: float) -> None:
        """Stop being live after so many without a packet."""
        for source in self._sources.values():
            source.note_silence(now, seconds)

    def _switch(self, venue: Venue, now: float) -> None:
        publisher = self._sources[venue].publisher
        assert publisher is not None
        self.on_air, self._alone = venue, 0.0
        standby, self._standby = self._standby.take(), Standby()
        self._begun(publisher, True)
        for packet in standby:
            self._media(publisher, "video", packet, now)
        self._look()

    def _began(self, publisher: Publisher) -> None:
        if publisher is self.publisher:
            self._begun(publisher, False)

    def _look(self) -> None:
        live = self._sources[self.on_air].live
        if live != self.live:
            self.live = live
            self._changed(live)
        self._told()
