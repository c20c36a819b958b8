"""io_uring as it is used here: many sends in one call, each done or refused when the call returns."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from realtime import ring as rings
from realtime.followers import Followers
from realtime.ring import ENTRIES, Ints, Ring
from realtime.volley import Volley
from tests.realtime.paper import Paper


@pytest.fixture
def ring() -> Iterator[Ring]:
    found = Ring.open()
    if found is None:
        pytest.skip("no io_uring here (a container that forbids it): the hub writes to each socket by itself")
    yield found
    found.close()


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    made = [socket.socketpair() for _ in range(3)]
    for ours, _ in made:
        ours.setblocking(False)
    yield made
    for pair in made:
        for end in pair:
            end.close()


def send(ring: Ring, ends: list[socket.socket], blob: bytes) -> Ints:
    data = np.frombuffer(blob, np.uint8)
    fds = np.array([end.fileno() for end in ends], np.int32)
    return ring.send(fds, np.full(len(ends), data.ctypes.data, np.uint64), np.full(len(ends), len(blob), np.uint32))


def test_each_descriptor_gets_the_bytes_as_often_as_they_are_sent(ring: Ring, pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    ours = [pair[0] for pair in pairs]
    for number in range(2 * ENTRIES):  # past the end of both queues
        text = b"number %d" % number
        assert list(send(ring, ours, text)) == [len(text)] * 3
        assert {theirs.recv(100) for _, theirs in pairs} == {text}


def test_who_has_no_room_is_refused_at_once_and_who_is_gone_too(ring: Ring, pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    full, gone, well = pairs
    with contextlib.suppress(BlockingIOError):
        while full[0].send(bytes(1000)):
            ...
    gone[1].close()
    assert list(send(ring, [full[0], gone[0], well[0]], b"hello")) == [-errno.EAGAIN, -errno.EPIPE, 5]
    assert well[1].recv(100) == b"hello"


def test_where_the_kernel_has_no_io_uring_there_is_no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "_SETUP", 100_000)
    assert Ring.open() is None


def test_a_ring_leaves_no_descriptor_behind(ring: Ring) -> None:
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        another = Ring.open()
        assert another is not None
        another.close()
        another.close()
    assert os.listdir("/proc/self/fd") == before


def test_a_volley_sends_what_is_owed_once_and_nothing_that_was_taken_back(
    ring: Ring, pairs: list[tuple[socket.socket, socket.socket]]
) -> None:
    volley = Volley(ring)
    fds = np.array([ours.fileno() for ours, _ in pairs], np.int32)
    volley.owe(fds[:2], 0)
    volley.owe(fds, 1)
    assert volley.take(int(fds[0])) == 0b11
    assert volley.take(int(fds[0])) == volley.take(-1) == volley.take(1 << 20) == 0
    assert volley
    assert volley.fire({0b10: b"second", 0b11: b"firstsecond"}) == []
    assert not volley
    assert [theirs.recv(100) for _, theirs in pairs[1:]] == [b"firstsecond", b"second"]
    with pytest.raises(BlockingIOError):
        pairs[0][1].recv(100, socket.MSG_DONTWAIT)


def test_a_volley_gives_back_what_the_kernel_did_not_take(ring: Ring, pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    (ours, theirs), *_ = pairs
    volley, blob = Volley(ring), bytes(range(256)) * 4096
    volley.owe(np.array([ours.fileno()], np.int32), 0)
    [(fd, rest)] = volley.fire({1: blob})
    assert fd == ours.fileno()
    assert 0 < len(rest) < len(blob)
    theirs.settimeout(1)
    got = b""
    while len(got) < len(blob) - len(rest):
        got += theirs.recv(1 << 20)
    assert got + rest == blob


def test_followers_are_one_kind_or_the_other_and_leave_from_any_place() -> None:
    followers, papers = Followers(), [Paper() for _ in range(5)]
    for fd, paper in enumerate(papers[:4], start=10):
        paper.fd = fd
    followers.update(papers)
    assert (sorted(followers.fds()), list(followers.others)) == ([10, 11, 12, 13], papers[4:])
    papers[1].clogged = True
    followers.add(papers[1])
    followers.discard(papers[0])
    followers.discard(papers[0])
    assert (sorted(followers.fds()), list(followers.others)) == ([12, 13], [papers[4], papers[1]])
    assert len(followers) == len(list(followers)) == 4
    assert papers[0] not in followers
    assert all(paper in followers for paper in papers[1:])
