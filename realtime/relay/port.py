"""The one UDP port, over IPv4 and IPv6: every datagram of every peer comes in and goes out here.

A datagram is believed only when its address has passed an ICE check signed with a password we handed out over HTTPS; all
others are dropped unanswered. RFC 7983 tells what a datagram is by its first byte.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from realtime.relay.binding import bind
from realtime.relay.ice import Address
from realtime.relay.sending import Counters
from realtime.relay.srtp import Sender
from realtime.relay.stun import read_check

if TYPE_CHECKING:
    from realtime.relay.peer import Peer

SLICE = 0.005
"""Seconds of reading before the loop's other work gets its turn; what is left stays in the kernel's buffer."""

MAX_DATAGRAM = 2048

MAX_ADDRESSES = 8
"""Addresses one peer may have checked; past it the oldest is forgotten and must be checked again."""


class MediaPort:
    """Nonblocking UDP sockets on the running loop, and who is behind which address."""

    def __init__(self, host: str, port: int) -> None:
        self.counters = Counters()
        self._by_address: dict[Address, Peer] = {}
        self._by_ufrag: dict[str, Peer] = {}
        self._sockets = bind(host, port)
        self.number: int = self._sockets[0].getsockname()[1]
        self._sendto = {len(sock.getsockname()): sock.sendto for sock in self._sockets}
        """By the length of an address, which tells its family."""
        self.sender = Sender(self._sockets, self.counters)
        self._loop = asyncio.get_running_loop()
        for sock in self._sockets:
            self._loop.add_reader(sock, self._read, sock)

    @property
    def families(self) -> Container[socket.AddressFamily]:
        """In which it can be reached."""
        return {sock.family for sock in self._sockets}

    def close(self) -> None:
        """Stop reading and give the port back. Idempotent."""
        for sock in self._sockets:
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock)
                sock.close()

    def register(self, peer: "Peer") -> None:
        """Answer ICE checks in this peer's name from now on."""
        self._by_ufrag[peer.ice.local.ufrag] = peer

    def retire(self, ufrags: Iterable[str]) -> None:
        """Answer no more checks of ICE sessions that are over."""
        for ufrag in ufrags:
            self._by_ufrag.pop(ufrag, None)

    def forget(self, peer: "Peer") -> None:
        """Believe nothing from this peer any more. Idempotent."""
        self.retire(peer.ice.ufrags)
        for address in peer.addresses:
            if self._by_address.get(address) is peer:
                del self._by_address[address]

    def send(self, datagram: bytes, address: Address | None) -> None:
        """Send without waiting (nowhere, if a peer has no address yet); what the kernel does not take is lost and counted."""
        if address is None:
            return
        try:
            self._sendto[len(address)](datagram, address)
            self.counters.sent += 1
        except OSError:
            self.counters.unsent += 1

    def _read(self, sock: socket.socket) -> None:
        # Not the loop's clock: uvloop stops it for the length of a callback.
        now = time.monotonic()
        end = now + SLICE
        receive, deliver = sock.recvfrom, self._deliver
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while now < end:
                datagram, address = receive(MAX_DATAGRAM)
                deliver(datagram, address, now)
                now = time.monotonic()

    def _deliver(self, datagram: bytes, address: Address, now: float) -> None:
        self.counters.received += 1
        if not datagram:
            return
        if datagram[0] < 4:
            self._answer_check(datagram, address, now)
            return
        peer = self._by_address.get(address)
        if peer is None:
            self.counters.strangers += 1
        else:
            peer.receive(datagram, now)

    def _answer_check(self, datagram: bytes, address: Address, now: float) -> None:
        check = read_check(datagram)
        peer = self._by_ufrag.get(check.local_ufrag) if check else None
        password = peer.ice.password(check.local_ufrag) if check and peer else ""
        if check is None or peer is None or not check.signed_with(password):
            self.counters.strangers += 1
            return
        self.retire(peer.ice.checked(check.local_ufrag))
        if self._by_address.get(address) is not peer:
            self._believe(address, peer)
        self.send(check.success(address, password), address)
        peer.checked(address, check.nominated, now)

    def _believe(self, address: Address, peer: "Peer") -> None:
        previous = self._by_address.get(address)
        if previous is not None:
            # The address now belongs to whoever can sign from it (a NAT handed it on).
            previous.addresses.remove(address)
        self._by_address[address] = peer
        peer.addresses.append(address)
        if len(peer.addresses) > MAX_ADDRESSES:
            oldest = next(a for a in peer.addresses if a != peer.address)
            peer.addresses.remove(oldest)
            del self._by_address[oldest]
