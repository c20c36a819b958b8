"""What happened at a summit, act by act: nothing is ever taken out. Pure."""

from collections.abc import Iterable

from msgspec import Struct

ENTRIES_LIMIT = 200
"""Newest entries kept in memory; older ones are in the rows."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`number` rises by one in a session; `at` is in ms since 1970 UTC; `act` is a command's name."""

    number: int
    at: int
    act: str
    seat: str | None = None
    motion: str | None = None


class Record:
    """The newest entries, oldest first."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)

    def add(self, act: str, at: int, seat: str | None = None, motion: str | None = None) -> Entry:
        number = self.entries[-1].number + 1 if self.entries else 1
        entry = Entry(number=number, at=at, act=act, seat=seat, motion=motion)
        self.entries = [*self.entries[1 - ENTRIES_LIMIT :], entry]
        return entry
