"""A burst to one viewer: encrypted in place by libsrtp and handed to the kernel, without an allocation or a copy per packet.

pylibsrtp's own `Session.protect` allocates twice and copies twice for each packet, which costs more than AES-GCM does. So this calls
the binding it wraps; that is not public, and a test holds it to what is used here.
"""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from realtime.relay.burst import MAX_BYTES, MAX_PACKET, lay_out
from realtime.relay.sending import Counters, Parcel, best
from realtime.relay.tcp import Connection, Route

TRAILER = 144
"""Bytes libsrtp may write behind the last packet (SRTP_MAX_TAG_LEN + SRTP_MAX_MKI_LEN)."""

_protect, _move = lib.srtp_protect, ffi.memmove


@dataclass(frozen=True, slots=True)
class Burst:
    """Packets ready for every viewer whose tags are of one length; only to be used with the Sender that made it."""

    template: bytes
    slots: Sequence[tuple[Any, int]]
    """Where in the Sender's buffer each packet begins, and its length."""
    parcels: Sequence[Parcel]


@dataclass(frozen=True, slots=True)
class Outbound:
    """One viewer's keys. `tag` is in bytes: 16 for AES-GCM, 10 for AES-CM with HMAC-SHA1-80."""

    session: Session
    context: Any
    tag: int

    @classmethod
    def of(cls, session: Session, tag: int) -> "Outbound":
        return cls(session, session._srtp[0], tag)


class Sender:
    """Encrypts and sends on a socket of each family; not to be shared between threads, for there is one buffer."""

    def __init__(self, sockets: Iterable[socket.socket], counters: Counters) -> None:
        self._counters = counters
        self._ways = {len(sock.getsockname()): best(sock) for sock in sockets}
        """By the length of an address, which tells its family."""
        self._buffer = ffi.new("unsigned char[]", MAX_BYTES + TRAILER)
        self._view = memoryview(ffi.buffer(self._buffer))
        self._length = ffi.new("int *")

    def burst(self, packets: Sequence[bytes], tag: int) -> Burst:
        """Lay out whole RTP packets (at most burst.MAX_PACKETS); those longer than MAX_PACKET are left out."""
        layout = lay_out([packet for packet in packets if len(packet) + tag <= MAX_PACKET], tag)
        slots = [(self._buffer + offset, length) for offset, length in layout.slots]
        return Burst(layout.template, slots, [Parcel.of(self._view[run.start : run.end], run.segment) for run in layout.runs])

    def send(self, burst: Burst, keys: Outbound, route: Route | None) -> None:
        """Encrypt a burst with a viewer's keys and send it (nowhere, if the viewer has no route yet). Never waits long, never raises."""
        if route is None:
            return
        context, length = keys.context, self._length
        _move(self._buffer, burst.template, len(burst.template))
        for pointer, size in burst.slots:
            length[0] = size
            if _protect(context, pointer, length):
                return  # older than the key stream goes back: a retransmission too late to be of use
        for parcel in burst.parcels:
            sent = route.send(parcel.pieces()) if isinstance(route, Connection) else self._ways[len(route)](parcel, route)
            self._counters.sent += sent
            self._counters.unsent += parcel.count - sent
