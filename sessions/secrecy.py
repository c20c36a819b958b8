"""Secret ballots: what is kept of them, and what anyone can check. Pure.

While a secret poll is open, each vote is one sealed envelope: whose it is stands inside. At the close the envelopes are emptied at
once into two lists that have nothing in common: who voted, by id, and the ballots, by receipt, which is random. From then on nobody
can say whose a ballot is, not even who holds all the rows. A voter keeps the receipt, finds it in the published list beside their
ballot, and anyone can count that list and compute its hash.
"""

import secrets
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct


class Cast(Struct, frozen=True):
    """What is in an envelope. `key` is the idempotency key of the command, `said` its fingerprint, `receipt` what its voter was given."""

    person: str
    ballot: list[str]
    receipt: str
    key: str
    said: str | None = None


class Count(Struct, frozen=True):
    """What a close lays down: how many were entitled to vote, how many did, and the hash of all ballots (see `digest`)."""

    entitled: int
    ballots: int
    hash: str


Box = list[tuple[str, list[str]]]
"""Receipts and ballots, by receipt."""


def receipt() -> str:
    """A new one: 16 random bytes, so that it says nothing of the vote and sorts by chance."""
    return secrets.token_hex(16)


def emptied(envelopes: Iterable[Cast]) -> Box:
    """The ballots in an order that owes nothing to when they were cast or by whom."""
    return sorted((cast.receipt, cast.ballot) for cast in envelopes)


def counted(box: Box, entitled: int) -> Count:
    """More than were entitled may have voted only if someone joined while the votes were counted."""
    return Count(entitled=max(entitled, len(box)), ballots=len(box), hash=digest(box))


def digest(box: Box) -> str:
    """SHA-256, in hex, of a line per ballot: the receipt, a space, the options chosen with commas between, a line feed."""
    return sha256("".join(f"{receipt} {','.join(sorted(ballot))}\n" for receipt, ballot in sorted(box)).encode()).hexdigest()
