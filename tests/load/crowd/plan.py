"""What a run is to be: where, who, how many, for how long."""

from urllib.parse import urlsplit

from msgspec import Struct

ATTENDEES_LIMIT, MINUTES_LIMIT = 20_000, 120.0
"""More is refused: this is a rehearsal, not a flood."""

PER_PROCESS = 1250
"""Attendees of one process."""

ARRIVALS = 90.0
"""Attendees who come in a second, to a server of someone else's: below what it takes from one address (100)."""

ARRIVALS_HERE = 150.0
"""The same to a server of our own, which knows that we are many."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

CODES = "codes.json"
"""Where a server of our own says its codes, by role, before it says its port."""


class Plan(Struct, frozen=True):
    """What a process is told. Times are in seconds; `pace` divides all of people's times. `first` is the number of its first attendee."""

    url: str
    code: str
    session: str
    floor: str
    captions: list[str]
    attendees: int
    first: int
    seconds: float
    arrivals: float
    """Attendees of this process who come in a second."""
    pace: float
    seed: int

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (443 if self.secure else 80)

    @property
    def arriving(self) -> float:
        """Seconds until all are there."""
        return self.attendees / self.arrivals
