"""One run of packets to one address, in as few system calls as this machine has: segmentation offload, sendmmsg, or a send each.

What the kernel has no room for is waited for a moment and then lost, as on any network: viewers ask for it again.
"""

import ctypes
import errno
import select
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from realtime.relay.ice import Address

SOL_UDP = 17
UDP_SEGMENT = 103
"""linux/udp.h; Python's socket module does not name it."""

PATIENCE = 2
"""Milliseconds to wait for room in the kernel's buffer. A burst to a full hall outruns the network card for a while."""

Control = Sequence[tuple[int, int, bytes]]


@dataclass(slots=True)
class Counters:
    """Datagrams since the port opened."""

    received: int = 0
    sent: int = 0
    strangers: int = 0
    """Dropped: not a signed check, and from an address that has not passed one."""
    unsent: int = 0
    """Dropped because the kernel would not take them (full buffer, no route)."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One send: `view` holds `count` packets of `segment` bytes one behind the other, the last maybe shorter."""

    view: memoryview
    segment: int
    count: int
    control: Control

    @classmethod
    def of(cls, view: memoryview, segment: int) -> "Parcel":
        count = -(-len(view) // segment)
        control = [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", segment))] if count > 1 else []
        return cls(view, segment, count, control)

    def pieces(self) -> list[memoryview]:
        return [self.view[at : at + self.segment] for at in range(0, len(self.view), self.segment)]


Send = Callable[[Parcel, Address], int]
"""Sends a parcel and returns how many of its packets the kernel took. Never raises."""


def best(sock: socket.socket) -> Send:
    """The cheapest way that works here, tried on the loopback interface."""
    for way in (Segmented, Many):
        if way.works():
            return way(sock).send
    return Single(sock).send


class Single:
    """A system call for each packet: works everywhere."""

    def __init__(self, sock: socket.socket) -> None:
        self._sendto, self._room = sock.sendto, Room(sock)

    def send(self, parcel: Parcel, address: Address) -> int:
        sent = 0
        for piece in parcel.pieces():
            sent += self._room.tried(lambda piece=piece: self._sendto(piece, address))  # type: ignore[misc]
        return sent


class Segmented:
    """UDP segmentation offload (Linux 4.18): the kernel cuts one send into packets, or leaves that to the network card."""

    def __init__(self, sock: socket.socket) -> None:
        self._sendmsg, self._room = sock.sendmsg, Room(sock)
        self._other = (Many if Many.works() else Single)(sock).send
        self._offload = True

    def send(self, parcel: Parcel, address: Address) -> int:
        if parcel.count == 1 or self._offload:
            try:
                self._sendmsg((parcel.view,), parcel.control, 0, address)
            except BlockingIOError:
                return parcel.count if self._room.tried(lambda: self._sendmsg((parcel.view,), parcel.control, 0, address)) else 0
            except OSError as error:
                # EIO: this card computes no checksums, so it will never take a segmented send. EINVAL, EMSGSIZE: one packet is
                # longer than this path carries, which only a send that may be fragmented gets across.
                self._offload &= error.errno != errno.EIO
                return self._other(parcel, address) if error.errno in (errno.EIO, errno.EINVAL, errno.EMSGSIZE) else 0
            return parcel.count
        return self._other(parcel, address)

    @staticmethod
    def works() -> bool:
        return sys.platform == "linux" and _arrives(lambda sock, address: Segmented._try(sock, address))

    @staticmethod
    def _try(sock: socket.socket, address: Address) -> None:
        sock.sendmsg((b"abc",), [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", 2))], 0, address)


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    """struct mmsghdr of <sys/socket.h>, with its msghdr written out (64-bit Linux, glibc and musl alike)."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.POINTER(_Iovec)),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("sent", ctypes.c_uint),
    ]


class Many:
    """sendmmsg (Linux 3.0): many packets in one system call."""

    def __init__(self, sock: socket.socket) -> None:
        self._call = _sendmmsg()
        self._socket, self._room = sock, Room(sock)
        self._vectors = (_Iovec * SLOTS)()
        self._messages = (_Message * SLOTS)()
        for vector, message in zip(self._vectors, self._messages, strict=True):
            message.iov, message.iov_count = ctypes.pointer(vector), 1

    def send(self, parcel: Parcel, address: Address) -> int:
        name = _sockaddr(address)
        base = ctypes.addressof(ctypes.c_char.from_buffer(parcel.view))
        pieces = parcel.pieces()
        for at, piece in enumerate(pieces):
            self._vectors[at].base, self._vectors[at].length = base + at * parcel.segment, len(piece)
            self._messages[at].name, self._messages[at].name_length = ctypes.addressof(name), len(name)
        sent = 0
        while sent < len(pieces):
            took = self._call(self._socket.fileno(), ctypes.byref(self._messages[sent]), len(pieces) - sent, 0)
            if took > 0:
                sent += took
            elif ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR) or not self._room.wait():
                break
        return sent

    @staticmethod
    def works() -> bool:
        if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8:
            return False
        try:
            _sendmmsg()
        except (OSError, AttributeError):
            return False
        return _arrives(lambda sock, address: Many(sock).send(Parcel.of(memoryview(bytearray(b"abc")), 2), address))


SLOTS = 64
"""Packets of one call of sendmmsg; no burst has more."""


class Room:
    """Room in the kernel's buffer, waited for PATIENCE at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._poll = select.poll()
        self._poll.register(sock, select.POLLOUT)

    def wait(self) -> bool:
        """Whether there is room now, after a moment at the most."""
        return bool(self._poll.poll(PATIENCE))

    def tried(self, send: Callable[[], object]) -> bool:
        """Send, if need be once more when there is room; whether the kernel took it."""
        for last in (False, True):
            try:
                send()
            except BlockingIOError:
                if last or not self.wait():
                    return False
            except OSError:
                return False
            else:
                return True
        return False


def _sendmmsg() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).sendmmsg
    call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    return call


def _sockaddr(address: Address) -> "ctypes.Array[ctypes.c_char]":
    """sockaddr_in or sockaddr_in6 of Linux."""
    if len(address) == 2:
        raw = struct.pack("=H", socket.AF_INET) + struct.pack("!H", address[1]) + socket.inet_aton(address[0]) + bytes(8)
    else:
        host, port, flow, scope = address
        raw = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, flow)
        raw += socket.inet_pton(socket.AF_INET6, host.partition("%")[0]) + struct.pack("=I", scope)
    return (ctypes.c_char * len(raw)).from_buffer_copy(raw)


def _arrives(send: Callable[[socket.socket, Address], object]) -> bool:
    """Whether what `send` sends, `abc` in packets of two bytes, comes out as it should."""
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ours,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as theirs,
    ):
        try:
            theirs.bind(("127.0.0.1", 0))
            theirs.settimeout(0.2)
            send(ours, theirs.getsockname())
            return [theirs.recv(16), theirs.recv(16)] == [b"ab", b"c"]
        except OSError:
            return False
