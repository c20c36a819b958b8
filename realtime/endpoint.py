"""Where sockets arrive: who may connect, how many, what the application hears of them, and how all of them are told to leave."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import urlsplit

from realtime.closing import CloseCode
from realtime.outbox import Outbox
from realtime.proxies import Proxies

STATE_KEY = "sockets"
"""Where the server's lifespan state holds the Endpoint."""

MAX_MESSAGE = 16 * 1024
"""Bytes of one incoming message, fragments together; past it the connection ends with 1009."""

MAX_CONNECTIONS = 20_000
"""Connections of one endpoint, unless it is given another number; past it 503."""

HELLO_SECONDS = 5.0
"""A new connection that the application has not `settle`d within this time ends with 1008."""

PING_SECONDS = 20
"""Each connection is pinged this often; after two pings without a byte in return it is cut."""

SLICE = 500
"""Connections closed in one turn of the loop."""

logger = logging.getLogger(__name__)


class Connection(Outbox):
    """One client, whatever carries it. `attach` is the application's own; `remote` is the client's address, "" if it has none."""

    __slots__ = ("_deadline", "_endpoint", "attach", "remote")

    def __init__(self, endpoint: "Endpoint") -> None:
        super().__init__()
        self._endpoint = endpoint
        self._deadline: asyncio.TimerHandle | None = None
        self.attach: Any = None
        self.remote = ""

    def expect(self, seconds: float, what: str) -> None:
        """Close with 1008 unless `settle` is called within `seconds`. A second call replaces the first."""
        self.settle()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self.close, CloseCode.POLICY, f"no {what} within {seconds:g} s")

    def settle(self) -> None:
        """What was expected has come."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @abstractmethod
    def check(self) -> None:
        """Ping, or cut the connection if it has not answered twice. Called every PING_SECONDS."""

    def _started(self) -> None:
        self.open = True
        self.expect(HELLO_SECONDS, "hello")
        self._endpoint._add(self)

    def _message(self, data: bytes) -> None:
        try:
            self._endpoint.received(self, data)
        except Exception:
            logger.exception("a message was not handled; its connection ends")
            self.close(CloseCode.INTERNAL)

    def _ended(self, code: int) -> None:
        """The connection is no more; the application hears it once."""
        self.settle()
        self._gone()
        self._endpoint._remove(self, code)


class Endpoint:
    """The application's side of every connection.

    `opened(conn)` comes first, then `received(conn, data)` for each whole text message (valid UTF-8, at most MAX_MESSAGE bytes), then
    `closed(conn, code)` once, with the code the client sent, else the one sent to it, else 1006. They are called on the loop and must
    not block; what they raise is logged, and ends that connection with 1011. `origins` are allowed besides the server's own host,
    such as "https://wfic.example". `delegate` builds the protocol of WebSocket paths other than `path`, called as
    `delegate(config=, server_state=, app_state=)`. `welcome(address)` says whether one more may come from there now, behind the
    `proxies`, which are this machine's own if none are named. `async with` it to ping the connections; leaving closes them with 1012.
    """

    def __init__(
        self,
        *,
        opened: Callable[[Connection], None],
        received: Callable[[Connection, bytes], None],
        closed: Callable[[Connection, int], None],
        delegate: Callable[..., asyncio.Protocol],
        path: str = "/ws",
        origins: Iterable[str] = (),
        limit: int = MAX_CONNECTIONS,
        welcome: Callable[[str], bool] = lambda address: True,
        proxies: Proxies | None = None,
    ) -> None:
        self.opened, self.received, self.closed = opened, received, closed
        self.delegate, self.path = delegate, path
        self._origins, self._limit, self._welcome = frozenset(origins), limit, welcome
        self.proxies = Proxies() if proxies is None else proxies
        self._draining = False
        # Each second sees to one of the rounds, so that 10,000 pings do not go out at once.
        self._rounds: tuple[set[Connection], ...] = tuple(set() for _ in range(PING_SECONDS))
        self._next = 0
        self._empty = asyncio.Event()
        self._round_of: dict[Connection, int] = {}

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._pinger = self._tasks.create_task(self._ping(), name="socket pings")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._pinger.cancel()
        try:
            await self.close_all()
        finally:
            await self._tasks.__aexit__(None, None, None)

    @property
    def count(self) -> int:
        """Connections open now."""
        return len(self._round_of)

    def refusal(self, origin: str | None, host: str | None, remote: str) -> tuple[int, str] | None:
        """Why a handshake with these headers is refused, as HTTP status and text, or None. No Origin means no browser: welcome."""
        if origin is not None and origin not in self._origins and urlsplit(origin).netloc.lower() != (host or "").lower():
            return 403, "this origin may not connect"
        if self._draining or self.count >= self._limit:
            return 503, "no room now, come back later"
        if remote not in self.proxies and not self._welcome(remote):  # a proxy that names nobody speaks for many
            return 429, "too many from this address, come back later"
        return None

    async def close_all(self, code: int = CloseCode.RESTART, within: float = 3.0) -> None:
        """Refuse newcomers, close everyone with `code`, and wait until they are gone or `within` seconds have passed."""
        self._draining = True
        self._empty.clear()
        for n, conn in enumerate(list(self._round_of)):
            conn.close(code)
            if n % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        try:
            async with asyncio.timeout(within):
                if self._round_of:
                    await self._empty.wait()
        except TimeoutError:
            for conn in list(self._round_of):
                conn.abort()

    def _add(self, conn: Connection) -> None:
        self._round_of[conn] = self._next
        self._rounds[self._next].add(conn)
        self._next = (self._next + 1) % PING_SECONDS
        self._call(conn, self.opened, conn)

    def _remove(self, conn: Connection, code: int) -> None:
        if conn in self._round_of:
            self._rounds[self._round_of.pop(conn)].discard(conn)
            self._call(conn, self.closed, conn, code)
        if not self._round_of:
            self._empty.set()

    def _call(self, conn: Connection, callback: Callable[..., None], *args: object) -> None:
        try:
            callback(*args)
        except Exception:
            logger.exception("%s failed", callback)
            conn.close(CloseCode.INTERNAL)

    async def _ping(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(1.0)
            for conn in list(self._rounds[turn]):
                conn.check()
            turn = (turn + 1) % PING_SECONDS
