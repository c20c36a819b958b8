"""Clients whose session another process owns: what they say goes there, and what comes back is theirs.

The socket stays here, and so does the fan-out: this process mirrors the channels that its clients follow. When the owner ends or
changes, they are closed with 1012 and come back; what was not acknowledged they say again, by the same key.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, assert_never

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from realtime.closing import CloseCode
from realtime.endpoint import Connection
from realtime.errors import DeliveryError
from realtime.hub import Hub
from realtime.remote import Close, Down, Ended, Follow, Gone, Misplaced, Pipe, PipeBroken, Remote, Said, Told, Unfollow, read_down
from server.auth import Tokens
from server.cluster.host import EVERY_SESSION, PATH
from server.cluster.owners import Owners
from server.errors import Problem, Unavailable
from server.live import LiveSession

PATIENCE = 10.0
"""Seconds that clients wait for their session's owner, longer than a dead one's lease; past it they are closed with 1012."""

NOWHERE = "the session is nowhere now"

RETRY = 0.2
"""Seconds between two questions who that is."""

CONNECT_SECONDS = 2.0
"""What a link may take to be there."""

PING, PONG = 1.0, 3.0
"""Seconds between two pings of an owner, and until it counts as dead without an answer."""

WAITING = 64
"""Messages that a client may say before its owner is found; past it the connection is closed with 1008."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Away:
    """What a connection is whose session is elsewhere. `take` says whether its person may say one more thing now."""

    session: str
    hello: bytes
    number: int
    take: Callable[[], bool]
    until: float
    """Monotonic time: how long its owner is looked for."""
    waiting: list[bytes] = field(default_factory=list)
    """What was said before the welcome: until then the session may turn out to be elsewhere."""
    welcomed: bool = False
    link: "Link | None" = None
    refused: int = 0


class Link:
    """The way to one owner. `conns` are the clients who go by it, by number."""

    def __init__(self, url: str) -> None:
        self.url, self.pipe = url, Pipe()
        self.conns: dict[int, Connection] = {}
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """Whether it is there; False for one that never was."""


