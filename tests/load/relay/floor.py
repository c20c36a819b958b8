"""What no relay can go below: the same packets to as many sockets, prepared beforehand, unencrypted, a picture to all in one system call.

`python -m tests.load.relay.floor` is the sender: a process of its own, as the servers are.
"""

import asyncio
import contextlib
import ctypes
import json
import socket
import struct
import sys
import time

from realtime.relay.sending import SOL_UDP, UDP_SEGMENT
from tests.load.relay.load import PICTURE, RATE, SIZE, Forwarding, Plan, arrival, cpu_of

PACKET = 12 + SIZE + 16
"""Bytes: RTP header, payload, and the tag of AES-GCM."""


class Vector(ctypes.Structure):
    """struct iovec of <sys/uio.h>."""

    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class Message(ctypes.Structure):
    """struct mmsghdr of <sys/socket.h>, with its msghdr written out (64-bit Linux)."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_char_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("sent", ctypes.c_uint),
    ]


def send(address: str, ports: list[int], pictures: int) -> None:
    """Send pictures at the camera's pace."""
    call = ctypes.CDLL(None, use_errno=True).sendmmsg
    # struct cmsghdr: its length with two bytes of data, which stand for the bytes of one packet.
    control = struct.pack("=QiiH6x", 18, SOL_UDP, UDP_SEGMENT, PACKET)
    vector = ctypes.pointer(Vector(bytes(PICTURE * PACKET), PICTURE * PACKET))
    names = [struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(address)) for port in ports]
    messages = (Message * len(ports))(*(Message(name, len(name), vector, 1, control, len(control), 0, 0, 0) for name in names))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        start = time.monotonic()
        for number in range(1, pictures + 1):
            if call(sock.fileno(), messages, len(ports), 0) != len(ports):
                raise OSError(ctypes.get_errno(), "sendmmsg")
            time.sleep(max(0.0, start + number * PICTURE / RATE - time.monotonic()))


class Sink:
    """As many sockets as viewers, read as theirs are."""

    def __init__(self, address: str, count: int) -> None:
        self.received = 0
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        for sock in self.sockets:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sock.bind((address, 0))
            asyncio.get_running_loop().add_reader(sock, self._read, sock)

    def _read(self, sock: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.recv(2048)
                self.received += 1

    def close(self) -> None:
        for sock in self.sockets:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()


async def measure(address: str, plan: Plan) -> list[Forwarding]:
    return [await _step(address, viewers, plan.pictures(viewers)) for viewers in plan.viewers]


async def _step(address: str, viewers: int, pictures: int) -> Forwarding:
    with contextlib.closing(Sink(address, viewers)) as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.load.relay.floor", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdin
        assert process.stdout
        await process.stdout.readline()
        before = cpu_of(process.pid)
        process.stdin.write(json.dumps([address, [sock.getsockname()[1] for sock in sink.sockets], pictures]).encode() + b"\n")
        assert await process.stdout.readline() == b"sent\n"
        cpu = cpu_of(process.pid) - before
        process.stdin.close()
        await process.wait()
        sent = pictures * PICTURE * viewers
        await arrival(lambda: sink.received, sent)
        return Forwarding(viewers, cpu, sink.received, sent)


if __name__ == "__main__":
    print("ready", flush=True)
    send(*json.loads(sys.stdin.readline()))
    print("sent", flush=True)
    sys.stdin.read()
