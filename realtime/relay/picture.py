"""The picture of a session in all its encodings: a track for each, of one SSRC, and which of them each viewer gets.

A viewer changes with the first packet of a keyframe and goes on in its own numbers, so to its player nothing happens but a change of
size. Those who changed together stay one group; at the worst each viewer is a group of its own, and costs a rewritten header a packet.
"""

import time
from collections.abc import Callable, Sequence

from aiortc.rtp import RtcpSrPacket

from realtime.relay.bandwidth import CEILING
from realtime.relay.encoding import NEVER, Encoding
from realtime.relay.errors import UnknownLayer
from realtime.relay.line import Place
from realtime.relay.offer import Codec
from realtime.relay.replies import Layer
from realtime.relay.rtp import Outgoing, Packet
from realtime.relay.srtp import Sender
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

SILENCE = 1.5
"""Seconds without a packet after which an encoding is not there: browsers stop the large ones when their path is narrow."""

ROOM = 1.25
"""How many times its bitrate a path must carry for a viewer to go up to an encoding; it stays while the path carries it once."""

LASTING = 5
"""Looks for which another encoding must have twice the bitrate before it is the main one in its place."""


class Picture:
    """Stands for the tracks of one codec. `ask(encoding)` requests a keyframe from whoever publishes.

    The main encoding is the one that is recorded.
    """

    _main: Encoding

    def __init__(self, codec: Codec, sender: Sender, ssrc: int, ask: Callable[[str], bool], main_changed: Callable[[], None]) -> None:
        self.codec, self.ssrc = codec, ssrc
        self._sender, self._request, self._main_changed = sender, ask, main_changed
        self._encodings: dict[str, Encoding] = {}
        self._offered: frozenset[str] = frozenset()
        self._lasting = 0
        self._midway = False
        self._coming: dict[Viewer, Encoding] = {}
        """Who waits for a keyframe of which."""
        self._resting: dict[Viewer, Place] = {}
        """Where those go on who want no picture now."""
        self._gone = (0, 0, 0, 0)
        """The counts of encodings that are no more."""

    @property
    def tracks(self) -> list[Track]:
        """All that viewers may be on, the main one first."""
        return [self._main.track, *(encoding.track for encoding in self._encodings.values() if encoding is not self._main)]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Packets, octets, retransmissions and keyframe requests since the beginning."""
        return _summed(self._gone, *(encoding.counts for encoding in self._encodings.values()))

    def layers(self, now: float) -> tuple[Layer, ...]:
        """Those that are there, the largest first."""
        return tuple(Layer(encoding.name or None, encoding.track.bitrate) for encoding in self._there(now))

    def begin(self, names: Sequence[str], now: float, *, midway: bool) -> None:
        """Another publisher, with these encodings; if it has been sending before, each is seen from its next keyframe on."""
        self._offered, self._midway = frozenset(names), midway
        for encoding in self._encodings.values():
            encoding.begin(blind_since=now if midway else None)
        going_on = [encoding for encoding in self._encodings.values() if encoding.name in names]
        if not going_on:
            self._main = self._open(names[0], now)
        elif self._main not in going_on:
            self._main = going_on[0]

    def sees(self, packet: Packet, now: float, *, anew: bool) -> bool:
        """Whether viewers can see this packet of the source's; until then a keyframe is asked for.

        `anew` is whether they were shown something else just now: each encoding then begins with a keyframe.
        """
        encoding = self._encodings.get(packet.layer) or self._open(packet.layer, now)
        self._note(encoding, now)
        if anew:
            for each in self._encodings.values():
                each.blind(now)
        return encoding.sees(packet, now)

    def forward(self, packet: Packet, source: int, now: float) -> Outgoing | None:
        """Send a packet that is seen to those who get its encoding; returns it as rewritten if it is the main one's, and not dropped."""
        encoding = self._encodings[packet.layer]
        outgoing = encoding.track.forward(packet, source, now)
        return outgoing if encoding is self._main else None

    def ask(self) -> None:
        """Request a keyframe for whoever keeps the main encoding."""
        self._main.keyframes.request(time.monotonic())

    def report(self, source: int, report: RtcpSrPacket) -> None:
        for encoding in self._encodings.values():
            encoding.track.report(source, report)

    def measure(self, seconds: float, now: float) -> None:
        """Call every so many seconds."""
        for encoding in list(self._encodings.values()):
            encoding.track.measure(seconds)
            if encoding.name not in self._offered and not encoding.viewers and encoding is not self._main:
                self._drop(encoding)
        self._choose_main(now)
        self._arrange_all(now)

    # Viewers

    def join(self, viewer: Viewer) -> None:
        """Let a viewer see what suits it, at once if there is a keyframe at hand."""
        now = time.monotonic()
        encoding = self._suiting(viewer, self._there(now)) or self._main
        if not viewer.sees:
            self._resting[viewer] = encoding.track.hand_over(viewer, now)
            return
        encoding.viewers.add(viewer)
        if not encoding.track.join(viewer):
            encoding.keyframes.request(now)

    def release(self, viewer: Viewer, now: float) -> Place | None:
        """Send no more to a viewer; returns where it goes on, None if it was not sent to."""
        here = viewer in self._resting or self.seen_by(viewer) is not None
        return self._hand_over(viewer, now) if here else None

    def take(self, viewer: Viewer, place: Place) -> None:
        """Let a viewer of the picture before, in another codec, go on here with our first packet."""
        if viewer.sees:
            self._main.viewers.add(viewer)
            self._main.track.resume(viewer, place)
        else:
            self._resting[viewer] = place

    def leave(self, viewer: Viewer) -> None:
        """Idempotent."""
        self._resting.pop(viewer, None)
        self._coming.pop(viewer, None)
        for encoding in self._encodings.values():
            encoding.viewers.discard(viewer)
            encoding.track.leave(viewer)

    def _arrange_all(self, now: float) -> None:
        """Let everybody go where it suits them by now."""
        if len(self._encodings) == 1 and not self._resting:
            return
        there = self._there(now)
        for viewer in [*(viewer for encoding in self._encodings.values() for viewer in encoding.viewers), *self._resting]:
            self._arrange(viewer, there, now)

    def show(self, viewer: Viewer, layer: str | None, *, sees: bool) -> None:
        """Let a viewer see this encoding as long as there is one of its name, None what suits it; or nothing. Raises UnknownLayer."""
        if layer is not None and layer not in self._encodings:
            raise UnknownLayer(f"the picture has no encoding {layer[:16]}")
        viewer.layer, viewer.sees = layer, sees
        if viewer.connected:
            now = time.monotonic()
            self._arrange(viewer, self._there(now), now)

    def seen_by(self, viewer: Viewer) -> Encoding | None:
        """What a viewer gets now."""
        return next((encoding for encoding in self._encodings.values() if viewer in encoding.viewers), None)

    def close(self) -> None:
        """Send nothing more."""
        for encoding in self._encodings.values():
            encoding.close()

    def stop_asking(self) -> None:
        """Nobody publishes now."""
        for encoding in self._encodings.values():
            encoding.keyframes.stop()

    def _open(self, name: str, now: float) -> Encoding:
        track = Track("video", self.codec, self._sender, self.ssrc)
        encoding = Encoding(name, track, lambda: self._request(name), blind_since=now if self._midway else None)
        self._encodings[name] = encoding
        return encoding

    def _note(self, encoding: Encoding, now: float) -> None:
        encoding.keyframes.seen(now)
        new, encoding.heard_at = encoding.heard_at == NEVER, now
        if new:
            # Whoever sees an encoding that the publisher before had is to come over.
            self._arrange_all(now)

    def _drop(self, encoding: Encoding) -> None:
        self._gone = _summed(self._gone, encoding.counts)
        encoding.close()
        del self._encodings[encoding.name]

    def _there(self, now: float) -> list[Encoding]:
        """What arrives from the publisher now, the largest first."""
        here = [e for e in self._encodings.values() if e.name in self._offered and now - e.heard_at < SILENCE]
        return sorted(here, key=lambda encoding: -encoding.track.bitrate)

    def _choose_main(self, now: float) -> None:
        there, main = self._there(now), self._main
        if not there or there[0] is main:
            self._lasting = 0
            return
        self._lasting += 1
        if main not in there or (self._lasting >= LASTING and there[0].track.bitrate > 2 * main.track.bitrate):
            self._main, self._lasting = there[0], 0
            there[0].keyframes.request(now)
            self._main_changed()

    @staticmethod
    def _suiting(viewer: Viewer, there: Sequence[Encoding]) -> Encoding | None:
        """What a viewer asks for, or the largest its path carries, or the smallest."""
        carries = viewer.path.carries
        asked = [encoding for encoding in there if encoding.name == viewer.layer]
        fitting = [e for e in there if carries == CEILING or e.track.bitrate * (1.0 if viewer in e.viewers else ROOM) <= carries]
        return next(iter([*asked, *fitting, *there[-1:]]), None)

    def _arrange(self, viewer: Viewer, there: Sequence[Encoding], now: float) -> None:
        seen, coming = self.seen_by(viewer), self._coming.pop(viewer, None)
        if coming is not None:
            coming.track.forget(viewer)
        if not viewer.sees:
            if seen is not None:
                self._resting[viewer] = self._hand_over(viewer, now)
            return
        suiting = self._suiting(viewer, there)
        if suiting is None or suiting is seen:
            return
        self._coming[viewer] = suiting
        suiting.track.expect(viewer, lambda now: self._arrive(viewer, suiting, now))
        suiting.keyframes.request(now)

    def _arrive(self, viewer: Viewer, encoding: Encoding, now: float) -> Place:
        """Called with the keyframe it waited for."""
        self._coming.pop(viewer, None)
        place = self._hand_over(viewer, now)
        encoding.viewers.add(viewer)
        return place

    def _hand_over(self, viewer: Viewer, now: float) -> Place:
        seen = self.seen_by(viewer)
        if seen is None:
            return self._resting.pop(viewer)
        seen.viewers.discard(viewer)
        return seen.track.hand_over(viewer, now)


def _summed(*counts: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    packets, octets, retransmitted, requests = (sum(column) for column in zip(*counts, strict=True))
    return packets, octets, retransmitted, requests
