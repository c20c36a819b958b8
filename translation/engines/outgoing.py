"""The way out to servers that an operator names: to public addresses only unless their host is allowed, straight, and with an end.

A name is resolved once per connection and the connection goes to the address that was looked at, so that a name which changes its
mind in between leads nowhere else. No proxy of the environment is asked, no redirect leads to another host.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect

from translation.engines import EngineError

ANSWER_LIMIT = 1 << 20
"""Bytes of one answer, or of one message of a socket; a server that says more has failed."""

OPENING = 10.0
"""Seconds a socket may take to open."""

_NAT64 = ip_network("64:ff9b::/96")
# Public by their numbers alone: where a machine of Azure's or Oracle's asks for its own secrets; IPv6 that is a network's own affair or
# stands for IPv4 in it: compatible and site-local (RFC 4291), translated (RFC 2765), of a NAT64 of its own (RFC 8215).
_INNER = [ip_network(one) for one in ("168.63.129.16/32", "192.0.0.0/24", "::/96", "fec0::/10", "::ffff:0:0:0/96", "64:ff9b:1::/48")]

Address = IPv4Address | IPv6Address


class Outgoing:
    """`allowed` holds names (`libretranslate`), addresses and networks (`10.0.0.0/8`) that may be private."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._networks, self._names = [], set()
        for entry in allowed:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry.lower())

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where a host is. Raises EngineError when it is nowhere, or any of its addresses is not public and not allowed."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise EngineError(f"{host} is not found: {error}") from error
        addresses = list(dict.fromkeys(ip_address(str(info[4][0]).partition("%")[0]) for info in found))
        for address in addresses:
            if not self._may(host, address):
                raise EngineError(f"{host} is at {address}, which is not public; MARQUEE_HOOK_HOSTS would allow it")
        return [str(address) for address in addresses]

    def http(self, url: str, timeout: float, headers: Mapping[str, str] | None = None) -> "Http":
        """JSON from a server whose paths begin at `url`. `timeout` is of a whole answer, in seconds."""
        return Http(self, url, timeout, headers or {})

    @asynccontextmanager
    async def socket(
        self, url: str, headers: Mapping[str, str] | None = None, ping_interval: float | None = 20
    ) -> AsyncIterator[ClientConnection]:
        """A WebSocket. Raises EngineError, OSError, TimeoutError and what the library raises."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        async with asyncio.timeout(OPENING):
            addresses = await self.addresses(parts.hostname or "", port)
            connection = await _first(url, addresses, port, headers or {}, ping_interval)
        try:
            yield connection
        finally:
            await connection.close()

    def _may(self, host: str, address: Address) -> bool:
        if host.lower() in self._names or any(address in network for network in self._networks):
            return True
        inside = _inside(address)
        return _public(address) and (inside is None or _public(inside))


class Http:
    """`timeout` may be changed."""

    def __init__(self, outgoing: Outgoing, url: str, timeout: float, headers: Mapping[str, str]) -> None:
        self.timeout = timeout
        self._host = urlsplit(url).hostname
        # Unpacking may make a little answer endless: none is asked for.
        plain = {"Accept-Encoding": "identity", **headers}
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, headers=plain, transport=_Pinned(outgoing), trust_env=False)

    async def ask(self, method: str, path: str, **content: Any) -> Any:
        """The answer's JSON; `content` as httpx takes it. Raises EngineError, in whose words there is nothing of the request."""
        body = bytearray()
        try:
            async with asyncio.timeout(self.timeout), self._client.stream(method, path, **content) as answer:
                if not answer.is_success:
                    raise EngineError(f"{self._host} answered {answer.status_code}")
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > ANSWER_LIMIT:
                        raise EngineError(f"{self._host} answered more than {ANSWER_LIMIT} bytes")
            return json.loads(body)
        except (httpx.HTTPError, ValueError, RecursionError, TimeoutError) as error:
            raise EngineError(f"{self._host}: {type(error).__name__}") from error

    async def close(self) -> None:
        await self._client.aclose()


class _Pinned(httpx.AsyncHTTPTransport):
    """Connects to an address that was looked at; the certificate and the Host header stay the name's."""

    def __init__(self, outgoing: Outgoing) -> None:
        super().__init__(trust_env=False)
        self._outgoing = outgoing

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        addresses = await self._outgoing.addresses(asked.host, asked.port or (443 if asked.scheme == "https" else 80))
        request.extensions = {**request.extensions, "sni_hostname": asked.host}
        for address in addresses:
            request.url = asked.copy_with(host=address)
            try:
                return await super().handle_async_request(request)
            except httpx.ConnectError:
                if address == addresses[-1]:
                    raise
        raise EngineError(f"{asked.host} has no address")


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """At its most talkative the library would tell the headers of a handshake, and a key with them."""

    def isEnabledFor(self, level: int) -> bool:
        return level > logging.DEBUG and super().isEnabledFor(level)


async def _first(url: str, addresses: list[str], port: int, headers: Mapping[str, str], ping_interval: float | None) -> ClientConnection:
    discreet = _Discreet(logging.getLogger(__name__))
    for address in addresses:
        try:
            # With a host of its own given, the library follows no redirect to another one.
            return await connect(
                url, host=address, port=port, additional_headers=headers, max_size=ANSWER_LIMIT, open_timeout=OPENING,
                ping_interval=ping_interval, proxy=None, logger=discreet,
            )  # fmt: skip
        except OSError:
            if address == addresses[-1]:
                raise
        except ValueError as error:
            raise EngineError(f"{urlsplit(url).hostname} sends us elsewhere") from error
    raise EngineError("the host has no address")


def _public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _INNER)


def _inside(address: Address) -> IPv4Address | None:
    """The address that a gateway on the way would make of it (mapped, NAT64, 6to4)."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
