"""One language's interpretation of a session: the sound of its booth, on a line of its own beside the floor's."""

from collections.abc import Callable

from aiortc.rtp import RtcpSrPacket

from realtime.relay.offer import OPUS, Kind
from realtime.relay.peer import Peer
from realtime.relay.publisher import Publisher
from realtime.relay.rtp import Outgoing, Packet
from realtime.relay.source import Source, source_of
from realtime.relay.srtp import Sender
from realtime.relay.track import Track

SILENCE = 2.0
"""Seconds without a packet after which listeners get the floor back: a browser that is muted still sends."""


class Booth:
    """An interpreter publishes; a colleague who takes the microphone replaces them with the first packet, and listeners hear no gap.

    Its track has the SSRC of the session's sound, so that viewers move between the floor and a booth within one m-line.
    """

    def __init__(
        self,
        sender: Sender,
        ssrc: int,
        end: Callable[[Peer], None],
        changed: Callable[[bool], None],
        record: Callable[[Outgoing, float], None],
    ) -> None:
        self.track = Track("audio", OPUS, sender, ssrc)
        self.source = Source(end, lambda _: None, changed)
        self._record = record

    @property
    def live(self) -> bool:
        return self.source.live

    def note_silence(self, now: float) -> None:
        """Call about once a second."""
        self.source.note_silence(now, SILENCE)

    # Called by the peers.

    def on_media(self, publisher: Publisher, kind: Kind, packet: Packet, now: float) -> None:
        """One packet of an interpreter's; pictures are not wanted."""
        if kind == "audio" and self.source.accept(publisher, now):
            forwarded = self.track.forward(packet, source_of(publisher, packet.ssrc), now)
            if forwarded is not None:
                self._record(forwarded, now)

    def on_report(self, publisher: Publisher, kind: Kind, report: RtcpSrPacket, ahead: int) -> None:
        """A sender report of an interpreter's, whose clock is `ahead` of the floor's (in 2^-32 s)."""
        if kind == "audio" and publisher is self.source.publisher:
            self.track.report(source_of(publisher, report.ssrc), report, ahead)
