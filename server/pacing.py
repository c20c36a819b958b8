"""How often media may be asked for by WHIP and WHEP: each offer makes the relay write an answer and hold a peer."""

from math import ceil

from server.errors import TooMany
from server.limits import Bucket, Buckets, client_of

ADDRESS_RATE, ADDRESS_BURST = 100, 2_000
"""POSTs and PATCHes a second from one address, and at once: a hall behind one address comes in together."""

OFFER_RATE, OFFER_BURST = 2, 30
"""POSTs a second of one person, and at once: every reconnect is one, and so is every look whether a session has begun, in each tab."""

PATCH_RATE, PATCH_BURST = 5, 100
"""PATCHes a second of one person, and at once: some clients send each candidate by itself."""


class Pacing:
    """Counts requests that make the relay work. What is past a limit is 429 with Retry-After and does nothing."""

    def __init__(self) -> None:
        self._addresses = Buckets(ADDRESS_RATE, ADDRESS_BURST)
        self._persons = {"POST": Buckets(OFFER_RATE, OFFER_BURST), "PATCH": Buckets(PATCH_RATE, PATCH_BURST)}

    def come(self, method: str, address: str) -> None:
        """A request, whoever's it is. Raises TooMany."""
        if method in self._persons:
            _take(self._addresses.of(client_of(address)), "from here")

    def ask(self, method: str, person: str) -> None:
        """A request of somebody who may make it. Raises TooMany."""
        if method in self._persons:
            _take(self._persons[method].of(person), "of yours")


def _take(bucket: Bucket, whose: str) -> None:
    if not bucket.take():
        raise TooMany(f"too many requests for media {whose}; wait a little", retry_after=ceil(bucket.wait()))
