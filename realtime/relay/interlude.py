"""What viewers get while the source of a session is away: a slate and silence, in the same tracks, until it is back."""

from collections.abc import Collection, Mapping, Sequence

from realtime.relay.hls.packager import Packaging
from realtime.relay.hls.segment import FLOOR
from realtime.relay.offer import Codec, Kind
from realtime.relay.picture import Picture
from realtime.relay.rtp import Packet
from realtime.relay.slate import RATE, Slates
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

TICK = 0.1
"""Seconds between two looks; each is worth a packet of silence."""

AWAY = 1.0
"""Seconds without a packet to send on after which the source is away."""

LONGEST = 600.0
"""Seconds that the slate is shown to those who watch and those who come; then the session is over."""

SOURCE = -1
"""Tells our own packets apart from all publishers' (see `source_of`)."""

_SILENCE = bytes([0xFB, 5]) + b"\xff\xfe" * 5
"""Five frames of 20 ms of Opus in one packet (RFC 6716 section 3.2.5, code 3), which code nothing."""


class Interlude:
    """Plays to `tracks`, which are the floor's, while nothing was sent on for AWAY; viewers that are other nodes have their own.

    HLS, while it is made, has it too.
    """

    def __init__(self, tracks: Mapping[Kind, Track | Picture], viewers: Collection[Viewer], slates: Slates, packaging: Packaging) -> None:
        self._tracks, self._viewers, self._slates, self._packaging = tracks, viewers, slates, packaging
        self._heard_at: float | None = None
        self._playing: set[Kind] = set()
        self._shown_at, self._picture = 0.0, 0
        self._codec: Codec | None = None
        """What its picture was in last."""
        self._sequence: dict[Kind, int] = {"audio": 0, "video": 0}

    def heard(self, now: float) -> None:
        """Something came from the source."""
        self._heard_at = now

    def over(self, kind: Kind) -> None:
        """The source's own sound, or its picture, is sent on from now."""
        if kind in self._playing:
            self._playing.discard(kind)
            for viewer in self._nodes():
                if kind in viewer.payload_types and viewer.channel is None:
                    self._tracks[kind].join(viewer)

    def playing(self, kind: Kind) -> bool:
        """Whether ours is sent of this kind: the source's picture must then begin with a keyframe."""
        return kind in self._playing

    def offered(self, now: float) -> bool:
        """Whether who comes now has something to see: the source was here, and may come back."""
        return self._heard_at is not None and now - self._heard_at < LONGEST

    def tick(self, now: float) -> None:
        """Call every TICK."""
        if self._heard_at is None or (now - self._heard_at < AWAY and not self._playing):
            return
        if now - self._heard_at >= AWAY and self._playing != set(self._tracks):
            self._begin(now)
        if self.offered(now) and (self._packaging.on or len(self._viewers) > len(self._nodes())):
            self._play(now)

    def _begin(self, now: float) -> None:
        self._playing = set(self._tracks)
        self._shown_at, self._picture = float("-inf"), 0
        for viewer in self._nodes():
            for track in self._tracks.values():
                track.leave(viewer)

    def _play(self, now: float) -> None:
        if "audio" in self._playing:
            self._send("audio", [_SILENCE], now)
        if "video" not in self._playing or now - self._shown_at < 1 / RATE - TICK / 2:
            return
        codec = self._tracks["video"].codec
        slate = self._slates.find(codec)
        if slate is not None:
            if codec != self._codec:
                self._codec, self._picture = codec, 0  # which is a keyframe
            self._shown_at = now
            self._send("video", slate[self._picture % len(slate)], now)
            self._picture += 1

    def _send(self, kind: Kind, payloads: Sequence[bytes], now: float) -> None:
        track = self._tracks[kind]
        timestamp = round(now * track.codec.clock_rate) & 0xFFFFFFFF
        for number, payload in enumerate(payloads, 1):
            self._sequence[kind] = (self._sequence[kind] + 1) & 0xFFFF
            last = kind == "video" and number == len(payloads)
            packet = Packet(0, 0x80 if last else 0, self._sequence[kind], timestamp, 0, False, b"", payload)
            tracks = track.tracks if isinstance(track, Picture) else [track]
            forwarded, *_ = [each.forward(packet, SOURCE, now) for each in tracks]
            if forwarded is not None:
                self._packaging.push(FLOOR, kind, forwarded, now)

    def _nodes(self) -> list[Viewer]:
        return [viewer for viewer in self._viewers if viewer.node and viewer.connected]
