"""The relay's sockets: one port number, over IPv4 and IPv6."""

import contextlib
import errno
import socket
from collections.abc import Sequence

BUFFER = 4 * 1024 * 1024
"""Bytes asked for each kernel buffer (the kernel may give less): a keyframe to all viewers leaves in one burst."""

TRIES = 20
"""Port numbers tried when any will do: one that is free in one family may be taken in the other."""

_TWINS = {"0.0.0.0": "::", "127.0.0.1": "::1", "localhost": "::1", "::": "0.0.0.0", "::1": "127.0.0.1"}
"""All of this machine, or only this machine, in the other family. An address of its own has no twin."""

_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def bind(host: str, port: int) -> Sequence[socket.socket]:
    """Nonblocking UDP sockets at one port (0 takes a free one), of both families where `host` has a twin and the machine has both.

    Raises OSError if the port cannot be had.
    """
    for tried in range(1, TRIES + 1):
        try:
            return _bind(host, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or tried == TRIES:
                raise
    raise AssertionError


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _bind(host: str, port: int) -> Sequence[socket.socket]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_datagrams(host, port))]
        twin = _TWINS.get(host)
        if twin is not None:
            try:
                sockets.append(stack.enter_context(_datagrams(twin, sockets[0].getsockname()[1])))
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
        stack.pop_all()
        return sockets


def _datagrams(host: str, port: int) -> socket.socket:
    opened = socket.socket(family_of(host), socket.SOCK_DGRAM)
    try:
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            opened.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        opened.setblocking(False)
        opened.bind((host, port))
    except BaseException:
        opened.close()
        raise
    return opened
