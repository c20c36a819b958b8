"""What one session carries: its publisher, its tracks, its viewers and who listens in."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from realtime.relay.booth import Booth
from realtime.relay.copies import Copies, Listener
from realtime.relay.floor import Floor
from realtime.relay.hearing import Hearing
from realtime.relay.hls.segment import FLOOR, Segment
from realtime.relay.interlude import Interlude
from realtime.relay.offer import Codec, Kind, Line
from realtime.relay.path import Audience, sum_up
from realtime.relay.peer import Peer
from realtime.relay.publisher import Publisher
from realtime.relay.replies import Demand, OnAir, StreamStats, Venue
from realtime.relay.rtp import Outgoing, Packet
from realtime.relay.slate import Slates
from realtime.relay.source import source_of
from realtime.relay.srtp import Sender
from realtime.relay.tracks import Tracks
from realtime.relay.viewer import Viewer

SILENCE = 5.0
"""Seconds without a packet after which a session is no longer live; its publisher may still come back, without a new offer."""

Notify = Callable[[str, str | None, bool], None]
"""Called with the session, the language (None is the floor), and whether media of it arrives now."""

NotifyAir = Callable[[OnAir], None]


class Stream:
    """Joins publishers, tracks and viewers. Everything is synchronous; ending a peer is left to `end`.

    Viewers stay when one publisher follows another, unless the new one has a codec that they have not agreed to.
    """

    def __init__(
        self,
        session: str,
        sender: Sender,
        end: Callable[[Peer], None],
        on_change: Notify,
        on_air: NotifyAir,
        record: Path | None,
        slates: Slates,
    ) -> None:
        self.session = session
        self.floor = Floor(end, self._begin, self._send_on, self._floor_changed, self._air_changed)
        self.viewers: set[Viewer] = set()
        self.tracks = tracks = Tracks(sender, self.viewers, end, self._ask_keyframe, self._keep_anew)
        self._copies = Copies(session, record, tracks.ask)
        self.hearing = Hearing(
            session, sender, tracks.ssrcs["audio"], self.viewers, lambda: tracks.sound, end, self._booth_changed, self._copy_booth
        )
        self._interlude = Interlude(tracks.by_kind, self.viewers, slates, self._copies.packaging)
        self._on_change, self._on_air = on_change, on_air
        self._aired: OnAir | None = None
        self._joins, self._join_seconds = 0, 0.0

    @property
    def live(self) -> bool:
        """Whether the floor's media is arriving."""
        return self.floor.live

    @property
    def empty(self) -> bool:
        """Whether nobody has anything to do with this session any more."""
        busy = self.viewers or self._copies.wanted or not self.hearing.empty
        return self.floor.empty and not busy and not self.watchable

    @property
    def watchable(self) -> bool:
        """Whether there is something to see: the floor's media, or the slate while its source is away."""
        return self.live or self._interlude.offered(time.monotonic())

    @property
    def lines(self) -> dict[Line, tuple[Codec, int]]:
        """Codec and SSRC of all that viewers may be answered with."""
        lines: dict[Line, tuple[Codec, int]] = {kind: (codec, ssrc) for kind, (codec, ssrc) in self.tracks.lines.items()}
        return lines | {"original": self.hearing.original} if self.tracks.sound is not None else lines

    @property
    def demand(self) -> Demand:
        """Of viewers, other nodes not counted."""
        people = [viewer for viewer in self.viewers if not viewer.node]
        languages = frozenset(viewer.channel for viewer in people if viewer.channel is not None)
        return Demand(len(people), languages, self.watchable and not self.live)

    @property
    def packaged(self) -> bool:
        """Whether it is made into HLS."""
        return self._copies.packaging.on

    @property
    def feeds(self) -> int:
        """Other nodes' pulls."""
        return sum(viewer.node for viewer in self.viewers)

    @property
    def audience(self) -> Audience:
        """What viewers of the picture report."""
        return sum_up(viewer.path for viewer in self.viewers if "video" in viewer.payload_types)

    def leave(self, peer: Peer) -> None:
        """Take a peer out. Idempotent."""
        self.hearing.leave(peer)
        if isinstance(peer, Viewer):
            self.viewers.discard(peer)
            self.tracks.leave(peer)
            return
        if peer is self.floor.publisher and self.tracks.picture is not None:
            self.tracks.picture.stop_asking()
        self.floor.leave(peer, time.monotonic())

    def look(self, now: float, seconds: float) -> None:
        """Call every so many seconds."""
        if self.tracks.picture is not None:
            self.tracks.picture.measure(seconds, now)
        self.floor.note_silence(now, SILENCE)
        self.hearing.note_silence(now)

    def tick(self, now: float) -> None:
        """Call every interlude.TICK."""
        self._interlude.tick(now)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear the floor's sound from now on; returns what ends it. Raises TooManyTaps."""
        return self._copies.listen(listener)

    def package(self, emit: Callable[[Segment], None]) -> Callable[[], None]:
        """Have segments of HLS made from now on, for one at a time; returns what ends it."""
        return self._copies.package(self.floor.publisher, self.tracks.codecs.get("video"), emit)

    def air(self, venue: Venue) -> None:
        """Put a venue on air. Raises NotLive if nothing arrives from it."""
        self.floor.air(venue, time.monotonic())

    def close(self) -> None:
        """Finish the files."""
        self._copies.close()

    def stats(self) -> StreamStats:
        floor, picture = self.tracks.sound, self.tracks.picture
        sounds = [*([floor] if floor is not None else []), *(booth.track for booth in self.hearing.booths.values())]
        packets, octets, retransmitted, requests = picture.counts if picture is not None else (0, 0, 0, 0)
        return StreamStats(
            live=self.live,
            viewers=len(self.viewers),
            packets=packets + sum(track.packets for track in sounds),
            octets=octets + sum(track.octets for track in sounds),
            lost=self.floor.publisher.lost if self.floor.publisher else 0,
            retransmitted=retransmitted,
            keyframe_requests=requests,
            joins=self._joins,
            join_seconds=self._join_seconds,
            audience=self.audience,
        )

    # Called by the peers.

    def on_media(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> None:
        """One packet of a publisher's."""
        if self.floor.accept(publisher, kind, packet, now):
            self._send_on(publisher, kind, packet, now)

    def _send_on(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> None:
        self._interlude.heard(now)
        # After the slate a picture is sent from its keyframe on.
        if kind == "video" and not self.tracks.sees(packet, now, anew=self._interlude.playing("video")):
            return
        self._interlude.over(kind)
        forwarded = self.tracks.by_kind[kind].forward(packet, source_of(publisher, packet.ssrc), now)
        if forwarded is None:
            return
        self._copies.push(FLOOR, kind, forwarded, now)
        if kind == "audio":
            self.hearing.forward(packet, source_of(publisher, packet.ssrc), now)
            self._copies.be_heard(forwarded.timestamp, packet.body)

    def _copy_booth(self, lang: str, packet: Outgoing, now: float) -> None:
        self._copies.push(lang, "audio", packet, now)

    def on_report(self, publisher: Publisher, kind: Kind, report: RtcpSrPacket) -> None:
        """A sender report of a publisher's."""
        if publisher is self.floor.publisher:
            self.tracks.by_kind[kind].report(source_of(publisher, report.ssrc), report)
            if kind == "audio":
                self.hearing.report(source_of(publisher, report.ssrc), report)

    def on_booth_report(self, booth: Booth, publisher: Publisher, kind: Kind, report: RtcpSrPacket) -> None:
        """A sender report of an interpreter's, told by the floor's clock: viewers play sound and picture in step by one clock."""
        floor = self.floor.publisher
        ahead = publisher.clock - floor.clock if floor is not None and floor.clock is not None and publisher.clock is not None else 0
        booth.on_report(publisher, kind, report, ahead)

    def on_secured(self, viewer: Viewer) -> None:
        """A viewer's handshake is done: media may flow."""
        if viewer not in self.viewers:
            return
        now = time.monotonic()
        self._joins, self._join_seconds = self._joins + 1, self._join_seconds + now - viewer.since
        for kind, track in self.tracks.by_kind.items():
            if kind in viewer.payload_types and not (viewer.node and viewer.channel is None and self._interlude.playing(kind)):
                sound = self.hearing.heard_by(viewer) if kind == "audio" else None
                (sound or track).join(viewer)
        self.hearing.admit(viewer)

    def on_feedback(self, viewer: Viewer, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        """RTCP of a viewer's, who says nothing of its sound that would have to be known."""
        seen = self.tracks.seen_by(viewer)
        if seen is not None:
            seen.heed(viewer, packets, now)

    def _ask_keyframe(self, layer: str) -> bool:
        return self.floor.publisher is not None and self.floor.publisher.request_keyframe(layer)

    def _floor_changed(self, live: bool) -> None:
        publisher = self.floor.publisher
        if live and publisher is not None:
            self._copies.begin(FLOOR, publisher)
        else:
            self._copies.end(FLOOR)
        self._on_change(self.session, None, live)

    def _booth_changed(self, lang: str, live: bool) -> None:
        interpreter = self.hearing.booths[lang].source.publisher
        if live and interpreter is not None:
            self._copies.begin(lang, interpreter)
        else:
            self._copies.end(lang)
        self._on_change(self.session, lang, live)

    def _air_changed(self) -> None:
        aired = OnAir(self.session, self.floor.on_air, self.floor.arriving)
        if aired != self._aired:
            self._aired = aired
            self._on_air(aired)

    def _begin(self, publisher: Publisher, midway: bool) -> None:
        """Another publisher takes the floor."""
        self._keep_anew()
        self.tracks.begin(publisher, midway=midway)

    def _keep_anew(self) -> None:
        """What follows does not continue what was kept: another publisher, or another encoding of its picture."""
        if self.floor.publisher is not None:
            self._copies.turn(self.floor.publisher, live=self.live)
