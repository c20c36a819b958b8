"""Where a session's media comes from and who takes its next viewer: this node's view of all nodes.

The node that a session is published to is its origin; all others have it from there (`server.cascade`). Without a registry this
node is the only one, and the origin of everything.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Literal, Self

from redis.exceptions import RedisError

from realtime.relay import Demand, RelayDown, RelayProcess
from server.registry import LIFETIME, Carried, Node, Registry

BEAT = 0.5
"""Seconds between two words of this node; what has changed is said at once."""

CONNECT = 15.0
"""Seconds a publisher has from its offer to its first packet before another node may become the origin."""

RETURN = 5.0
"""Seconds after its last packet: whoever comes back so soon comes back here."""

Where = Literal["here", "there"] | None
"""Where media of a channel arrives from its publisher: at this node, at another, nowhere."""

Placed = Callable[[str, str | None, Where], None]
"""Called with a session, a language (None is the floor) and where it is."""

Channel = tuple[str, str | None]

NOBODY = Demand(0, frozenset())

logger = logging.getLogger(__name__)


class Placement:
    """`async with` it, inside the relay. `placed` is called when a channel is elsewhere than it was; `limit` is of a session's viewers."""

    def __init__(self, registry: Registry | None, url: str, limit: int, relay: RelayProcess, placed: Placed) -> None:
        self._registry, self._url, self._limit, self._relay, self._placed = registry, url, limit, relay, placed
        self.draining = False
        self.nodes: Mapping[str, Node] = {}
        """All that live, by URL. While Redis does not answer it stays as it was: better an old view than none."""
        self.listeners: list[Callable[[], None]] = []
        """Called whenever `nodes` may have changed."""
        self._leases: dict[str, float] = {}
        """The sessions this node originates, and until when at least."""
        self._arriving: set[Channel] = set()
        self._places: dict[Channel, Where] = {}
        self._wake = asyncio.Event()
        self._leaving = False
        self._forgetful = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_beating(self._registry), name="placement") if self._registry else None
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._task is None or self._registry is None:
            return
        # Not by cancelling: on Python 3.11 asyncio.wait_for, by which redis-py sends, may swallow that.
        self._leaving = True
        self._wake.set()
        await self._task
        with contextlib.suppress(RedisError, OSError):
            for session in self._leases:
                await self._registry.give_up(session)
            await self._registry.leave()

    # What is where

    def originates(self, session: str) -> bool:
        """Whether it is published here, as far as it is published."""
        return self._registry is None or session in self._leases

    def where(self, session: str, lang: str | None) -> Where:
        """Where media of a channel arrives from its publisher."""
        return self._places.get((session, lang))

    def origin(self, session: str) -> Node | None:
        """The other node that the session is published to."""
        if self.originates(session):
            return None
        return next((node for node in self._others() if session in node.sessions and node.sessions[session].origin), None)

    def best(self, session: str) -> Node | None:
        """Another node that takes a viewer of this session: of two taken at random the emptier one.

        The emptiest of all would be sent everybody until it says that it is full.
        """
        return self._emptier(session, lambda carried: True)

    def slate(self, session: str) -> Node | None:
        """Another node that shows the slate of a session whose source is away, and takes a viewer."""
        return self._emptier(session, lambda carried: carried.slate)

    def _emptier(self, session: str, fit: Callable[[Carried], bool]) -> Node | None:
        carried = {node.url: node.sessions.get(session, Carried()) for node in self._others()}
        able = [node for node in self._others() if not node.draining and carried[node.url].viewers < node.limit and fit(carried[node.url])]
        return min(random.sample(able, min(2, len(able))), key=lambda node: node.viewers, default=None)

    def tell_again(self, session: str) -> None:
        """Say where a session is that was not known before."""
        for channel, where in self._places.items():
            if channel[0] == session:
                self._tell(channel, where)

    def _others(self) -> list[Node]:
        return [node for url, node in self.nodes.items() if url != self._url]

    # Who originates

    async def take(self, session: str) -> str | None:
        """Ask to originate a session: None if this node may, and does from `hold` on; else the URL of the one that does.

        If Redis does not answer it may: better two origins for a moment than no stage.
        """
        if self._registry is None or session in self._leases:
            return None
        try:
            owner = await self._registry.take(session)
        except (RedisError, OSError) as error:
            logger.warning("nobody knows where %s originates, so it does here: %s", session, error)
            return None
        return None if owner == self._url else owner

    def hold(self, session: str) -> None:
        """Originate a session that was taken; CONNECT without a packet gives it up."""
        if self._registry is not None:
            self._leases[session] = max(self._leases.get(session, 0.0), time.monotonic() + CONNECT)
            self._changed()

    async def give_up(self, session: str) -> None:
        """Let another node originate a session, whoever publishes it here."""
        self._leases.pop(session, None)
        if self._registry is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._registry.give_up(session)
        self._changed()

    def arrived(self, session: str, lang: str | None, live: bool) -> None:
        """The relay has media of a channel, or has it no more: from a publisher or from another node."""
        (self._arriving.add if live else self._arriving.discard)((session, lang))
        self._changed()

    async def drain(self) -> bool:
        """Take nobody from now on; returns whether there is another node that does."""
        self.draining = True
        if self._registry is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._say(self._registry)
        return any(not node.draining for node in self._others())

    # The beat

    def _changed(self) -> None:
        self._place()
        self._wake.set()

    async def _keep_beating(self, registry: Registry) -> None:
        while not self._leaving:
            self._wake.clear()
            try:
                await self._say(registry)
                self.nodes = self._seen(await registry.nodes())
            except (RedisError, OSError) as error:
                logger.warning("the nodes are not known: %s", error)
            self._place()
            for listener in self.listeners:
                listener()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._wake.wait()

    def _seen(self, nodes: Mapping[str, Node]) -> Mapping[str, Node]:
        return {**self.nodes, **nodes} if time.monotonic() < self._forgetful else nodes

    async def _say(self, registry: Registry) -> None:
        try:
            demand = await self._relay.demand()
        except RelayDown:
            demand = {}
        for session in self._expired():
            await registry.give_up(session)
        beat = await registry.beat(self._word(demand), list(self._leases))
        if not beat.known:
            # It was started again, and knows for a while only who has spoken since.
            self._forgetful = time.monotonic() + LIFETIME
        for session in beat.lost:
            logger.warning("session %s originates elsewhere by now", session)
            self._leases.pop(session, None)

    def _expired(self) -> list[str]:
        """The sessions given up now: nobody has published them for a while."""
        now = time.monotonic()
        for session, _ in self._arriving:
            if session in self._leases:
                self._leases[session] = max(self._leases[session], now + RETURN)
        over = [session for session, until in self._leases.items() if until < now]
        for session in over:
            del self._leases[session]
        return over

    def _word(self, demand: Mapping[str, Demand]) -> Node:
        names = {*demand, *self._leases}
        sessions = {name: self._carried(name, demand.get(name, NOBODY)) for name in names}
        return Node(self._url, sum(of.viewers for of in demand.values()), self._limit, self.draining, sessions)

    def _carried(self, session: str, demand: Demand) -> Carried:
        if session not in self._leases:
            return Carried(demand.viewers, slate=demand.slate)
        languages = sorted(lang for name, lang in self._arriving if name == session and lang is not None)
        return Carried(demand.viewers, True, (session, None) in self._arriving, languages, demand.slate)

    def _place(self) -> None:
        """Tell what has changed."""
        places: dict[Channel, Where] = {channel: "here" for channel in self._arriving if self.originates(channel[0])}
        for node in self._others():
            for session, carried in node.sessions.items():
                if carried.origin and not self.originates(session):
                    floor: list[str | None] = [None] if carried.live else []
                    places |= {(session, lang): "there" for lang in [*floor, *carried.languages]}
        before, self._places = self._places, places
        for channel in {*before, *places}:
            if before.get(channel) != places.get(channel):
                self._tell(channel, places.get(channel))

    def _tell(self, channel: Channel, where: Where) -> None:
        try:
            self._placed(*channel, where)
        except Exception:
            # The listener's trouble must not take this node off the list.
            logger.exception("where %s is was not told", channel)
