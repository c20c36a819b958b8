"""Invitations at the door: which code opens what, and how often one may guess."""

from collections import OrderedDict

from server.errors import NotFound, TooMany
from server.limits import Bucket
from sessions.loading import Invite

WRONG_RATE, WRONG_BURST = 0.2, 20
"""Wrong codes a second from one address, and at once; past it every code is refused with 429 until it has waited."""

ADDRESSES_LIMIT = 10_000
"""Addresses whose wrong codes are remembered; past it the one heard of longest ago is forgotten."""


class Doorkeeper:
    """Counts wrong codes by address, so that nobody finds one by trying."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, Bucket] = OrderedDict()

    def find(self, invites: dict[str, Invite], code: str, address: str) -> Invite:
        """Raises TooMany for who guesses, NotFound for a wrong code. People type codes in small letters too."""
        bucket = self._wrong.get(address)
        if bucket is not None and not bucket.ready():
            raise TooMany("too many wrong codes from here; wait a little", retry_after=int(1 / WRONG_RATE))
        invite = invites.get(code) or invites.get(code.upper())
        if invite is None:
            self._count(address)
            raise NotFound("there is no such code")
        return invite

    def _count(self, address: str) -> None:
        bucket = self._wrong.setdefault(address, Bucket(WRONG_RATE, WRONG_BURST))
        self._wrong.move_to_end(address)
        bucket.take()
        if len(self._wrong) > ADDRESSES_LIMIT:
            self._wrong.popitem(last=False)
