"""Invitations at the door: which code opens what, and how often one may guess."""

from server.errors import NotFound, TooMany
from server.limits import Buckets, client_of
from sessions.loading import Invite

WRONG_RATE, WRONG_BURST = 0.2, 20
"""Wrong codes a second from one address, and at once; past it every code is refused with 429 until it has waited."""


class Doorkeeper:
    """Counts wrong codes by address, so that nobody finds one by trying."""

    def __init__(self) -> None:
        self._wrong = Buckets(WRONG_RATE, WRONG_BURST)

    def find(self, invites: dict[str, Invite], code: str, address: str) -> Invite:
        """Raises TooMany for who guesses, NotFound for a wrong code. People type codes in small letters too."""
        client = client_of(address)
        if client in self._wrong and not self._wrong.of(client).ready():
            raise TooMany("too many wrong codes from here; wait a little", retry_after=int(1 / WRONG_RATE))
        invite = invites.get(code) or invites.get(code.upper())
        if invite is None:
            self._wrong.of(client).take()
            raise NotFound("there is no such code")
        return invite
