"""What one session carries: its publisher, its tracks, its viewers and who listens in."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from realtime.relay.booth import Booth
from realtime.relay.errors import TooManyTaps, UnknownLayer
from realtime.relay.floor import Floor
from realtime.relay.hearing import Hearing
from realtime.relay.hls.packager import Packaging
from realtime.relay.hls.segment import FLOOR, Segment
from realtime.relay.interlude import Interlude
from realtime.relay.offer import H264, OPUS, Codec, Kind, Line
from realtime.relay.path import Audience, sum_up
from realtime.relay.peer import Peer
from realtime.relay.picture import Picture
from realtime.relay.publisher import Publisher
from realtime.relay.recorder import Recordings
from realtime.relay.replies import Demand, Layer, OnAir, StreamStats, Venue, View
from realtime.relay.rtp import Outgoing, Packet
from realtime.relay.slate import Slates
from realtime.relay.source import source_of
from realtime.relay.srtp import Sender
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

SILENCE = 5.0
"""Seconds without a packet after which a session is no longer live; its publisher may still come back, without a new offer."""

MAX_TAPS = 4
"""Readers of one session's sound; past it `tap()` raises TooManyTaps."""

Listener = Callable[[int, bytes], None]
"""Called with each Opus packet and its time, in 1/48000 s since the stream's first sound."""

Notify = Callable[[str, str | None, bool], None]
"""Called with the session, the language (None is the floor), and whether media of it arrives now."""


NotifyAir = Callable[[OnAir], None]


