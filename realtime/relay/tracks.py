"""The tracks of a session's floor: its sound and its picture, each of one SSRC for as long as the session is, whoever publishes."""

import secrets
import time
from collections.abc import Callable, Collection, Mapping

from realtime.relay.encoding import Encoding
from realtime.relay.errors import UnknownLayer
from realtime.relay.offer import Codec, Kind
from realtime.relay.peer import Peer
from realtime.relay.picture import Picture
from realtime.relay.publisher import Publisher
from realtime.relay.replies import Layer, View
from realtime.relay.rtp import Packet
from realtime.relay.srtp import Sender
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer


class Tracks:
    """Opened by the first publisher that has something of their kind. Of `viewers`; ending one is left to `end`.

    A publisher with another codec lets the picture go on in that: for who has a number for it, in the same stream and from its next
    keyframe on; everybody else must ask for a new answer. `ask(encoding)` requests a keyframe, `main_changed()` is the picture's.
    """

    def __init__(
        self,
        sender: Sender,
        viewers: Collection[Viewer],
        end: Callable[[Peer], None],
        ask: Callable[[str], bool],
        main_changed: Callable[[], None],
    ) -> None:
        self.by_kind: dict[Kind, Track | Picture] = {}
        self.ssrcs: Mapping[Kind, int] = {"audio": secrets.randbits(32), "video": secrets.randbits(32)}
        self._sender, self._viewers, self._end, self._ask, self._main_changed = sender, viewers, end, ask, main_changed

    @property
    def codecs(self) -> dict[Kind, Codec]:
        return {kind: track.codec for kind, track in self.by_kind.items()}

    @property
    def lines(self) -> dict[Kind, tuple[Codec, int]]:
        """Codec and SSRC of each."""
        return {kind: (track.codec, track.ssrc) for kind, track in self.by_kind.items()}

    @property
    def sound(self) -> Track | None:
        track = self.by_kind.get("audio")
        return track if isinstance(track, Track) else None

    @property
    def picture(self) -> Picture | None:
        picture = self.by_kind.get("video")
        return picture if isinstance(picture, Picture) else None

    def begin(self, publisher: Publisher, *, midway: bool) -> None:
        """Another publisher takes the floor; if it has been sending before (`midway`), it is seen from its next keyframe on."""
        now, before = time.monotonic(), self.picture
        if "audio" in publisher.codecs and self.sound is None:
            self.by_kind["audio"] = Track("audio", publisher.codecs["audio"], self._sender, self.ssrcs["audio"])
        codec = publisher.codecs.get("video")
        if codec is None or (before is not None and before.codec == codec):
            if before is not None:
                before.begin(publisher.names.all, now, midway=midway)
            return
        picture = self.by_kind["video"] = Picture(codec, self._sender, self.ssrcs["video"], self._ask, self._main_changed)
        picture.begin(publisher.names.all, now, midway=midway or before is not None)
        if before is not None:
            self._turn(before, picture, now)

    def ask(self) -> None:
        """Request a keyframe for whoever keeps the picture."""
        if self.picture is not None:
            self.picture.ask()

    def sees(self, packet: Packet, now: float, *, anew: bool) -> bool:
        """Whether viewers can see a packet of the picture's; `anew` is whether they were shown something else just now."""
        picture = self.picture
        return picture is not None and picture.sees(packet, now, anew=anew)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The encodings of the picture."""
        return self.picture.layers(time.monotonic()) if self.picture is not None else ()

    def show(self, viewer: Viewer, layer: str | None, *, sees: bool) -> View:
        """Let a viewer see an encoding of the picture, whatever suits its path, or nothing. Raises UnknownLayer."""
        if self.picture is None or "video" not in viewer.payload_types:
            raise UnknownLayer("there is no picture")
        self.picture.show(viewer, layer, sees=sees)
        return self.view(viewer)

    def view(self, viewer: Viewer) -> View:
        """What a viewer wants to see, and gets."""
        seen = self.seen_by(viewer)
        return View(viewer.layer, viewer.sees, (seen.name or None) if seen is not None else None)

    def seen_by(self, viewer: Viewer) -> Encoding | None:
        """The encoding of the picture that a viewer gets now."""
        return self.picture.seen_by(viewer) if self.picture is not None else None

    def leave(self, viewer: Viewer) -> None:
        """Stop sending to this viewer. Idempotent."""
        for track in self.by_kind.values():
            track.leave(viewer)

    def _turn(self, before: Picture, after: Picture, now: float) -> None:
        for viewer in [viewer for viewer in self._viewers if "video" in viewer.payload_types]:
            place = before.release(viewer, now)
            if not viewer.turn(after.codec):
                self._end(viewer)
            elif place is not None:
                after.take(viewer, place)
        before.close()
