"""DTLS for one peer of the shared port: aiortc's transport, given our datagrams instead of an ICE agent of its own.

Only DTLS records pass through here. SRTP and SRTCP go straight from the port to the peer, with the keys this handshake made.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCDtlsTransport,
    SRTPProtectionProfile,
    State,
)
from aiortc.rtcicetransport import RTCIceTransport
from OpenSSL import SSL

from realtime.relay.srtp import Outbound

DTLS_MTU = 1200
"""Bytes of one outgoing DTLS datagram; fits every path that carries WebRTC media."""

MAX_WAITING_RECORDS = 32
"""Handshake datagrams waiting for a peer's task; past it they are dropped, and DTLS sends its flight again."""

# The first one both sides know is taken. AES-GCM costs a third of AES-CM + HMAC-SHA1 per packet, and 256 bits buy nothing here.
_TAGS = {SRTP_AEAD_AES_128_GCM.openssl_profile: 16, SRTP_AES128_CM_SHA1_80.openssl_profile: 10}
"""Bytes of an authentication tag (RFC 7714 section 12, RFC 3711 section 4.2)."""
_PROFILES = [p for p in (SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80) if p in SRTP_PROFILES]


class Certificate(RTCCertificate):
    """The relay's certificate: one for all peers, with one TLS context, for making either costs more than a handshake."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            # Two records of 16 KiB for each peer, that hardly ever sends one after its handshake.
            self._context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return self._context

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as SDP writes it (RFC 8122)."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")


class Records:
    """What RTCDtlsTransport needs of an ICE transport: a role, `_recv` and `_send`."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        # Not an asyncio.Queue: its four deques are 3 KB of every viewer, for what one reader wants for a moment.
        self._waiting: list[bytes] = []
        self._reader: asyncio.Future[None] | None = None
        self._send_datagram = send

    def feed(self, datagram: bytes) -> None:
        """Hand over one non-empty datagram of the DTLS range; dropped when MAX_WAITING_RECORDS wait."""
        if len(self._waiting) < MAX_WAITING_RECORDS:
            self._waiting.append(datagram)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def _recv(self) -> bytes:
        """The next datagram; for one reader at a time."""
        while not self._waiting:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._waiting.pop(0)

    async def _send(self, data: bytes) -> None:
        self._send_datagram(data)


class Dtls(RTCDtlsTransport):
    """One DTLS association, server side (`a=setup:passive`) unless `active`.

    `start(RTCDtlsParameters)` handshakes and checks the fingerprint; `state` is then "connected" or "failed". `ended` is set
    once the association is over, whoever ended it.
    """

    def __init__(self, records: Records, certificate: Certificate, *, active: bool) -> None:
        super().__init__(cast(RTCIceTransport, records), [certificate])
        self.records = records
        self.ended = asyncio.Event()
        self._srtp_profiles = _PROFILES
        self._set_role("client" if active else "server")

    @property
    def outbound(self) -> Outbound:
        """The keys for what we send. Only once connected."""
        profile = cast(SSL.Connection, self._ssl).get_selected_srtp_profile()
        return Outbound.of(self._tx_srtp, _TAGS[profile])

    @property
    def protect_rtcp(self) -> Callable[[bytes], bytes]:
        return cast(Callable[[bytes], bytes], self._tx_srtp.protect_rtcp)

    @property
    def unprotect(self) -> Callable[[bytes], bytes]:
        """SRTP -> RTP; raises pylibsrtp.Error on a forged or replayed packet, ValueError past 1500 bytes."""
        return cast(Callable[[bytes], bytes], self._rx_srtp.unprotect)

    @property
    def unprotect_rtcp(self) -> Callable[[bytes], bytes]:
        return cast(Callable[[bytes], bytes], self._rx_srtp.unprotect_rtcp)

    async def _do_handshake(self) -> None:
        cast(SSL.Connection, self._ssl).set_ciphertext_mtu(DTLS_MTU)
        await super()._do_handshake()

    def _set_state(self, state: State) -> None:
        super()._set_state(state)
        if state in (State.CLOSED, State.FAILED):
            self.ended.set()

    async def _write_ssl(self) -> None:
        # The parent reads at most 1500 bytes and sends them as one datagram, which cuts a larger flight inside a record
        # (a post-quantum key share alone takes 1.1 KB). Records must stay whole.
        flight = b""
        while True:
            try:
                flight += cast(SSL.Connection, self._ssl).bio_read(65536)
            except SSL.Error:
                break
        for datagram in pack_records(flight, DTLS_MTU):
            await self.transport._send(datagram)


def pack_records(flight: bytes, mtu: int) -> list[bytes]:
    """Cut a flight of DTLS records into datagrams of at most `mtu` bytes, never inside a record (a longer record goes alone)."""
    datagrams: list[bytes] = []
    start = position = 0
    while position < len(flight):
        end = position + _record_length(flight, position)
        if end - start > mtu and position > start:
            datagrams.append(flight[start:position])
            start = position
        position = end
    if start < len(flight):
        datagrams.append(flight[start:])
    return datagrams


def _record_length(flight: bytes, at: int) -> int:
    """Bytes of the record at `at`: RFC 6347 section 4.1, or the unified header of RFC 9147 section 4 (001CSLEE)."""
    first = flight[at]
    if first & 0xE0 != 0x20:
        return 13 + int.from_bytes(flight[at + 11 : at + 13], "big")
    header = 2 if first & 0x08 else 1
    if not first & 0x04:
        return len(flight) - at
    return 1 + header + 2 + int.from_bytes(flight[at + 1 + header : at + 3 + header], "big")
