"""A peer that watches a session."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.rtp import AnyRtcpPacket
from pylibsrtp import Error as SrtpError

from realtime.relay.answer import Chosen
from realtime.relay.dtls import Certificate
from realtime.relay.offer import Kind
from realtime.relay.peer import Peer, Role
from realtime.relay.port import MediaPort

RETRANSMISSIONS = 300
"""Packets a viewer may be sent again within one second; further requests of that second are ignored."""

FeedbackHandler = Callable[["Viewer", Sequence[AnyRtcpPacket], float], None]


class Viewer(Peer):
    """Sends what the session forwards, under the payload types this viewer offered."""

    role: ClassVar[Role] = "viewer"

    def __init__(
        self,
        session: str,
        port: MediaPort,
        certificate: Certificate,
        remote: RTCDtlsParameters,
        chosen: Mapping[Kind, Chosen],
        on_secured: Callable[["Viewer"], None],
        on_feedback: FeedbackHandler,
        *,
        dtls_active: bool,
    ) -> None:
        super().__init__(session, port, certificate, remote, dtls_active=dtls_active)
        self.payload_types: dict[Kind, int] = {kind: choice.format.payload_type for kind, choice in chosen.items()}
        self.ssrcs: dict[Kind, int | None] = {kind: choice.ssrc for kind, choice in chosen.items()}
        """The tracks promised in the answer; a track with another SSRC needs a new answer."""
        self._on_secured = on_secured
        self._on_feedback = on_feedback
        self._transmit = port.send
        self._again_until = 0.0
        self._again_left = 0

    def secured(self) -> None:
        # The hot path of the whole relay: looked up once here, not once per packet.
        self._protect = self._dtls.protect
        self._on_secured(self)

    def on_rtcp(self, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        self._on_feedback(self, packets, now)

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt one whole RTP packet for this viewer and send it. Only once connected."""
        try:
            self._transmit(self._protect(packet), self.address)
        except (SrtpError, ValueError):
            # Longer than an MTU, or too old for the key stream: only this packet is lost.
            return

    def may_ask_again(self, now: float) -> bool:
        """Take one packet off this second's retransmissions."""
        if now >= self._again_until:
            self._again_until, self._again_left = now + 1.0, RETRANSMISSIONS
        self._again_left -= 1
        return self._again_left >= 0
