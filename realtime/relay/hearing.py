"""What the viewers of a session hear: the floor or an interpreter's booth, one after the other on one line of packets.

Who has a section for it gets the floor's sound a second time, on a line of its own, while the first one is a booth's: for mixing the
original low under the interpretation.
"""

import secrets
import time
from collections.abc import Callable, Collection
from functools import partial

from aiortc.rtp import RtcpSrPacket

from realtime.relay.booth import Booth
from realtime.relay.errors import TooManyBooths
from realtime.relay.line import Place
from realtime.relay.offer import OPUS, Codec
from realtime.relay.peer import Peer
from realtime.relay.rtp import Outgoing, Packet
from realtime.relay.srtp import Sender
from realtime.relay.track import Track
from realtime.relay.viewer import Viewer

MAX_BOOTHS = 32
"""Languages one session is interpreted into; past it TooManyBooths."""

Record = Callable[[str, Outgoing, float], None]
"""Called with a booth's language and a packet of it, and when it came."""


class Hearing:
    """Of `viewers`; `ssrc` is that of every sound on the first line, `floor()` the floor's, if it has any.

    A viewer that wants a language hears its booth while that is live, and the floor otherwise. `changed(lang, live)` is called when a
    booth begins or falls silent.
    """

    def __init__(
        self,
        session: str,
        sender: Sender,
        ssrc: int,
        viewers: Collection[Viewer],
        floor: Callable[[], Track | None],
        end: Callable[[Peer], None],
        changed: Callable[[str, bool], None],
        record: Record,
    ) -> None:
        self.booths: dict[str, Booth] = {}
        self._session, self._sender, self._ssrc, self._viewers, self._floor = session, sender, ssrc, viewers, floor
        self._end, self._changed, self._record = end, changed, record
        self._original = Track("audio", OPUS, sender, secrets.randbits(32), "original")
        self._beneath: set[Viewer] = set()
        """Who gets the original."""
        self._resting: dict[Viewer, Place] = {}
        """Where those go on who had it before: a number left out would be a packet lost, and too many the end of its decryption."""

    @property
    def empty(self) -> bool:
        """Whether no interpreter sends or is about to."""
        return all(booth.source.empty for booth in self.booths.values())

    @property
    def original(self) -> tuple[Codec, int]:
        """Codec and SSRC of the second line."""
        return self._original.codec, self._original.ssrc

    def booth(self, lang: str) -> Booth:
        """The booth of a language, opened when first wanted. Raises TooManyBooths."""
        if lang not in self.booths:
            if len(self.booths) >= MAX_BOOTHS:
                raise TooManyBooths(f"session {self._session} is interpreted into {MAX_BOOTHS} languages already")
            changed, record = partial(self._booth_changed, lang), partial(self._record, lang)
            self.booths[lang] = Booth(self._sender, self._ssrc, self._end, changed, record)
        return self.booths[lang]

    def leave(self, peer: Peer) -> None:
        """Take a viewer, or an interpreter, out. Idempotent."""
        for booth in self.booths.values():
            if isinstance(peer, Viewer):
                booth.track.leave(peer)
            else:
                booth.source.leave(peer)
        if isinstance(peer, Viewer):
            self._original.leave(peer)
            self._beneath.discard(peer)
            self._resting.pop(peer, None)

    def note_silence(self, now: float) -> None:
        """Call about once a second."""
        for booth in self.booths.values():
            booth.note_silence(now)

    def choose(self, viewer: Viewer, lang: str | None, beneath: bool | None) -> str | None:
        """Let a viewer hear a language, or the floor; with the floor beneath or without (None: as before).

        Returns what it hears now: None (the floor) while the booth is silent.
        """
        before, viewer.channel = self.heard_by(viewer), lang
        viewer.beneath = viewer.beneath if beneath is None else beneath
        if viewer.connected:
            self._move(viewer, before)
        return lang if lang in self.booths and self.booths[lang].live else None

    def heard_by(self, viewer: Viewer) -> Track | None:
        """What comes on a viewer's first line now."""
        booth = self.booths.get(viewer.channel or "")
        sound = booth.track if booth is not None and booth.live else self._floor()
        return sound if "audio" in viewer.payload_types else None

    def admit(self, viewer: Viewer) -> None:
        """Media may flow to a viewer: the second line of it, if it is to have one."""
        self._arrange(viewer, time.monotonic())

    def forward(self, packet: Packet, source: int, now: float) -> None:
        """A packet of the floor's sound was sent on."""
        if self.booths:
            self._original.forward(packet, source, now)

    def report(self, source: int, report: RtcpSrPacket) -> None:
        """A sender report of the floor's sound."""
        self._original.report(source, report)

    def _move(self, viewer: Viewer, before: Track | None) -> None:
        after, now = self.heard_by(viewer), time.monotonic()
        if before is not None and after is not None and after is not before:
            after.take(viewer, before, now)
        self._arrange(viewer, now)

    def _arrange(self, viewer: Viewer, now: float) -> None:
        """The original is heard beneath another sound, and never twice."""
        wanted = viewer.beneath and "original" in viewer.payload_types and self.heard_by(viewer) is not self._floor()
        if wanted and viewer not in self._beneath:
            self._beneath.add(viewer)
            place = self._resting.pop(viewer, None)
            if place is None:
                self._original.join(viewer)
            else:
                self._original.resume(viewer, place)
        elif not wanted and viewer in self._beneath:
            self._beneath.discard(viewer)
            self._resting[viewer] = self._original.hand_over(viewer, now)

    def _booth_changed(self, lang: str, live: bool) -> None:
        """Its listeners move, to it or back to the floor."""
        before = self._floor() if live else self.booths[lang].track
        for viewer in self._viewers:
            if viewer.channel == lang and viewer.connected:
                self._move(viewer, before)
        self._changed(lang, live)
