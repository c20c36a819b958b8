"""Where sockets arrive: who may connect, how many, what the application hears of them, and how all of them are told to leave."""

import asyncio
import logging
import random
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from realtime.admission import LINE_SECONDS, Turnstile, window
from realtime.closing import CloseCode, with_window
from realtime.outbox import Outbox
from realtime.patience import Patience
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


class Refusal(NamedTuple):
    """Why a handshake is refused, as HTTP has it; `retry_after` is in seconds, 0 where coming back would not help."""

    status: int
    text: str
    retry_after: int = 0


class Connection(Outbox):
    """One client, whatever carries it. `attach` is the application's own; `remote` is the client's address, "" if it has none."""

    __slots__ = ("_endpoint", "_told", "attach", "remote")

    def __init__(self, endpoint: "Endpoint") -> None:
        super().__init__()
        self._endpoint = endpoint
        self._told = 0
        self.attach: Any = None
        self.remote = ""

    def settle(self) -> None:
        """What a new connection was expected to say has come."""
        self._endpoint._hellos.end(self)

    def window(self) -> int:
        """Tell the client this now: ms within which it should come back, at a random moment, if its connection breaks."""
        self._told = self._endpoint.window
        return self._told

    def outgrown(self) -> bool:
        """Whether the client was told a window that is less than half, or more than twice, what it is now."""
        return self._told > 0 and not self._told <= 2 * self._endpoint.window <= 4 * self._told

    def close(self, code: int, reason: str = "") -> None:
        """As every outbox; with 1012 and 1013 the client is told over how many ms to come back."""
        super().close(code, with_window(code, reason, self._endpoint.window))

    @abstractmethod
    def check(self) -> None:
        """Ping, or cut the connection if it has not answered twice. Called every PING_SECONDS."""

    def _started(self) -> None:
        self.open = True
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
    `proxies`, which are this machine's own if none are named; at the `turnstile` they wait for their turn. `regrown(conn)` is called
    when the `window()` that `conn` was told is no longer true. `async with` it to ping the connections; leaving closes them with 1012.
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
        turnstile: Turnstile | None = None,
        regrown: Callable[[Connection], None] = lambda conn: None,
    ) -> None:
        self.opened, self.received, self.closed = opened, received, closed
        self.delegate, self.path = delegate, path
        self._origins, self._limit, self._welcome = frozenset(origins), limit, welcome
        self.proxies = Proxies() if proxies is None else proxies
        self._turnstile = Turnstile() if turnstile is None else turnstile
        self._regrown = regrown
        self._draining = False
        self._leaving = 0
        self._hellos: Patience[Connection] = Patience(_silent)
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
            self._hellos.stop()
            await self._tasks.__aexit__(None, None, None)

    @property
    def count(self) -> int:
        """Connections open now."""
        return len(self._round_of)

    @property
    def window(self) -> int:
        """Milliseconds over which the clients should come back if all were cut off now."""
        return window(max(self.count, self._leaving))

    def refusal(self, origin: str | None, host: str | None, remote: str) -> Refusal | None:
        """Why a handshake with these headers is refused, or None. No Origin means no browser: welcome."""
        if origin is not None and origin not in self._origins and urlsplit(origin).netloc.lower() != (host or "").lower():
            return Refusal(403, "this origin may not connect")
        if (full := self.full()) is not None:
            return full
        if remote not in self.proxies and not self._welcome(remote):  # a proxy that names nobody speaks for many
            return Refusal(429, "too many from this address, come back later", self._later())
        return None

    def full(self) -> Refusal | None:
        """Why nobody is let in now, or None. Asked again when a turn has come."""
        if self._draining or self.count >= self._limit:
            return Refusal(503, "no room now, come back later", self._later())
        return None

    def turn(self) -> float | Refusal:
        """Seconds that one more handshake has to wait for its answer."""
        turn = self._turnstile.turn()
        return Refusal(503, "too many come at once, come back later", int(LINE_SECONDS) + self._later()) if turn is None else turn

    def _later(self) -> int:
        """Seconds, of each refused client others: they would come back together."""
        return random.randint(1, 1 + self.window // 1000)

    def tell_all(self, text: bytes) -> None:
        """Send a message to everyone who is connected and has said hello, a slice at a time."""
        self._tell(text, [conn for conn in self._round_of if conn not in self._hellos])

    def _tell(self, text: bytes, conns: list[Connection]) -> None:
        for conn in conns[:SLICE]:
            conn.send(text)
        if conns[SLICE:]:
            asyncio.get_running_loop().call_soon(self._tell, text, conns[SLICE:])

    async def close_all(self, code: int = CloseCode.RESTART, within: float = 3.0) -> None:
        """Refuse newcomers, close everyone with `code`, and wait until they are gone or `within` seconds have passed."""
        self._draining, self._leaving = True, max(self.count, self._leaving)
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
        self._hellos.begin(conn, HELLO_SECONDS)
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
                if conn.outgrown():
                    self._call(conn, self._regrown, conn)
            turn = (turn + 1) % PING_SECONDS


def _silent(conn: Connection) -> None:
    conn.close(CloseCode.POLICY, f"no hello within {HELLO_SECONDS:g} s")
