"""The relay's sockets: one port number, over IPv4 and IPv6, for UDP and TCP."""

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from realtime.relay.tcp import SEND_BUFFER

BUFFER = 4 * 1024 * 1024
"""Bytes asked for each kernel buffer (the kernel may give less): a keyframe to all viewers leaves in one burst."""

TRIES = 20
"""Port numbers tried when any will do: one that is free in one family may be taken in the other."""

_TWINS = {"0.0.0.0": "::", "127.0.0.1": "::1", "localhost": "::1", "::": "0.0.0.0", "::1": "127.0.0.1"}
"""All of this machine, or only this machine, in the other family. An address of its own has no twin."""

_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


BACKLOG = 256
"""Connections that wait to be taken; past it the kernel lets clients try again."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Nonblocking sockets at one port, one of each kind for a family."""

    datagrams: Sequence[socket.socket]
    listeners: Sequence[socket.socket]


def bind(host: str, port: int) -> Bound:
    """Sockets at one port (0 takes a free one), of both families where `host` has a twin and the machine has both.

    Raises OSError if the port cannot be had.
    """
    for tried in range(1, TRIES + 1):
        try:
            return _bind(host, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or tried == TRIES:
                raise
    raise AssertionError


def bind_datagrams(host: str) -> list[socket.socket]:
    """Nonblocking UDP sockets at free ports, of the same families as those of `bind`. Raises OSError if there is none."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(_datagrams(host, 0))]
        if host in _TWINS:
            with _where_there_is_one():
                opened.append(stack.enter_context(_datagrams(_TWINS[host], 0)))
        stack.pop_all()
        return opened


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _bind(host: str, port: int) -> Bound:
    with contextlib.ExitStack() as stack:
        datagrams = [stack.enter_context(_datagrams(host, port))]
        number = datagrams[0].getsockname()[1]
        listeners = [stack.enter_context(_listener(host, number))]
        twin = _TWINS.get(host)
        if twin is not None:
            with _where_there_is_one():
                datagrams.append(stack.enter_context(_datagrams(twin, number)))
                listeners.append(stack.enter_context(_listener(twin, number)))
        stack.pop_all()
        return Bound(datagrams, listeners)


def _datagrams(host: str, port: int) -> socket.socket:
    opened = _opened(host, socket.SOCK_DGRAM)
    with _closed_on_error(opened):
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            opened.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        opened.bind((host, port))
    return opened


def _listener(host: str, port: int) -> socket.socket:
    opened = _opened(host, socket.SOCK_STREAM)
    with _closed_on_error(opened):
        # Connections of a process that has just ended still have the port, and are in nobody's way.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        opened.bind((host, port))
        opened.listen(BACKLOG)
    return opened


def _opened(host: str, kind: socket.SocketKind) -> socket.socket:
    opened = socket.socket(family_of(host), kind)
    with _closed_on_error(opened):
        opened.setblocking(False)
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return opened


@contextlib.contextmanager
def _where_there_is_one() -> Iterator[None]:
    """A machine without the other family does without it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SUCH_FAMILY:
            raise


@contextlib.contextmanager
def _closed_on_error(opened: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise
