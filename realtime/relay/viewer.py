"""A peer that watches a session."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.rtp import AnyRtcpPacket

from realtime.relay import rtx
from realtime.relay.answer import Chosen
from realtime.relay.dtls import Certificate
from realtime.relay.offer import Codec, Line
from realtime.relay.path import Path
from realtime.relay.peer import Peer, Port, Role
from realtime.relay.rtp import UNMOVED, Outgoing, Shift
from realtime.relay.srtp import Outbound

RETRANSMISSIONS = 300
"""Packets a viewer may be sent again within one second; further requests of that second are ignored."""

FeedbackHandler = Callable[["Viewer", Sequence[AnyRtcpPacket], float], None]


class Viewer(Peer):
    """Gets what the session forwards, under the payload types it offered; the tracks send to it."""

    role: ClassVar[Role] = "viewer"
    keys: Outbound
    """What its packets are encrypted with; there once it is secured."""

    def __init__(
        self,
        session: str,
        port: Port,
        certificate: Certificate,
        remote: RTCDtlsParameters,
        chosen: Mapping[Line, Chosen],
        on_secured: Callable[["Viewer"], None],
        on_feedback: FeedbackHandler,
        *,
        dtls_active: bool,
    ) -> None:
        super().__init__(session, port, certificate, remote, dtls_active=dtls_active)
        self.payload_types: dict[Line, int] = {line: choice.format.payload_type for line, choice in chosen.items()}
        """What its lines are sent under now."""
        pictures = (chosen["video"].format, *chosen["video"].others) if "video" in chosen else ()
        self._pictures = {offered.codec: offered for offered in pictures}
        self.rtx = pictures[0].rtx if pictures else None
        """Its payload type for what is sent again of the picture; None if it takes that in the same stream."""
        self._rtx_sequence = 0
        self.channel: str | None = None
        """The language it wants to hear; None is the floor."""
        self.beneath = True
        """Whether it wants the floor beneath that language, if it has a section for it."""
        self.node = False
        """Whether it is another node, which serves viewers of its own."""
        self.path = Path()
        self.shifts: dict[Line, Shift] = {"audio": UNMOVED, "video": UNMOVED, "original": UNMOVED}
        """Where its line of each track is, from that of the channel or the encoding it gets now."""
        self.entered: tuple[int, float] | None = None
        """The number with which its picture came to be of this encoding, and when."""
        self.layer: str | None = None
        """The encoding it wants to see; None leaves that to its path."""
        self.sees = True
        """Whether it wants a picture at all."""
        self._on_secured = on_secured
        self._on_feedback = on_feedback
        self._again_until = 0.0
        self._again_left = 0

    def turn(self, codec: Codec) -> bool:
        """Get the picture in this codec from now on; False if its answer has no number for it."""
        wanted = self._pictures.get(codec)
        if wanted is not None:
            self.payload_types["video"], self.rtx = wanted.payload_type, wanted.rtx
        return wanted is not None

    def secured(self) -> None:
        self.keys = self._dtls.outbound
        self._on_secured(self)

    def on_rtcp(self, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        self._on_feedback(self, packets, now)

    def may_ask_again(self, now: float) -> bool:
        """Take one packet off this second's retransmissions."""
        if now >= self._again_until:
            self._again_until, self._again_left = now + 1.0, RETRANSMISSIONS
        self._again_left -= 1
        return self._again_left >= 0

    def again(self, packet: Outgoing, payload_type: int) -> bytes:
        """A packet that it lacks, in its stream of retransmissions."""
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        return rtx.wrap(packet, payload_type, self._rtx_sequence)
