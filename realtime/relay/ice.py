"""ICE-lite (RFC 8445 section 2.5): we only answer connectivity checks, we never send one.

An agent that never sends checks cannot be used to scan ports, and needs no candidate of the other side. Everything here is
pure: bytes in, bytes out.
"""

import re
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from realtime.relay.errors import BadFragment

Address = tuple[str, int] | tuple[str, int, int, int]
"""What `recvfrom` gives: (host, port) over IPv4, (host, port, flow, scope) over IPv6."""

_ICE_TEXT = re.compile(r"[A-Za-z0-9+/_=-]{4,256}")

OVER = 16
"""Past ICE sessions of a peer whose late candidates are still told from a restart."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One side's short-term credentials. Ours are a ufrag of 8 characters and a password of 24 (RFC 8445 section 5.3 asks for 4 and 22)."""

    ufrag: str
    password: str

    @property
    def readable(self) -> bool:
        """Whether both are ice-chars of a length the RFC allows."""
        return all(_ICE_TEXT.fullmatch(text) for text in (self.ufrag, self.password))

    @classmethod
    def generate(cls) -> "Credentials":
        # token_hex: every character is an ice-char (token_urlsafe's "-" and "_" are not).
        return cls(secrets.token_hex(4), secrets.token_hex(12))


class IceSession:
    """The ICE session of a peer and, while a restart is under way, the one before it (RFC 8445 section 9).

    The old one's checks are answered until the first check of the new one: until then media has no other path.
    """

    def __init__(self) -> None:
        self.etag = secrets.token_urlsafe(8)
        """Names this ICE session (RFC 9725 section 4.3.1)."""
        self.local = Credentials.generate()
        self._settled = self.local
        self._remote: Credentials | None = None
        self._over: deque[str] = deque(maxlen=OVER)

    def begin(self, remote: Credentials) -> None:
        """The other side's credentials, as its offer or answer says."""
        self._remote = remote

    @property
    def ufrags(self) -> set[str]:
        """The local ufrags whose checks are answered."""
        return {self._settled.ufrag, self.local.ufrag}

    def password(self, ufrag: str) -> str:
        """The password of one of `ufrags`."""
        return self.local.password if ufrag == self.local.ufrag else self._settled.password

    def restarted_by(self, remote: Credentials | None) -> bool:
        """Whether these credentials begin a new ICE session; those of a past one do not. Raises BadFragment for half a change."""
        if remote is None or self._remote is None or remote == self._remote or remote.ufrag in self._over:
            return False
        if remote.ufrag == self._remote.ufrag or remote.password == self._remote.password:
            raise BadFragment("an ICE restart changes both ice-ufrag and ice-pwd")
        return True

    def restart(self, remote: Credentials) -> Sequence[str]:
        """Begin the next ICE session; returns the local ufrags that are answered no more."""
        before = self.ufrags
        if self._remote is not None:
            self._over.append(self._remote.ufrag)
        self._remote, self.local, self.etag = remote, Credentials.generate(), secrets.token_urlsafe(8)
        return tuple(before - self.ufrags)

    def checked(self, ufrag: str) -> Sequence[str]:
        """A signed check of `ufrag` came; returns the local ufrags that are answered no more."""
        if ufrag == self._settled.ufrag:
            return ()
        before, self._settled = self._settled, self.local
        return (before.ufrag,)