class Edge:
    """`admit` handles a first message of a client whose session turns out to be, or becomes, this process's own."""

    def __init__(
        self,
        owners: Owners,
        hub: Hub,
        tokens: Tokens,
        url: str,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        admit: Callable[[Connection, bytes], None],
    ) -> None:
        self._owners, self._hub, self._tokens, self._url, self._spawn, self._admit = owners, hub, tokens, url, spawn, admit
        self._numbers = itertools.count(1)
        self._links: dict[str, Link] = {}
        self._homes: dict[str, Link] = {}
        """The link by which each session is reached."""
        self._mirrors: dict[str, Link] = {}
        """Whose channels are mirrored here, by name."""
        self._seeking: dict[str, dict[Connection, None]] = {}
        """Those who wait for their session to be found."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def close(self) -> None:
        """Cut the links. Nobody is looked for any more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    # What the sockets tell

    def enter(self, conn: Connection, session: str, hello: bytes, take: Callable[[], bool]) -> None:
        """A client has said hello to a session that is not here."""
        conn.settle()
        conn.attach = away = Away(session, hello, next(self._numbers), take, time.monotonic() + PATIENCE)
        if isinstance(conn, Remote):
            self._start(self._judge(conn, away))
        else:
            self._place(conn, away)

    def say(self, conn: Connection, data: bytes) -> None:
        """Pass on what a client says. Raises Unavailable while the owner is behind."""
        away: Away = conn.attach
        if away.link is not None and away.link.pipe.full:
            raise Unavailable("too much waits for the session; try again in a moment")
        if not away.welcomed:
            if len(away.waiting) == WAITING:
                conn.close(CloseCode.POLICY, "too much before the welcome")
                return
            away.waiting.append(data)
        if away.link is not None:
            away.link.pipe.put(Said(away.number, data), len(data))

    def left(self, conn: Connection, code: int) -> None:
        """A client's connection has ended."""
        away: Away = conn.attach
        self._seeking.get(away.session, {}).pop(conn, None)
        if away.link is not None and away.link.conns.pop(away.number, None) is not None:
            away.link.pipe.put(Gone(away.number, code))

    # Where the session is

    async def _judge(self, conn: Remote, away: Away) -> None:
        """Another process thinks that this one owns a session."""
        try:
            found = await self._owners.find(away.session)
        except Problem:
            found = ""
        if isinstance(found, str):
            conn.misplaced()
        else:
            self._let_in(conn, away)

    def _place(self, conn: Connection, away: Away, pause: float = 0.0) -> None:
        link = self._homes.get(away.session)
        if link is not None:
            self._join(conn, away, link)
            return
        if away.session in self._seeking:
            self._seeking[away.session][conn] = None
            return
        self._seeking[away.session] = {conn: None}
        self._start(self._seek(away.session, pause))

    def _let_in(self, conn: Connection, away: Away) -> None:
        if not conn.open:
            return  # gone meanwhile
        conn.attach = None
        for data in (away.hello, *away.waiting):
            self._admit(conn, data)

    def _join(self, conn: Connection, away: Away, link: Link) -> None:
        away.link, link.conns[away.number] = link, conn
        for data in (away.hello, *away.waiting):
            link.pipe.put(Said(away.number, data), len(data))

    async def _seek(self, session: str, pause: float) -> None:
        """Find the owner, or become it, and let everyone in who waits for that."""
        until = time.monotonic() + PATIENCE
        found = None
        try:
            await asyncio.sleep(pause)
            while (found := await self._found(session)) is None:
                if time.monotonic() > until:
                    break
                await asyncio.sleep(RETRY)
        finally:
            waiting = self._seeking.pop(session)
        if isinstance(found, Link):
            self._homes[session] = found
        for conn in waiting:
            away: Away = conn.attach
            if isinstance(found, Link):
                self._join(conn, away, found)
            elif found is None:
                conn.close(CloseCode.RESTART, NOWHERE)
            else:
                self._let_in(conn, away)

    async def _found(self, session: str) -> LiveSession | Link | None:
        try:
            where = await self._owners.find(session)
        except Problem:
            return None
        if isinstance(where, LiveSession):
            return where
        link = self._links.get(where)
        if link is None:
            link = self._links[where] = Link(where)
            self._start(self._run(link))
        return link if await asyncio.shield(link.ready) and self._links.get(where) is link else None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                with suppress(asyncio.CancelledError):  # by `close`, at the end of it all
                    await work
            finally:
                self._tasks.discard(task)

        self._spawn(run())

    # A link

    async def _run(self, link: Link) -> None:
        try:
            await self._carry(link)
        except (OSError, TimeoutError, WebSocketException, PipeBroken, msgspec.DecodeError) as error:
            logger.info("the link to %s has ended: %r", link.url, error)
        finally:
            self._lost(link)

    async def _carry(self, link: Link) -> None:
        headers = {"Authorization": f"Bearer {self._tokens.issue_node(self._url, EVERY_SESSION)}"}
        address = f"ws{link.url.removeprefix('http')}{PATH}"
        options: dict[str, Any] = {"compression": None, "proxy": None, "max_size": None, "open_timeout": CONNECT_SECONDS}
        async with connect(address, additional_headers=headers, ping_interval=PING, ping_timeout=PONG, **options) as socket:
            sending = asyncio.create_task(link.pipe.run(socket.send))
            sending.add_done_callback(lambda _: socket.transport.abort())
            link.ready.set_result(True)
            try:
                async for data in socket:
                    assert isinstance(data, bytes)
                    for message in read_down(data):
                        self._take(link, message)
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError, WebSocketException, PipeBroken):
                    await sending

    def _lost(self, link: Link) -> None:
        """Everyone who was welcomed by it comes back; the others go on looking."""
        del self._links[link.url]
        if not link.ready.done():
            link.ready.set_result(False)
        for session in [session for session, home in self._homes.items() if home is link]:
            del self._homes[session]
        for conn in list(link.conns.values()):
            if conn.attach.welcomed or self._closed:
                conn.close(CloseCode.RESTART)
            else:
                self._misplaced(link, conn)
        for channel in [channel for channel, home in self._mirrors.items() if home is link]:
            self._forget(link, channel)

    def _take(self, link: Link, message: Down) -> None:
        if isinstance(message, Ended):
            self._forget(link, message.channel)
            return
        conn = link.conns.get(message.conn)
        if conn is None:
            return  # gone meanwhile
        match message:
            case Told(_, texts):
                if not conn.attach.welcomed:
                    conn.attach.welcomed, conn.attach.waiting = True, []
                conn.send(*texts)
            case Follow(_, channel, resume):
                self._follow(link, conn, channel, resume)
            case Unfollow(_, channel):
                self._hub.unsubscribe(conn, channel)
            case Close(_, code, reason):
                conn.close(code, reason)
            case Misplaced():
                self._misplaced(link, conn)
            case _:
                assert_never(message)

    def _follow(self, link: Link, conn: Connection, channel: str, resume: tuple[str, int] | None) -> None:
        try:
            if channel not in self._hub:
                self._hub.mirror(channel)
            self._mirrors[channel] = link
            self._hub.subscribe(conn, channel, resume)
        except DeliveryError as error:
            logger.warning("a client does not follow %s: %s", channel, error)

    def _misplaced(self, link: Link, conn: Connection) -> None:
        """The session has moved since it was asked for: ask again."""
        away: Away = conn.attach
        del link.conns[away.number]
        link.pipe.put(Gone(away.number, CloseCode.LOST))
        away.link, away.number = None, next(self._numbers)
        if self._homes.get(away.session) is link:
            del self._homes[away.session]
        if time.monotonic() > away.until:
            conn.close(CloseCode.RESTART, NOWHERE)
        else:
            self._place(conn, away, RETRY)

    def _forget(self, link: Link, channel: str) -> None:
        if self._mirrors.get(channel) is link:
            del self._mirrors[channel]
            self._hub.unmirror(channel)
