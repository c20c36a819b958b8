"""Where the demo is found: a free port, and the address of this machine in its network."""

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
PORT = 8000
"""The port when none is asked for; the next free one when it is taken."""

TRIES = 20
"""Ports looked at for a free one."""


class NoPlace(Exception):
    """The demo cannot be where it should; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """`host` and `port` to listen at (port 0: any), `address` to put into links, `notes` that a person should read."""

    host: str
    port: int
    address: str
    notes: tuple[str, ...] = ()

    @property
    def media_addresses(self) -> list[str]:
        return list(dict.fromkeys([self.address, LOOPBACK]))


def find(port: int | None, lan: bool) -> Place:
    """The place for a wanted port (None: `PORT` or the next free one). Raises NoPlace."""
    host, address, notes = LOOPBACK, LOOPBACK, []
    if lan:
        host, address = "0.0.0.0", lan_address()
        notes.append("Browsers give a page the camera only on https or localhost: speak from this machine, or with OBS.")
    if port is None:
        port = next_free(host, PORT)
        if port != PORT:
            notes.append(f"Port {PORT} is taken, so this is port {port}.")
    require_free(host, port)
    return Place(host, port, address, tuple(notes))


def require_free(host: str, port: int) -> None:
    """Raises NoPlace when nobody can listen there, and names a port that is free."""
    try:
        _bind(host, port)
    except OSError as error:
        if isinstance(error, PermissionError) or not _is_local(host):
            raise NoPlace(f"cannot listen at {host}, port {port}: {error.strerror}") from None
        raise NoPlace(f"port {port} is taken; --port {next_free(host, port + 1)} is free") from None


def next_free(host: str, port: int) -> int:
    """The first free port from `port` on. Raises NoPlace after `TRIES`."""
    for candidate in range(port, min(port + TRIES, 65536)):
        try:
            _bind(host, candidate)
        except OSError:
            continue
        return candidate
    raise NoPlace(f"ports {port} to {min(port + TRIES, 65536) - 1} are all taken")


def lan_address() -> str:
    """This machine's address in its network, as the routing table tells: connecting a UDP socket sends nothing. Raises NoPlace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737: nobody's
        except OSError:
            raise NoPlace("this machine is in no network, so --lan reaches nobody") from None
        return str(probe.getsockname()[0])


def _bind(host: str, port: int) -> None:
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
        pass


def _is_local(host: str) -> bool:
    try:
        _bind(host, 0)
    except OSError:
        return False
    return True
