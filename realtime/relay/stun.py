"""The two STUN messages of ICE, read and written with `struct`: a viewer's consent is checked every few seconds, for hours.

As ICE-lite we read requests and write responses; when we pull from another node it is the other way round.

Pure: bytes in, bytes out. Section numbers are those of RFC 8489.
"""

import hmac
import socket
import struct
import zlib
from dataclasses import dataclass

from realtime.relay.ice import Address

_HEADER = struct.Struct("!HHI12s")
"""Type, length of the attributes, cookie, transaction."""
_ATTRIBUTE = struct.Struct("!HH")
"""Type, length of the value without its padding to four bytes."""
_COOKIE = 0x2112A442
_REQUEST, _SUCCESS = 0x0001, 0x0101
_USERNAME, _MESSAGE_INTEGRITY, _XOR_MAPPED_ADDRESS, _PRIORITY, _USE_CANDIDATE = 0x0006, 0x0008, 0x0020, 0x0024, 0x0025
_FINGERPRINT, _ICE_CONTROLLING = 0x8028, 0x802A
_INTEGRITY_SIZE, _FINGERPRINT_SIZE = _ATTRIBUTE.size + 20, _ATTRIBUTE.size + 4
_FINGERPRINT_MASK = 0x5354554E
_PEER_REFLEXIVE = (110 << 24) | (65535 << 8) | 255
"""The priority a check's own address would have (RFC 8445 section 7.1.1)."""


@dataclass(frozen=True, slots=True)
class Check:
    """A binding request somebody sent us. Nothing in it may be believed before `signed_with` has said yes."""

    transaction: bytes
    local_ufrag: str
    """The half of USERNAME that names one of our peers."""
    nominated: bool
    """Whether the sender wants media on this very path (USE-CANDIDATE)."""
    signed: bytes
    """What the signature is over (section 14.5): all before it, with a length that ends behind it."""
    signature: bytes
    """MESSAGE-INTEGRITY; b"" if there is none."""

    def signed_with(self, password: str) -> bool:
        """Whether MESSAGE-INTEGRITY was made with `password`; compares in constant time."""
        return hmac.compare_digest(_sign(self.signed, password), self.signature)

    def success(self, address: Address, password: str) -> bytes:
        """The success response (section 6.3.1.1): XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT."""
        return _signed(_SUCCESS, self.transaction, _attribute(_XOR_MAPPED_ADDRESS, _xored(address, self.transaction)), password)


def read_check(datagram: bytes) -> Check | None:
    """Read a binding request; None for anything else, however malformed. The signature is still to be checked.

    Attributes behind the signature are not under it and are ignored (section 14.5). FINGERPRINT adds nothing to a signature.
    """
    if len(datagram) < _HEADER.size:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    if kind != _REQUEST or cookie != _COOKIE or length != len(datagram) - _HEADER.size:
        return None
    username, nominated, signed, signature = b"", False, b"", b""
    at = _HEADER.size
    while not signature and at + _ATTRIBUTE.size <= len(datagram):
        kind, length = _ATTRIBUTE.unpack_from(datagram, at)
        value = datagram[at + _ATTRIBUTE.size : at + _ATTRIBUTE.size + length]
        if kind == _USERNAME:
            username = value
        elif kind == _USE_CANDIDATE:
            nominated = True
        elif kind == _MESSAGE_INTEGRITY:
            signed, signature = _message(_REQUEST, transaction, datagram[_HEADER.size : at], _INTEGRITY_SIZE), value
        at += _ATTRIBUTE.size + length + -length % 4
    local_ufrag, separator, _ = username.partition(b":")
    if not separator or not local_ufrag.isascii():
        return None
    return Check(transaction, local_ufrag.decode(), nominated, signed, signature)


def write_check(transaction: bytes, username: str, password: str, tie_breaker: int) -> bytes:
    """A binding request of the controlling side that nominates the path it takes (RFC 8445 section 7.1)."""
    name = username.encode()
    attributes = _ATTRIBUTE.pack(_USERNAME, len(name)) + name + bytes(-len(name) % 4)
    attributes += _attribute(_PRIORITY, _PEER_REFLEXIVE.to_bytes(4, "big"))
    attributes += _attribute(_ICE_CONTROLLING, tie_breaker.to_bytes(8, "big")) + _attribute(_USE_CANDIDATE, b"")
    return _signed(_REQUEST, transaction, attributes, password)


def read_success(datagram: bytes, password: str) -> bytes | None:
    """The transaction of a success response that was signed with `password`; None for anything else, however malformed."""
    if len(datagram) < _HEADER.size:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    if kind != _SUCCESS or cookie != _COOKIE or length != len(datagram) - _HEADER.size:
        return None
    at = _HEADER.size
    while at + _ATTRIBUTE.size <= len(datagram):
        kind, length = _ATTRIBUTE.unpack_from(datagram, at)
        if kind == _MESSAGE_INTEGRITY:
            signed = _message(_SUCCESS, transaction, datagram[_HEADER.size : at], _INTEGRITY_SIZE)
            value = datagram[at + _ATTRIBUTE.size : at + _ATTRIBUTE.size + length]
            return bytes(transaction) if hmac.compare_digest(_sign(signed, password), value) else None
        at += _ATTRIBUTE.size + length + -length % 4
    return None


def _signed(kind: int, transaction: bytes, attributes: bytes, password: str) -> bytes:
    """A whole message: MESSAGE-INTEGRITY and FINGERPRINT follow the attributes."""
    signature = _sign(_message(kind, transaction, attributes, _INTEGRITY_SIZE), password)
    message = _message(kind, transaction, attributes + _attribute(_MESSAGE_INTEGRITY, signature), _FINGERPRINT_SIZE)
    return message + _attribute(_FINGERPRINT, (zlib.crc32(message) ^ _FINGERPRINT_MASK).to_bytes(4, "big"))


def _sign(message: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), message, "sha1")


def _message(kind: int, transaction: bytes, attributes: bytes, following: int) -> bytes:
    """A message whose length counts the `following` bytes that are still to come."""
    return _HEADER.pack(kind, len(attributes) + following, _COOKIE, transaction) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    """Of a value that needs no padding."""
    return _ATTRIBUTE.pack(kind, len(value)) + value


def _xored(address: Address, transaction: bytes) -> bytes:
    """Family, port and address (section 14.2), the last two hidden from NATs that rewrite what looks like an address."""
    family, number = (socket.AF_INET, 1) if len(address) == 2 else (socket.AF_INET6, 2)
    packed = socket.inet_pton(family, address[0].partition("%")[0])
    mask = (_COOKIE.to_bytes(4, "big") + transaction)[: len(packed)]
    hidden = bytes(byte ^ over for byte, over in zip(packed, mask, strict=True))
    return struct.pack("!HH", number, address[1] ^ _COOKIE >> 16) + hidden
