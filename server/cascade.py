"""Sessions of other nodes, pulled by WHEP for the viewers here: each floor and each interpretation once, while somebody watches.

Only a session's origin is pulled from, and it feeds only what it originates: so no chain of nodes can close into a loop.
"""

import asyncio
import contextlib
import logging
import math
import random
from dataclasses import dataclass, field
from typing import Self

import httpx

from realtime.relay import RelayDown, RelayError, RelayProcess, UnknownResource
from server.auth import Tokens
from server.placement import Placement
from server.registry import Node

LINGER = 5.0
"""Seconds a pull goes on after its last viewer: people reload pages and change languages."""

LOOK = 0.5
"""Seconds between two looks at who watches."""

READY = 4.0
"""Seconds a viewer's request waits for the first packet of a pull; past it the session is not live (409)."""

ANSWER = 3.0
"""Seconds the other node has to answer."""

RETRY = 0.2, 5.0
"""First and longest wait before trying again; doubled each time, with jitter. It ends with the viewers, or with the origin."""

GO = 1.0
"""Seconds that players have to go by themselves when this node ends, and over which the others are then ended."""

STEP = 0.1
"""Seconds between two looks whether they have gone, and between two that are ended: the next node must answer them all."""

AGAIN = 1.5
"""Seconds that who was ended has to ask again, to be told where to go."""

SDP = {"Content-Type": "application/sdp"}

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pull:
    """One channel of another node's, while it is wanted. `resource` names it in the relay while it runs."""

    session: str
    lang: str | None
    until: float
    origin: str = ""
    resource: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Cascade:
    """`async with` it, inside the placement and the relay. `failures` counts tries that gave no media."""

    def __init__(self, placement: Placement, relay: RelayProcess, tokens: Tokens, url: str) -> None:
        self._placement, self._relay, self._tokens, self._url = placement, relay, tokens, url
        self._pulls: dict[tuple[str, str | None], Pull] = {}
        self.failures = 0
        self._pulse = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=ANSWER, trust_env=False)
        self._group = await asyncio.TaskGroup().__aenter__()
        self._looking = self._group.create_task(self._keep_looking(), name="cascade")
        self._placement.listeners.append(self.heard)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._placement.listeners.remove(self.heard)
        self._looking.cancel()
        for pull in self._pulls.values():
            if pull.task is not None:
                pull.task.cancel()
        await self._group.__aexit__(None, None, None)
        await self._http.aclose()

    @property
    def pulls(self) -> list[Pull]:
        """Those that run now."""
        return [pull for pull in self._pulls.values() if pull.resource is not None]

    def heard(self) -> None:
        """Something has happened that a pull may wait for."""
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    def ended(self, resource: str) -> None:
        """The relay has ended a peer."""
        if any(pull.resource == resource for pull in self._pulls.values()):
            self.heard()

    async def ready(self, session: str, lang: str | None = None) -> None:
        """Have the session here for a viewer who hears `lang`. Waits until it is, or READY; does nothing for what originates here."""
        origin = self._placement.origin(session)
        if origin is None or not origin.sessions[session].live:
            return
        channels = {None, lang}.intersection((None, *origin.sessions[session].languages))
        for wanted in channels:
            self._want(session, wanted)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY):
                while not all(self._relay.live(session, wanted) for wanted in channels):
                    await self._pulse.wait()

    async def take(self, session: str) -> str | None:
        """Originate a session here: None if this node does, else the URL of the one that does."""
        owner = await self._placement.take(session)
        if owner is None:
            await self._stop(session)
            self._placement.hold(session)
        return owner

    async def send_away(self) -> None:
        """Let the viewers go to other nodes: those who were told and have not gone after GO seconds are ended, some at a time."""
        with contextlib.suppress(RelayDown):
            viewers = await self._viewers()
            if not viewers:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GO):
                    while await self._viewers():
                        await self._wait(STEP)
            while await self._relay.send_away(math.ceil(viewers * STEP / GO)):
                await self._wait(STEP)
        await asyncio.sleep(AGAIN)

    async def _viewers(self) -> int:
        return sum(demand.viewers for demand in (await self._relay.demand()).values())

    # Who wants what

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(RelayDown):
                for session, demand in (await self._relay.demand()).items():
                    origin = self._placement.origin(session)
                    if origin is not None and demand.viewers:
                        self._want(session, None)
                        for lang in demand.languages.intersection(origin.sessions[session].languages):
                            self._want(session, lang)
            await self._wait(LOOK)

    def _want(self, session: str, lang: str | None) -> None:
        now = asyncio.get_running_loop().time()
        pull = self._pulls.get((session, lang))
        if pull is None:
            pull = self._pulls[session, lang] = Pull(session, lang, now + LINGER)
            pull.task = self._group.create_task(self._keep(pull), name=f"pull of {session}")
        pull.until = now + LINGER

    def _still(self, pull: Pull) -> bool:
        """Whether it is wanted, and its origin is not known to be another."""
        origin = self._placement.origin(pull.session)
        moved = origin is not None and origin.url != pull.origin
        return not moved and asyncio.get_running_loop().time() < pull.until

    async def _stop(self, session: str) -> None:
        tasks = [pull.task for (name, _), pull in self._pulls.items() if name == session and pull.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # A pull

    async def _keep(self, pull: Pull) -> None:
        """Pull until nobody wants it; again after a failure, and from another node when the session moves there."""
        wait, longest = RETRY
        try:
            while asyncio.get_running_loop().time() < pull.until:
                origin = self._placement.origin(pull.session)
                if origin is None:
                    await self._wait(LOOK)
                    continue
                began = asyncio.get_running_loop().time()
                try:
                    await self._once(pull, origin)
                except Exception as error:
                    # Whatever it is must cost no other pull.
                    self.failures += 1
                    expected = isinstance(error, httpx.HTTPError | RelayError)
                    logger.warning("session %s from %s: %r", pull.session, origin.url, error, exc_info=not expected)
                if asyncio.get_running_loop().time() - began > longest:
                    wait = RETRY[0]
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(longest, wait * 2)
        finally:
            del self._pulls[pull.session, pull.lang]

    async def _once(self, pull: Pull, origin: Node) -> None:
        """One pull from its offer to its end. Its goodbye is the DTLS alert: the other node forgets it by that."""
        pull.origin = origin.url
        offer = await self._relay.offer_pull(pull.lang)
        headers = SDP | {"Authorization": f"Bearer {self._tokens.issue_node(self._url, pull.session)}"}
        params = {} if pull.lang is None else {"lang": pull.lang}
        answer = await self._http.post(f"{origin.url}/cascade/{pull.session}", content=offer.sdp, headers=headers, params=params)
        answer.raise_for_status()
        pull.resource = await self._relay.pull(pull.session, pull.lang, offer, answer.text)
        try:
            while self._still(pull):
                await self._relay.resource(pull.resource)
                await self._wait(LOOK)
        finally:
            with contextlib.suppress(UnknownResource, RelayDown):
                await self._relay.end(pull.resource)
            pull.resource = None

    async def _wait(self, seconds: float) -> None:
        """Until something is heard, or so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pulse.wait()
