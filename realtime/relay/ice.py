"""ICE-lite (RFC 8445 section 2.5): we only answer connectivity checks, we never send one.

An agent that never sends checks cannot be used to scan ports, and needs no candidate of the other side. Everything here is
pure: bytes in, bytes out.
"""

import secrets
import struct
from dataclasses import dataclass

from aioice import stun

Address = tuple[str, int] | tuple[str, int, int, int]
"""What `recvfrom` gives: (host, port) over IPv4, (host, port, flow, scope) over IPv6."""

_STUN_HEADER = struct.Struct("!HHI")
_COOKIE = 0x2112A442
_BINDING_REQUEST = 0x0001


@dataclass(frozen=True, slots=True)
class Credentials:
    """One side's short-term credentials: ufrag of 8 characters, password of 24 (RFC 8445 section 5.3 asks for 4 and 22)."""

    ufrag: str
    password: str

    @classmethod
    def generate(cls) -> "Credentials":
        # token_hex: every character is an ice-char (token_urlsafe's "-" and "_" are not).
        return cls(secrets.token_hex(4), secrets.token_hex(12))


@dataclass(frozen=True, slots=True)
class Check:
    """A binding request somebody sent us. Nothing in it may be believed before `signed_with` has said yes."""

    message: stun.Message
    local_ufrag: str
    """The half of USERNAME that names one of our peers."""
    nominated: bool
    """Whether the sender wants media on this very path (USE-CANDIDATE)."""

    def signed_with(self, password: str) -> bool:
        """Whether MESSAGE-INTEGRITY was made with `password`; compares in constant time."""
        return self.message.check_message_integrity(password.encode())

    def success(self, address: Address, password: str) -> bytes:
        """The success response (RFC 8489 section 6.3.1.1): XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT."""
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=self.message.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = address[:2]
        response.add_message_integrity(password.encode())
        return bytes(response)


def read_check(datagram: bytes) -> Check | None:
    """Read a binding request; None for anything else, however malformed. The signature is still to be checked."""
    if len(datagram) < stun.HEADER_LENGTH:
        return None
    kind, _, cookie = _STUN_HEADER.unpack_from(datagram)
    if kind != _BINDING_REQUEST or cookie != _COOKIE:
        return None
    try:
        message = stun.parse_message(datagram)
        local_ufrag, separator, _ = message.attributes["USERNAME"].partition(":")
    except (ValueError, KeyError, IndexError, struct.error):
        return None
    if not separator:
        return None
    return Check(message, local_ufrag, nominated="USE-CANDIDATE" in message.attributes)