class Stream:
    """Joins publishers, tracks and viewers. Everything is synchronous; ending a peer is left to `end`.

    Viewers stay when one publisher follows another, unless the new one has another codec than the one they agreed to.
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
        self._recordings = Recordings(record, session)
        self.floor = Floor(end, self._begin, self._send_on, self._floor_changed, self._air_changed)
        self.viewers: set[Viewer] = set()
        self._tracks: dict[Kind, Track | Picture] = {}
        self._ssrcs: dict[Kind, int] = {"audio": secrets.randbits(32), "video": secrets.randbits(32)}
        self.hearing = Hearing(
            session, sender, self._ssrcs["audio"], self.viewers, lambda: self._sound, end, self._booth_changed, self._copy_booth
        )
        self._listeners: list[Listener] = []
        self._sound_start: int | None = None
        self._sender = sender
        self._end = end
        self._on_change, self._on_air = on_change, on_air
        self._aired: OnAir | None = None
        self._packaging = Packaging(lambda: self._picture.ask() if self._picture is not None else None)
        self._interlude = Interlude(self._tracks, self.viewers, slates, self._packaging)
        self._joins, self._join_seconds = 0, 0.0

    @property
    def live(self) -> bool:
        """Whether the floor's media is arriving."""
        return self.floor.live

    @property
    def empty(self) -> bool:
        """Whether nobody has anything to do with this session any more."""
        busy = self.viewers or self._listeners or not self.hearing.empty
        return self.floor.empty and not busy and not self.watchable and not self._packaging.on

    @property
    def watchable(self) -> bool:
        """Whether there is something to see: the floor's media, or the slate while its source is away."""
        return self.live or self._interlude.offered(time.monotonic())

    @property
    def tracks(self) -> dict[Kind, tuple[Codec, int]]:
        """Codec and SSRC of each track."""
        return {kind: (track.codec, track.ssrc) for kind, track in self._tracks.items()}

    @property
    def lines(self) -> dict[Line, tuple[Codec, int]]:
        """Codec and SSRC of all that viewers may be answered with."""
        lines: dict[Line, tuple[Codec, int]] = {kind: (track.codec, track.ssrc) for kind, track in self._tracks.items()}
        return lines | {"original": self.hearing.original} if self._sound is not None else lines

    @property
    def _sound(self) -> Track | None:
        track = self._tracks.get("audio")
        return track if isinstance(track, Track) else None

    @property
    def _picture(self) -> Picture | None:
        picture = self._tracks.get("video")
        return picture if isinstance(picture, Picture) else None

    @property
    def demand(self) -> Demand:
        """Of viewers, other nodes not counted."""
        people = [viewer for viewer in self.viewers if not viewer.node]
        languages = frozenset(viewer.channel for viewer in people if viewer.channel is not None)
        return Demand(len(people), languages, self.watchable and not self.live)

    @property
    def packaged(self) -> bool:
        """Whether it is made into HLS."""
        return self._packaging.on

    @property
    def feeds(self) -> int:
        """Other nodes' pulls."""
        return sum(viewer.node for viewer in self.viewers)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The encodings of the picture."""
        return self._picture.layers(time.monotonic()) if self._picture is not None else ()

    @property
    def audience(self) -> Audience:
        """What viewers of the picture report."""
        return sum_up(viewer.path for viewer in self.viewers if "video" in viewer.payload_types)

    def leave(self, peer: Peer) -> None:
        """Take a peer out. Idempotent."""
        self.hearing.leave(peer)
        if isinstance(peer, Viewer):
            self.viewers.discard(peer)
            for track in self._tracks.values():
                track.leave(peer)
            return
        if peer is self.floor.publisher and self._picture is not None:
            self._picture.stop_asking()
        self.floor.leave(peer, time.monotonic())

    def look(self, now: float, seconds: float) -> None:
        """Call every so many seconds."""
        if self._picture is not None:
            self._picture.measure(seconds, now)
        self.floor.note_silence(now, SILENCE)
        self.hearing.note_silence(now)

    def tick(self, now: float) -> None:
        """Call every interlude.TICK."""
        self._interlude.tick(now)

    def show(self, viewer: Viewer, layer: str | None, *, sees: bool) -> View:
        """Let a viewer see an encoding of the picture, whatever suits its path, or nothing. Raises UnknownLayer."""
        if self._picture is None or "video" not in viewer.payload_types:
            raise UnknownLayer("there is no picture")
        self._picture.show(viewer, layer, sees=sees)
        return self.view(viewer)

    def view(self, viewer: Viewer) -> View:
        """What a viewer wants to see, and gets."""
        seen = self._picture.seen_by(viewer) if self._picture is not None else None
        return View(viewer.layer, viewer.sees, (seen.name or None) if seen is not None else None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear the floor's sound from now on; returns what ends it. Raises TooManyTaps."""
        if len(self._listeners) >= MAX_TAPS:
            raise TooManyTaps(f"session {self.session} already has {MAX_TAPS} taps")
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def package(self, emit: Callable[[Segment], None]) -> Callable[[], None]:
        """Have segments of HLS made from now on, for one at a time; returns what ends it."""
        publisher, track = self.floor.publisher, self._tracks.get("video")
        self._packaging.start(_pictured(publisher) if publisher is not None else track is not None and track.codec == H264, emit)
        return self._packaging.stop

    def air(self, venue: Venue) -> None:
        """Put a venue on air. Raises NotLive if nothing arrives from it."""
        self.floor.air(venue, time.monotonic())

    def close(self) -> None:
        """Finish the files."""
        self._recordings.close()
        self._packaging.stop()

    def stats(self) -> StreamStats:
        sounds = [*([self._sound] if self._sound else []), *(booth.track for booth in self.hearing.booths.values())]
        packets, octets, retransmitted, requests = self._picture.counts if self._picture is not None else (0, 0, 0, 0)
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
        if kind == "video" and not self._shows(packet, now):
            return
        self._interlude.over(kind)
        forwarded = self._tracks[kind].forward(packet, source_of(publisher, packet.ssrc), now)
        if forwarded is None:
            return
        self._copy(FLOOR, kind, forwarded, now)
        if kind == "audio":
            self.hearing.forward(packet, source_of(publisher, packet.ssrc), now)
            self._be_heard(forwarded.timestamp, packet.body)

    def _copy_booth(self, lang: str, packet: Outgoing, now: float) -> None:
        self._copy(lang, "audio", packet, now)

    def _copy(self, channel: str, kind: Kind, packet: Outgoing, now: float) -> None:
        """To whoever keeps what was forwarded."""
        self._recordings.push(channel, kind, packet, now)
        self._packaging.push(channel, kind, packet, now)

    def on_report(self, publisher: Publisher, kind: Kind, report: RtcpSrPacket) -> None:
        """A sender report of a publisher's."""
        if publisher is self.floor.publisher:
            self._tracks[kind].report(source_of(publisher, report.ssrc), report)
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
        if not self._plays(viewer, viewer.payload_types):
            self._end(viewer)
            return
        now = time.monotonic()
        self._joins, self._join_seconds = self._joins + 1, self._join_seconds + now - viewer.since
        for kind, track in self._tracks.items():
            if kind in viewer.payload_types and not (viewer.node and viewer.channel is None and self._interlude.playing(kind)):
                sound = self.hearing.heard_by(viewer) if kind == "audio" else None
                (sound or track).join(viewer)
        self.hearing.admit(viewer)

    def on_feedback(self, viewer: Viewer, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        """RTCP of a viewer's, who says nothing of its sound that would have to be known."""
        seen = self._picture.seen_by(viewer) if self._picture is not None else None
        if seen is not None:
            seen.heed(viewer, packets, now)

    def _ask_keyframe(self, layer: str) -> bool:
        return self.floor.publisher is not None and self.floor.publisher.request_keyframe(layer)

    def _floor_changed(self, live: bool) -> None:
        publisher = self.floor.publisher
        if live and publisher is not None and publisher.original:
            self._recordings.begin(FLOOR, publisher.codecs)
        else:
            self._recordings.end(FLOOR)
        self._on_change(self.session, None, live)

    def _booth_changed(self, lang: str, live: bool) -> None:
        interpreter = self.hearing.booths[lang].source.publisher
        if live and interpreter is not None and interpreter.original:
            self._recordings.begin(lang, {"audio": OPUS})
        else:
            self._recordings.end(lang)
        self._on_change(self.session, lang, live)

    def _air_changed(self) -> None:
        aired = OnAir(self.session, self.floor.on_air, self.floor.arriving)
        if aired != self._aired:
            self._aired = aired
            self._on_air(aired)

    def _shows(self, packet: Packet, now: float) -> bool:
        """Whether a packet is of a picture that viewers can see: after the slate, from a keyframe on."""
        return self._picture is not None and self._picture.sees(packet, now, anew=self._interlude.playing("video"))

    def _begin(self, publisher: Publisher, midway: bool) -> None:
        """Another publisher takes the floor."""
        self._keep_anew()
        for kind, codec in publisher.codecs.items():
            track = self._tracks.get(kind)
            if track is None or track.codec != codec:
                if track is not None:
                    track.close()
                    self._ssrcs[kind] = secrets.randbits(32)
                self._tracks[kind] = self._track(kind, codec)
                self._end_viewers_without(kind)
        if self._picture is not None:
            self._picture.begin(publisher.names.all, time.monotonic(), midway=midway)

    def _track(self, kind: Kind, codec: Codec) -> Track | Picture:
        if kind == "video":
            return Picture(codec, self._sender, self._ssrcs[kind], self._ask_keyframe, self._keep_anew)
        return Track(kind, codec, self._sender, self._ssrcs[kind])

    def _keep_anew(self) -> None:
        """What follows does not continue what was kept: another publisher, or another encoding of its picture."""
        publisher = self.floor.publisher
        if publisher is None:
            return
        self._packaging.turn(_pictured(publisher))
        if self.live and publisher.original:
            self._recordings.begin(FLOOR, publisher.codecs)

    def _end_viewers_without(self, kind: Kind) -> None:
        """A track was replaced: whoever agreed to the old one must ask for a new answer."""
        for viewer in list(self.viewers):
            if not self._plays(viewer, [k for k in viewer.payload_types if k == kind]):
                self._end(viewer)

    def _plays(self, viewer: Viewer, lines: Iterable[Line]) -> bool:
        """Whether the tracks of these lines are still the ones this viewer's answer promised."""
        carried = self.lines
        return all(line in carried and carried[line][1] == viewer.ssrcs[line] for line in lines)

    def _be_heard(self, timestamp: int, payload: bytes) -> None:
        if self._sound_start is None:
            self._sound_start = timestamp
        if payload:
            for listener in self._listeners:
                listener((timestamp - self._sound_start) & 0xFFFFFFFF, payload)


def _pictured(publisher: Publisher) -> bool:
    """Whether HLS can carry its picture: no player takes VP8 in fragmented MP4."""
    return publisher.codecs.get("video") == H264
