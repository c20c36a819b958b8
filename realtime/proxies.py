"""Who is behind a connection that came by way of a proxy."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

LOCAL = ("127.0.0.1", "::1")

KNOWN = 4096
"""Addresses of which it is remembered whether they are proxies; the least recent are looked at again."""


class Proxies:
    """Addresses and networks (`10.0.0.0/8`) whose X-Forwarded-For is believed. Raises ValueError for what is neither."""

    def __init__(self, trusted: Iterable[str] = LOCAL) -> None:
        self._networks = tuple(ip_network(name) for name in trusted)
        self._among = lru_cache(KNOWN)(self._look)

    def address(self, peer: str, forwarded: Iterable[str]) -> str:
        """The last address on the way that is no proxy of ours, from the values of X-Forwarded-For; the peer's where there is none."""
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        for hop in (peer, *reversed(hops)):
            if hop not in self:
                return hop
        return peer

    def __contains__(self, hop: str) -> bool:
        return self._among(hop)

    def _look(self, hop: str) -> bool:
        try:
            address = ip_address(hop)
        except ValueError:
            return False
        return any(address in network for network in self._networks)
