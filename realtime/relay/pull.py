"""What a session of another node is pulled by: a WHEP viewer there, whose media is published here.

Of ICE this is the controlling side, towards the few candidates that another node of ours named over HTTP. Each pull has a UDP
socket of its own: two of them to one node would share both addresses, and nothing else tells who a datagram is for.
"""

import asyncio
import ipaddress
import re
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

from aiortc.rtp import RtcpSrPacket

from realtime.relay.answer import ICE_OPTIONS, Chosen, choose_for_publisher, codec_lines, payload_types
from realtime.relay.binding import bind_datagrams, family_of
from realtime.relay.counteroffer import FORMATS
from realtime.relay.dtls import Certificate
from realtime.relay.errors import BadOffer
from realtime.relay.ice import Address, Credentials
from realtime.relay.offer import CODECS, Kind, Offer, read_offer
from realtime.relay.port import MAX_DATAGRAM, SLICE
from realtime.relay.publisher import MediaHandler, Publisher, ReportHandler
from realtime.relay.stun import read_success, write_check
from realtime.relay.tcp import Route

MAX_CANDIDATES = 8
"""Addresses of the other node that are tried; more in its answer are ignored."""

FIRST_CHECKS, CHECKS = 0.1, 1.0
"""Seconds between two checks until one is answered, and from then on."""

_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d{1,5}) typ host", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PullOffer:
    """An offer for another node, and what must be known again when its answer comes."""

    sdp: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class PullAnswer:
    """What the other node answered: what it sends, and where it is."""

    offer: Offer
    chosen: Mapping[Kind, Chosen]
    addresses: tuple[Address, ...]


def write_pull(kinds: tuple[Kind, ...], fingerprint: str) -> PullOffer:
    """Ask for these kinds, in every codec the relay forwards. No candidates: an ICE-lite node sends no checks."""
    ours = Credentials.generate()
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=ice-options:{ICE_OPTIONS}",
        f"a=group:BUNDLE {' '.join(kinds)}",
    ]
    for kind in kinds:
        formats = [FORMATS[codec] for codec in CODECS[kind]]
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(payload_types(offered) for offered in formats)}", "c=IN IP4 0.0.0.0"]
        lines += [f"a=mid:{kind}", "a=recvonly", "a=rtcp-mux", "a=rtcp-rsize"]
        for offered in formats:
            lines += codec_lines(kind, offered, sends=True)
        lines += [f"a=ice-ufrag:{ours.ufrag}", f"a=ice-pwd:{ours.password}", f"a=fingerprint:sha-256 {fingerprint}", "a=setup:active"]
    return PullOffer("\r\n".join(lines) + "\r\n", ours)


def read_pulled(answer: str, families: Container[socket.AddressFamily]) -> PullAnswer:
    """With its addresses of these families. Raises BadOffer and UnacceptableOffer."""
    offer = read_offer(answer, "sends")
    found: list[Address] = []
    for host, port in _CANDIDATE.findall(answer):
        with suppress(ValueError):
            address = str(ipaddress.ip_address(host))
            if family_of(address) in families and 0 < int(port) < 65536:
                found.append((address, int(port)))
    addresses = tuple(dict.fromkeys(found))[:MAX_CANDIDATES]
    if not addresses:
        raise BadOffer("the answer names no address that can be reached from here")
    return PullAnswer(offer, choose_for_publisher(offer, {}), addresses)


class PullPort:
    """A UDP socket of each family for one pull. It hears only the addresses it was made for, and is there while it is open."""

    def __init__(self, host: str, addresses: tuple[Address, ...], receive: Callable[[bytes, Address, float], None]) -> None:
        self._host, self._receive = host, receive
        self._known = frozenset(addresses)
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Raises OSError where no socket can be had."""
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            for opened in map(stack.enter_context, bind_datagrams(self._host)):
                loop.add_reader(opened, self._read, opened)
                stack.callback(loop.remove_reader, opened)
                self._sockets[opened.family] = opened
            stack.callback(self._sockets.clear)
            yield

    def send(self, datagram: bytes, route: Route | None) -> None:
        opened = self._sockets.get(family_of(route[0])) if isinstance(route, tuple) else None
        if opened is not None and isinstance(route, tuple):
            with suppress(OSError):
                opened.sendto(datagram, route)

    def _read(self, opened: socket.socket) -> None:
        now = time.monotonic()
        end = now + SLICE
        # Where nobody listens the kernel says so in place of a datagram; the checks go on.
        with suppress(OSError):
            while now < end:
                datagram, address = opened.recvfrom(MAX_DATAGRAM)
                now = time.monotonic()
                if datagram and address[:2] in self._known:
                    self._receive(datagram, address, now)


class Puller(Publisher):
    """Publishes here what a session (or, with `lang`, an interpreter of it) sends at another node.

    Keyframes and lost packets are asked for there, as of any publisher; a publisher that follows another there is not noticed.
    """

    original = False
    patience: ClassVar[float] = 5.0

    def __init__(
        self,
        session: str,
        host: str,
        certificate: Certificate,
        credentials: Credentials,
        answer: PullAnswer,
        on_media: MediaHandler,
        on_report: ReportHandler,
        *,
        lang: str | None,
    ) -> None:
        self._line = PullPort(host, answer.addresses, self._take)
        remote, offer = answer.offer.ice, answer.offer
        super().__init__(
            session, self._line, certificate, offer.dtls, answer.chosen, on_media, on_report, lang=lang, dtls_active=offer.passive
        )
        self._targets = answer.addresses
        self._username, self._password = f"{remote.ufrag}:{credentials.ufrag}", remote.password
        self._tie_breaker = secrets.randbits(64)
        self._asked: deque[bytes] = deque(maxlen=8)

    async def run(self) -> None:
        """As every peer's; asks for the other side's consent all the while (RFC 7675)."""
        with self._line.opened():
            checking = asyncio.create_task(self._keep_checking(), name=f"checks of the pull of {self.session}")
            try:
                await super().run()
            finally:
                checking.cancel()

    async def _keep_checking(self) -> None:
        while True:
            transaction = secrets.token_bytes(12)
            self._asked.append(transaction)
            check = write_check(transaction, self._username, self._password, self._tie_breaker)
            for address in self._targets:
                self._line.send(check, address)
            await asyncio.sleep(FIRST_CHECKS if self.route is None else CHECKS)

    def _take(self, datagram: bytes, address: Address, now: float) -> None:
        if datagram[0] >= 4:
            if address == self.route:
                self.receive(datagram, now)
        elif read_success(datagram, self._password) in self._asked:
            self._targets = (address,)
            self.checked(address, True, now)

    def _note_clock(self, report: RtcpSrPacket) -> None:
        """Nothing: the other node tells the floor and its booths by one clock already."""
