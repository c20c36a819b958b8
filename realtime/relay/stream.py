"""What one session carries: its publisher, its tracks, its viewers and its taps."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from realtime.relay import rtcp
from realtime.relay.errors import TooManyTaps
from realtime.relay.offer import Codec, Kind
from realtime.relay.peer import Peer
from realtime.relay.publisher import Publisher
from realtime.relay.rtp import Packet
from realtime.relay.srtp import Sender
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

KEYFRAME_INTERVAL = 0.5
"""Seconds between two keyframe requests to a publisher; requests in between are merged into one at its end."""

SILENCE = 5.0
"""Seconds without a packet after which a session is no longer live; its publisher may still come back, without a new offer."""

MAX_TAPS = 4
"""Readers of one session's sound; past it `tap()` raises TooManyTaps."""


Listener = Callable[[int, bytes], None]
"""Called with each Opus packet and its time, in 1/48000 s since the stream's first sound."""


@dataclass(frozen=True, slots=True)
class StreamStats:
    """A session's counters since it was last empty."""

    live: bool
    viewers: int
    packets: int
    octets: int
    lost: int
    """Packets that never arrived from the current publisher."""
    retransmitted: int
    keyframe_requests: int
    """PLIs sent to publishers."""


class Stream:
    """Joins publishers, tracks and viewers. Everything is synchronous; ending a peer is left to `end`.

    The newest publisher replaces the one before it with its first packet, so a newcomer that never connects does no harm.
    Viewers stay through it, unless the new one has another codec than the one they agreed to.
    """

    def __init__(self, session: str, sender: Sender, end: Callable[[Peer], None], on_change: Callable[[str, bool], None]) -> None:
        self.session = session
        self.publisher: Publisher | None = None
        self.pending: Publisher | None = None
        self.viewers: set[Viewer] = set()
        self.live = False
        """Whether media is arriving."""
        self._media_at = 0.0
        self._tracks: dict[Kind, Track] = {}
        self._listeners: list[Listener] = []
        self._sound_start: int | None = None
        self._sender = sender
        self._end = end
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._keyframe_allowed = 0.0
        self._keyframe_timer: asyncio.TimerHandle | None = None
        self._keyframe_owed = False
        """A keyframe is wanted from a publisher whose video has not begun."""
        self._keyframe_requests = 0

    @property
    def empty(self) -> bool:
        """Whether nobody has anything to do with this session any more."""
        return not (self.publisher or self.pending or self.viewers or self._listeners)

    @property
    def tracks(self) -> dict[Kind, tuple[Codec, int]]:
        """Codec and SSRC of each track, for answering viewers."""
        return {kind: (track.codec, track.ssrc) for kind, track in self._tracks.items()}

    def expect(self, publisher: Publisher) -> None:
        """Let `publisher` take over with its first packet; one that was expected before it is ended."""
        superseded, self.pending = self.pending, publisher
        if superseded is not None:
            self._end(superseded)

    def leave(self, peer: Peer) -> None:
        """Take a peer out. Idempotent."""
        if isinstance(peer, Viewer):
            self.viewers.discard(peer)
            for track in self._tracks.values():
                track.leave(peer)
        elif peer is self.pending:
            self.pending = None
        elif peer is self.publisher:
            self.publisher = None
            self._cancel_keyframe_timer()
            self._set_live(False)

    def note_silence(self, now: float) -> None:
        """Call about once a second."""
        if now - self._media_at > SILENCE:
            self._set_live(False)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear the sound from now on; returns what ends it. Raises TooManyTaps."""
        if len(self._listeners) >= MAX_TAPS:
            raise TooManyTaps(f"session {self.session} already has {MAX_TAPS} taps")
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def stats(self) -> StreamStats:
        tracks = list(self._tracks.values())
        return StreamStats(
            live=self.live,
            viewers=len(self.viewers),
            packets=sum(t.packets for t in tracks),
            octets=sum(t.octets for t in tracks),
            lost=self.publisher.lost if self.publisher else 0,
            retransmitted=sum(t.retransmitted for t in tracks),
            keyframe_requests=self._keyframe_requests,
        )

    # Called by the peers.

    def on_media(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> None:
        """One packet of a publisher's."""
        if publisher is self.pending:
            self._take_over(publisher)
        if publisher is not self.publisher:
            return
        self._media_at = now
        if not self.live:
            self._set_live(True)
        if kind == "video" and self._keyframe_owed:
            self.request_keyframe(now)
        timestamp = self._tracks[kind].forward(packet, _source(publisher, packet.ssrc), now)
        if kind == "audio" and timestamp is not None:
            self._be_heard(timestamp, packet.body)

    def on_report(self, publisher: Publisher, kind: Kind, report: RtcpSrPacket) -> None:
        """A sender report of a publisher's."""
        if publisher is self.publisher:
            self._tracks[kind].report(_source(publisher, report.ssrc), report)

    def on_secured(self, viewer: Viewer) -> None:
        """A viewer's handshake is done: media may flow."""
        if viewer not in self.viewers:
            return
        if not self._plays(viewer, viewer.payload_types):
            self._end(viewer)
            return
        blind = [kind for kind in viewer.payload_types if not self._tracks[kind].join(viewer)]
        if blind:
            self.request_keyframe(time.monotonic())

    def on_feedback(self, viewer: Viewer, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        """RTCP of a viewer's: requests for lost packets and for keyframes."""
        for packet in packets:
            if rtcp.asks_keyframe(packet):
                self.request_keyframe(now)
                continue
            for kind, track in self._tracks.items():
                lost = rtcp.lost_packets(packet, track.ssrc)
                if lost and kind in viewer.payload_types:
                    track.resend(viewer, lost, now)

    def request_keyframe(self, now: float) -> None:
        """Ask the publisher for a keyframe, now or when KEYFRAME_INTERVAL since the last request is over."""
        if self._keyframe_timer is not None or self.publisher is None:
            return
        if now < self._keyframe_allowed:
            self._keyframe_timer = self._loop.call_later(self._keyframe_allowed - now, self._request_late_keyframe)
            return
        self._keyframe_owed = not self.publisher.request_keyframe()
        if not self._keyframe_owed:
            self._keyframe_requests += 1
            self._keyframe_allowed = now + KEYFRAME_INTERVAL

    def _set_live(self, live: bool) -> None:
        if live != self.live:
            self.live = live
            self._on_change(self.session, live)

    def _request_late_keyframe(self) -> None:
        self._keyframe_timer = None
        self.request_keyframe(time.monotonic())

    def _cancel_keyframe_timer(self) -> None:
        if self._keyframe_timer is not None:
            self._keyframe_timer.cancel()
            self._keyframe_timer = None

    def _take_over(self, publisher: Publisher) -> None:
        replaced, self.publisher, self.pending = self.publisher, publisher, None
        for kind, codec in publisher.codecs.items():
            track = self._tracks.get(kind)
            if track is not None and track.codec == codec:
                track.begin()
                continue
            if track is not None:
                track.close()
            self._tracks[kind] = Track(kind, codec, self._sender)
            self._end_viewers_without(kind)
        self._cancel_keyframe_timer()
        self._keyframe_allowed = 0.0
        # Asked for with its first video packet: there is nothing to name in the request before.
        self._keyframe_owed = True
        if replaced is not None:
            self._end(replaced)

    def _end_viewers_without(self, kind: Kind) -> None:
        """A track was replaced: whoever agreed to the old one must ask for a new answer."""
        for viewer in list(self.viewers):
            if not self._plays(viewer, [k for k in viewer.payload_types if k == kind]):
                self._end(viewer)

    def _plays(self, viewer: Viewer, kinds: Iterable[Kind]) -> bool:
        """Whether the tracks of these kinds are still the ones this viewer's answer promised."""
        return all(kind in self._tracks and self._tracks[kind].ssrc == viewer.ssrcs[kind] for kind in kinds)

    def _be_heard(self, timestamp: int, payload: bytes) -> None:
        if self._sound_start is None:
            self._sound_start = timestamp
        if payload:
            for listener in self._listeners:
                listener((timestamp - self._sound_start) & 0xFFFFFFFF, payload)


def _source(publisher: Publisher, ssrc: int) -> int:
    """One number for a publisher's SSRC: two publishers may well use the same one."""
    return publisher.ssrc << 32 | ssrc
