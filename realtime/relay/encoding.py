"""One encoding of a session's picture: its track, who sees it, and when a keyframe is asked for."""

from collections.abc import Callable, Sequence

from aiortc.rtp import AnyRtcpPacket

from realtime.relay import rtcp
from realtime.relay.keyframe import begins_keyframe
from realtime.relay.requests import KeyframeRequests
from realtime.relay.rtp import Packet
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

NEVER = float("-inf")

BLIND = 3.0
"""Seconds that a picture waits for a keyframe; then it goes on as it is, for some encoders refresh it bit by bit and send none."""


class Encoding:
    """`ask()` requests a keyframe of it, and says whether it could. `blind_since` is since when it waits for one, if it does."""

    def __init__(self, name: str, track: Track, ask: Callable[[], bool], *, blind_since: float | None) -> None:
        self.name, self.track = name, track
        self.keyframes = KeyframeRequests(ask)
        self.heard_at = NEVER
        self.viewers: set[Viewer] = set()
        self._blind_since = blind_since
        self.keyframes.begin()

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Packets, octets, retransmissions and keyframe requests."""
        return self.track.packets, self.track.octets, self.track.retransmitted, self.keyframes.sent

    def begin(self, *, blind_since: float | None) -> None:
        """Another publisher."""
        self.track.begin()
        self.keyframes.begin()
        self.heard_at, self._blind_since = NEVER, blind_since

    def blind(self, now: float) -> None:
        """Viewers see something else: it waits for a keyframe, since now or before."""
        self._blind_since = now if self._blind_since is None else self._blind_since

    def sees(self, packet: Packet, now: float) -> bool:
        """Whether viewers can see this packet; until then a keyframe is asked for."""
        if self._blind_since is None:
            return True
        if not begins_keyframe(self.track.codec, packet.payload) and now - self._blind_since < BLIND:
            self.keyframes.request(now)
            return False
        self._blind_since = None
        return True

    def heed(self, viewer: Viewer, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        """RTCP of a viewer's: requests for lost packets and for keyframes, and how its path does."""
        for packet in packets:
            lost, ceiling = rtcp.losses(packet, self.track.ssrc), rtcp.ceiling_asked(packet)
            if rtcp.asks_keyframe(packet):
                self.keyframes.request(now)
            elif lost is not None:
                viewer.path.report(lost, self.track.bitrate, now)
            elif ceiling is not None:
                viewer.path.ceiling(ceiling, self.track.bitrate, now)
            else:
                self.track.resend(viewer, rtcp.lost_packets(packet, self.track.ssrc), now)

    def close(self) -> None:
        """Send nothing more."""
        self.keyframes.stop()
        self.track.close()
