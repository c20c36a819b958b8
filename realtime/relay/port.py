"""The one port, over IPv4 and IPv6: every datagram of every peer comes in and goes out here, by UDP or within a TCP connection.

A datagram is believed only when its route has passed an ICE check signed with a password we handed out over HTTPS; all
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
from realtime.relay.tcp import Connection, Connections, Route, remote

if TYPE_CHECKING:
    from realtime.relay.peer import Peer

SLICE = 0.005
"""Seconds of reading before the loop's other work gets its turn; what is left stays in the kernel's buffer."""

MAX_DATAGRAM = 2048

MAX_ROUTES = 8
"""Routes one peer may have checked; past it the oldest is forgotten and must be checked again."""


class MediaPort:
    """Nonblocking UDP sockets on the running loop and, once it does `listen`, TCP connections; and who is behind which route."""

    def __init__(self, host: str, port: int) -> None:
        self.counters = Counters()
        self._by_route: dict[Route, Peer] = {}
        self._by_ufrag: dict[str, Peer] = {}
        self._bound = bind(host, port)
        self._sockets = self._bound.datagrams
        self._connections = Connections(self._deliver, self._lose)
        self.number: int = self._sockets[0].getsockname()[1]
        self._sendto = {len(sock.getsockname()): sock.sendto for sock in self._sockets}
        """By the length of an address, which tells its family."""
        self.sender = Sender(self._sockets, self.counters)
        self._loop = asyncio.get_running_loop()
        for sock in self._sockets:
            self._loop.add_reader(sock, self._read, sock)

    async def listen(self) -> None:
        """Take TCP connections too."""
        await self._connections.listen(self._bound.listeners)

    @property
    def families(self) -> Container[socket.AddressFamily]:
        """In which it can be reached."""
        return {sock.family for sock in self._sockets}

    def close(self) -> None:
        """Stop reading and give the port back. Idempotent."""
        self._connections.close()
        for listener in self._bound.listeners:
            listener.close()
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
        for route in peer.routes:
            if self._by_route.get(route) is peer:
                del self._by_route[route]
                if isinstance(route, Connection):
                    self._connections.release(route)

    def send(self, datagram: bytes, route: Route | None) -> None:
        """Send without waiting (nowhere, if a peer has no route yet); what the kernel does not take is lost and counted."""
        if route is None:
            return
        sent = route.send((datagram,)) if isinstance(route, Connection) else self._send_to(datagram, route)
        self.counters.sent += sent
        self.counters.unsent += 1 - sent

    def _send_to(self, datagram: bytes, address: Address) -> int:
        try:
            self._sendto[len(address)](datagram, address)
        except OSError:
            return 0
        return 1

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

    def _deliver(self, datagram: bytes, route: Route, now: float) -> None:
        self.counters.received += 1
        if not datagram:
            return
        if datagram[0] < 4:
            self._answer_check(datagram, route, now)
            return
        peer = self._by_route.get(route)
        if peer is None:
            self.counters.strangers += 1
        else:
            peer.receive(datagram, now)

    def _answer_check(self, datagram: bytes, route: Route, now: float) -> None:
        check = read_check(datagram)
        peer = self._by_ufrag.get(check.local_ufrag) if check else None
        password = peer.ice.password(check.local_ufrag) if check and peer else ""
        if check is None or peer is None or not check.signed_with(password):
            self.counters.strangers += 1
            return
        self.retire(peer.ice.checked(check.local_ufrag))
        if self._by_route.get(route) is not peer:
            self._believe(route, peer)
        self.send(check.success(remote(route), password), route)
        peer.checked(route, check.nominated, now)

    def _believe(self, route: Route, peer: "Peer") -> None:
        previous = self._by_route.get(route)
        if previous is not None:
            # The address now belongs to whoever can sign from it (a NAT handed it on).
            previous.routes.remove(route)
        self._by_route[route] = peer
        peer.routes.append(route)
        if isinstance(route, Connection):
            self._connections.checked(route)
        if len(peer.routes) > MAX_ROUTES:
            self._lose(next(route for route in peer.routes if route != peer.route))

    def _lose(self, route: Route) -> None:
        """Believe nothing from there any more, and send nothing there."""
        peer = self._by_route.pop(route, None)
        if peer is not None:
            peer.lose(route)
            if isinstance(route, Connection):
                self._connections.release(route)
