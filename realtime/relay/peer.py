"""One remote WebRTC endpoint behind the shared port: the part that publishers and viewers have in common."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.rtp import AnyRtcpPacket
from pylibsrtp import Error as SrtpError

from realtime.relay import rtcp
from realtime.relay.dtls import Certificate, Dtls, Records
from realtime.relay.ice import IceSession
from realtime.relay.offer import Section
from realtime.relay.tcp import Route

CONSENT = 30.0
"""Seconds without a signed ICE check after which a peer is gone (RFC 7675 section 5.1)."""

HANDSHAKE = 10.0
"""Seconds the DTLS handshake may take once the peer's address is checked."""

Role = Literal["publisher", "viewer"]


class Port(Protocol):
    """Where a peer's datagrams leave: the shared port, or a pull's own."""

    def send(self, datagram: bytes, route: Route | None) -> None:
        """Send without waiting, nowhere without a route; what the kernel does not take is lost."""


class Peer:
    """ICE-lite and DTLS-SRTP state of one peer. Subclasses say what its media means.

    Life: `run()` waits for the first check, handshakes, calls `secured()` and returns when the peer has left; cancelling it
    ends the peer. Everything else is synchronous and called by the port.
    """

    role: ClassVar[Role]
    patience: ClassVar[float] = CONSENT
    """Seconds without a sign of the other side after which it is gone."""
    lang: str | None = None
    """The language an interpreter's is of."""

    def __init__(self, session: str, port: Port, certificate: Certificate, remote: RTCDtlsParameters, *, dtls_active: bool) -> None:
        self.session = session
        self.resource_id = secrets.token_urlsafe(12)
        self.ice = IceSession()
        self.sections: tuple[Section, ...] = ()
        """What the answer accepted, once it was written."""
        self.route: Route | None = None
        self.routes: list[Route] = []
        self.connected = False
        self.ssrc = secrets.randbits(32)
        """Our SSRC as an RTCP sender towards this peer."""
        self._port = port
        self._remote = remote
        self._reached = asyncio.Event()
        self.since = self._heard_at = time.monotonic()
        self._dtls = Dtls(Records(self._send_raw), certificate, active=dtls_active)

    async def run(self) -> None:
        """Serve the peer until it leaves, its handshake fails, or (TimeoutError) it never comes."""
        async with asyncio.timeout(self.patience):
            await self._reached.wait()
        try:
            async with asyncio.timeout(HANDSHAKE):
                await self._dtls.start(self._remote)
            if self._dtls.state != "connected":
                return
            self.connected = True
            self.secured()
            await self._dtls.ended.wait()
        finally:
            self.connected = False
            await self._dtls.stop()

    def checked(self, route: Route, nominated: bool, now: float) -> None:
        """A signed ICE check came by `route`; media goes to the route nominated last, or to the first one seen."""
        self._heard_at = now
        if nominated or self.route is None:
            self.route = route
        self._reached.set()

    def lose(self, route: Route) -> None:
        """One of our routes is no more; media goes to another, or waits for one."""
        self.routes.remove(route)
        if self.route == route:
            self.route = self.routes[-1] if self.routes else None

    def silent_since(self, now: float) -> float:
        """Seconds since the last signed check, or the last answer to one of ours."""
        return now - self._heard_at

    def receive(self, datagram: bytes, now: float) -> None:
        """Take a non-empty datagram by one of our checked routes. Junk is dropped, it never raises."""
        if 20 <= datagram[0] <= 63:
            self._dtls.records.feed(datagram)
        elif self.connected and 128 <= datagram[0] <= 191:
            try:
                if rtcp.is_rtcp(datagram):
                    self.on_rtcp(rtcp.read_compound(self._dtls.unprotect_rtcp(datagram)), now)
                else:
                    self.on_rtp(self._dtls.unprotect(datagram), now)
            except (SrtpError, ValueError):
                # Forged, replayed or too long. One packet less.
                pass

    def send_rtcp(self, message: bytes) -> None:
        """Encrypt and send one compound RTCP message; does nothing before the handshake is done."""
        if self.connected:
            self._send_raw(self._dtls.protect_rtcp(message))

    def secured(self) -> None:
        """Called once, when media can flow both ways."""

    def on_rtp(self, packet: bytes, now: float) -> None:
        """One decrypted RTP packet."""

    def on_rtcp(self, packets: Sequence[AnyRtcpPacket], now: float) -> None:
        """The readable packets of one decrypted compound RTCP message."""

    def _send_raw(self, datagram: bytes) -> None:
        if self.route is not None:
            self._port.send(datagram, self.route)
