"""Many small sends in one system call: io_uring, spoken to without a library. What it costs to tell a socket is then the kernel's alone.

Sources: io_uring(7), io_uring_enter(2); the numbers are those of include/uapi/linux/io_uring.h, which the kernel keeps for ever.
"""

import ctypes
import errno
import mmap
import os
import socket
import sys
from typing import Self

import numpy as np
from numpy.typing import NDArray

ENTRIES = 512
"""Sends of one system call, at most."""

_SETUP, _ENTER = 425, 426
_OFF_SQ_RING, _OFF_CQ_RING, _OFF_SQES = 0, 0x8000000, 0x10000000
_GETEVENTS = 1
_OP_SEND = 26

_SQE = np.dtype(
    [
        ("opcode", "u1"),
        ("flags", "u1"),
        ("ioprio", "u2"),
        ("fd", "i4"),
        ("off", "u8"),
        ("addr", "u8"),
        ("len", "u4"),
        ("msg_flags", "u4"),
        ("user_data", "u8"),
        ("unused", "u8", (3,)),
    ]
)
_CQE = np.dtype([("user_data", "u8"), ("res", "i4"), ("flags", "u4")])

Ints = NDArray[np.int32]


def _words_of(*names: str) -> list[tuple[str, type]]:
    return [(name, ctypes.c_uint32) for name in names] + [("user_addr", ctypes.c_uint64)]


class _SqOffsets(ctypes.Structure):
    _fields_ = _words_of("head", "tail", "ring_mask", "ring_entries", "flags", "dropped", "array", "resv")


class _CqOffsets(ctypes.Structure):
    _fields_ = _words_of("head", "tail", "ring_mask", "ring_entries", "overflow", "cqes", "flags", "resv")


class _Params(ctypes.Structure):
    """io_uring_params; `setup` are its flags, features and the rest, all zero here."""

    _fields_ = [
        ("sq_entries", ctypes.c_uint32),
        ("cq_entries", ctypes.c_uint32),
        ("setup", ctypes.c_uint32 * 8),
        ("sq_off", _SqOffsets),
        ("cq_off", _CqOffsets),
    ]


class _Queues:
    """What the kernel and we have in common: sends go in at the tail of one queue, results come from the head of the other."""

    def __init__(self, fd: int, params: _Params) -> None:
        sq_off, cq_off = params.sq_off, params.cq_off
        sq = mmap.mmap(fd, sq_off.array + params.sq_entries * 4, offset=_OFF_SQ_RING)
        cq = mmap.mmap(fd, cq_off.cqes + params.cq_entries * _CQE.itemsize, offset=_OFF_CQ_RING)
        self._sq_head, self._sq_tail = _words(sq, sq_off.head), _words(sq, sq_off.tail)
        self._cq_head, self._cq_tail = _words(cq, cq_off.head), _words(cq, cq_off.tail)
        self._sq_array, self._sq_mask = _words(sq, sq_off.array, params.sq_entries), params.sq_entries - 1
        self._cqes, self._cq_mask = np.frombuffer(cq, _CQE, params.cq_entries, cq_off.cqes), params.cq_entries - 1
        self._sqes = np.frombuffer(mmap.mmap(fd, params.sq_entries * _SQE.itemsize, offset=_OFF_SQES), _SQE)
        self._sqes["opcode"] = _OP_SEND
        self._sqes["msg_flags"] = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        self._sqes["user_data"] = np.arange(params.sq_entries)

    def put(self, fds: Ints, addresses: NDArray[np.uint64], sizes: NDArray[np.uint32]) -> None:
        numbers = np.arange(len(fds))
        entries = self._sqes[: len(fds)]
        entries["fd"], entries["addr"], entries["len"] = fds, addresses, sizes
        head = int(self._sq_head[0])
        self._sq_array[(head + numbers) & self._sq_mask] = numbers
        self._sq_tail[0] = (head + len(fds)) & 0xFFFFFFFF

    def take_back(self) -> None:
        """What the kernel has not taken: it looks at the tail only while we are in it."""
        self._sq_tail[0] = self._sq_head[0]

    def done(self) -> NDArray[np.void]:
        """Results that are here, each once."""
        head, tail = int(self._cq_head[0]), int(self._cq_tail[0])
        found: NDArray[np.void] = self._cqes[(head + np.arange((tail - head) & 0xFFFFFFFF)) & self._cq_mask]
        self._cq_head[0] = tail
        return found


class Ring:
    """A queue of sends. `Ring.open()` makes one where the kernel lets it; `close` it.

    Nothing is left under way between two calls: each send is done or refused when `send` returns, so that buffers and descriptors
    need to live no longer than that.
    """

    def __init__(self) -> None:
        """Raises OSError where there is no io_uring, or not for us."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        params = _Params()
        self._fd = self._call(_SETUP, ENTRIES, ctypes.byref(params))
        try:
            self._queues = _Queues(self._fd, params)
        except BaseException:
            os.close(self._fd)
            raise

    @classmethod
    def open(cls) -> Self | None:
        """A ring that was seen to work, or None: an old kernel, another system, or a container that forbids it."""
        if sys.platform != "linux":
            return None
        try:
            ring = cls()
        except OSError:
            return None
        try:
            works = ring._works()
        except OSError:
            works = False
        if not works:
            ring.close()
            return None
        return ring

    def close(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            del self._queues  # what is mapped holds the descriptor too
            os.close(self._fd)
            self._fd = -1

    def send(self, fds: Ints, addresses: NDArray[np.uint64], sizes: NDArray[np.uint32]) -> Ints:
        """Send to each descriptor (at most ENTRIES) what lies at its address, without waiting.

        Returns for each how many bytes went, or the negative errno; -EAGAIN where the kernel has no room.
        """
        results = np.full(len(fds), -errno.EAGAIN, np.int32)
        self._queues.put(fds, addresses, sizes)
        submitted = self._enter(len(fds), 0)
        self._queues.take_back()
        while submitted > 0:
            done = self._queues.done()
            if not len(done):
                self._enter(0, submitted)  # what must not wait is done by the time it is taken; but what if not
            results[done["user_data"]] = done["res"]
            submitted -= len(done)
        return results

    def _enter(self, submit: int, wait: int) -> int:
        try:
            return self._call(_ENTER, self._fd, submit, wait, _GETEVENTS if wait else 0, None, 0)
        except (InterruptedError, BlockingIOError):
            return 0

    def _call(self, number: int, *args: object) -> int:
        result = self._libc.syscall(number, *args)
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return int(result)

    def _works(self) -> bool:
        """Whether bytes arrive, and a full socket is refused at once."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            text = np.frombuffer(b"is there room?" * 1000, np.uint8)
            fds, at = np.array([ours.fileno()], np.int32), np.array([text.ctypes.data], np.uint64)
            size = np.array([len(text)], np.uint32)
            for _ in range(1000):
                sent = int(self.send(fds, at, size)[0])
                if sent < len(text):
                    break
            return sent == -errno.EAGAIN and theirs.recv(14) == b"is there room?"


def _words(memory: mmap.mmap, offset: int, count: int = 1) -> NDArray[np.uint32]:
    return np.frombuffer(memory, np.uint32, count, offset)
