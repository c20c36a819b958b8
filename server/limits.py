"""How much one client may ask for: a token bucket, and one each for many."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

NAMES_LIMIT = 10_000
"""Names whose buckets are kept; past it the one heard of longest ago begins anew."""


@dataclass(slots=True)
class Bucket:
    """`burst` at once, then `rate` per second."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.at = self.burst, time.monotonic()

    def ready(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        return self.level >= 1

    def wait(self) -> float:
        """Seconds until one more is allowed, as of the last time it was asked."""
        return max(0.0, (1 - self.level) / self.rate)

    def take(self) -> bool:
        """Whether one more is allowed now; then it counts."""
        if not self.ready():
            return False
        self.level -= 1
        return True


class Buckets:
    """A bucket for each name: a person, an address."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._buckets

    def of(self, name: str) -> Bucket:
        """The bucket of a name, which is a full one the first time."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._rate, self._burst)
            if len(self._buckets) > NAMES_LIMIT:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return bucket


def client_of(address: str) -> str:
    """Who is behind an address: over IPv6 whoever has its /64, which is one household's or one machine's."""
    try:
        read = ip_address(address)
    except ValueError:
        return address  # not from a network
    if not isinstance(read, IPv6Address):
        return address
    return str(read.ipv4_mapped or read.packed[:8].hex())
