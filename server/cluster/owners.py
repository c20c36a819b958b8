"""Which process owns each session's state: one at a time, by a lease in Redis and a term in the database.

Whoever first has something to do with a session takes its lease, begins a term and reads the rows; the others go there. The lease says
whom to ask and is renewed by the beat; the term is what nobody can be wrong about: a process that was paused past its lease finds that
its writes are of an earlier term, and gives up. Without a registry this process owns everything.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self

from redis.exceptions import RedisError

from realtime.closing import CloseCode
from server.errors import NotFound, Unavailable
from server.live import LiveSession
from server.registry import Registry
from sessions.programme import Session
from sessions.store import Store, Term

BEAT = 0.5
"""Seconds between two renewals of the leases."""

SETTLE_SECONDS = 3.0
"""How long commands under way have for their answers before a session is handed over; what comes later is not written and not
acknowledged, and its client says it again."""

Open = Callable[[Session, Term | None, Callable[[], None]], Awaitable[LiveSession]]
Close = Callable[[LiveSession], None]

logger = logging.getLogger(__name__)


class Owners:
    """`async with` it. `lives` are the sessions that this process owns, by id; `open` and `close` bring one up and down."""

    def __init__(
        self,
        registry: Registry | None,
        url: str,
        sessions: dict[str, Session],
        lives: dict[str, LiveSession],
        store: Store,
        open: Open,
        close: Close,
    ) -> None:
        self._registry, self._url, self._sessions, self._store = registry, url, sessions, store
        self._lives, self._open, self._close = lives, open, close
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: set[str] = set()
        self._known: dict[str, str] = {}
        """Who owned each session when that was last said: asked while Redis does not answer."""
        self._draining = self._leaving = False
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = None
        if self._registry is not None:
            self._task = asyncio.create_task(self._keep(self._registry), name="owners")
            return self
        for session in list(self._sessions.values()):
            await self.add(session)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.drain()
        if self._task is not None:
            # Not by cancelling: on Python 3.11 asyncio.wait_for, by which redis-py sends, may swallow that.
            self._leaving = True
            self._wake.set()
            await self._task
        for live in list(self._lives.values()):
            self._close(live)

    async def add(self, session: Session) -> None:
        """A session is in the programme. Raises what `open` does; then it is not."""
        self._sessions[session.id] = session
        if self._registry is not None or session.id in self._lives:
            return  # with others, it is opened where somebody asks for it
        try:
            self._lives[session.id] = await self._open(session, None, lambda: None)
        except BaseException:
            del self._sessions[session.id]
            raise

    async def find(self, session: str) -> LiveSession | str:
        """The session if it is, or can be, this process's; else the URL of the node that owns it.

        Raises NotFound for no session, Unavailable when that cannot be said now.
        """
        if session not in self._sessions:
            raise NotFound("there is no such session")
        async with self._locks[session]:
            live = self._lives.get(session)
            if live is not None and not live.leaving:
                return live
            owner = await self._ask(session)
            if owner == self._url and not self._draining:
                return await self._take(session)
        if owner is None or owner == self._url:
            raise Unavailable("the session is on its way to another process", retry_after=1)
        return owner

    async def drain(self) -> None:
        """Take no more sessions, and leave those that are owned to the others: every command taken is answered, and no other is."""
        self._draining = True
        if self._registry is not None:
            await asyncio.gather(*(self._hand_over(self._registry, session) for session in list(self._lives)))

    async def _ask(self, session: str) -> str | None:
        if self._registry is None:
            return None
        try:
            owner = await (self._registry.owner(session) if self._draining else self._registry.own(session))
        except (RedisError, OSError) as error:
            logger.warning("Redis does not say who owns %s: %s", session, error)
            if self._known.get(session, self._url) == self._url:
                raise Unavailable("nobody can say now where this session is", retry_after=1) from None
            return self._known[session]
        if owner is not None:
            self._known[session] = owner
        return owner

    async def _take(self, session: str) -> LiveSession:
        self._held.add(session)
        try:
            term = await self._store.reign(session)
            live = await self._open(self._sessions[session], term, partial(self._lose, session))
        except Exception:
            logger.exception("session %s could not be taken over", session)
            self._held.discard(session)
            await self._disown(session)
            raise Unavailable("the session could not be read", retry_after=1) from None
        self._lives[session] = live
        logger.info("session %s is here, in term %d", session, term.number)
        return live

    async def _hand_over(self, registry: Registry, session: str) -> None:
        live = self._lives[session]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await live.settle()
        self._lives.pop(session, None)
        self._close(live)
        await self._store.write()  # behind all that was kept, so that the next owner reads it
        self._held.discard(session)
        await self._disown(session)
        _send_away(live)

    def _lose(self, session: str) -> None:
        """Another process has taken it. Its people come back, and find it there."""
        self._held.discard(session)
        live = self._lives.pop(session, None)
        if live is None:
            return
        logger.warning("session %s is another process's by now", session)
        self._close(live)
        _send_away(live)

    async def _disown(self, session: str) -> None:
        if self._registry is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._registry.disown(session)

    async def _keep(self, registry: Registry) -> None:
        while not self._leaving:
            try:
                for session in await registry.keep(sorted(self._held)):
                    self._lose(session)
            except (RedisError, OSError) as error:
                logger.warning("the sessions' leases are not renewed: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._wake.wait()


def _send_away(live: LiveSession) -> None:
    for conn in live.sockets:
        conn.close(CloseCode.RESTART)
