"""Sessions made into HLS while somebody asks for them, and a little longer."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from babel import Locale, UnknownLocaleError

from realtime.relay import RelayError, RelayProcess, Segment
from realtime.relay.hls.window import Window
from server.errors import Unavailable

IDLE = 60.0
"""Seconds without a question, or without anything to show, after which a session is made into HLS no more."""

FIRST = 12.0
"""Seconds that the first who asks waits for the first segment; past it 503 with Retry-After."""

WATCH = 5.0
"""Seconds between two looks for sessions that nobody asks for."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    asked_at: float
    shown_at: float
    window: Window = field(default_factory=Window)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, segment: Segment) -> None:
        self.shown_at = time.monotonic()
        self.window.add(segment)
        self.begun.set()


class Hls:
    """`async with` it, inside the relay's own block."""

    def __init__(self, relay: RelayProcess) -> None:
        self._relay = relay
        self._kept: dict[str, _Kept] = {}

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._watcher = self._group.create_task(self._watch(), name="hls watch")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._watcher.cancel()
        for session in list(self._kept):
            self._forget(session)
        await self._group.__aexit__(None, None, None)

    async def window(self, session: str) -> Window:
        """The session's segments, one at least; asking is what keeps them coming.

        Raises NotLive, TooManyViewers and RelayDown as `Relay.package`, Unavailable when none comes in FIRST.
        """
        now = time.monotonic()
        kept = self._kept.get(session)
        if kept is None:
            kept = self._kept[session] = _Kept(now, now)
            try:
                await self._relay.package(session, kept.add)
            except BaseException:
                self._forget(session)
                raise
        kept.asked_at = now
        try:
            async with asyncio.timeout(FIRST):
                await kept.begun.wait()
        except TimeoutError:
            raise Unavailable("the first segment is not there yet", code="not_ready", retry_after=2) from None
        return kept.window

    def held(self, session: str) -> Window | None:
        """The session's segments, if there are any; for those who have a playlist."""
        kept = self._kept.get(session)
        return kept.window if kept is not None else None

    @property
    def octets(self) -> dict[str, int]:
        """Bytes held of each session that is made into HLS."""
        return {session: kept.window.size for session, kept in self._kept.items()}

    def changed(self, session: str, live: bool) -> None:
        """Media of a session begins or ends. It begins elsewhere when the relay's process was another one before."""
        if live and session in self._kept and not self._relay.packages(session):
            self._group.create_task(self._resume(session), name=f"hls of {session}")

    async def _resume(self, session: str) -> None:
        kept = self._kept.get(session)
        if kept is None:
            return
        try:
            await self._relay.package(session, kept.add)
        except RelayError as error:
            logger.warning("HLS of %s does not go on: %s", session, error)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH)
            now = time.monotonic()
            for session, kept in list(self._kept.items()):
                if now - min(kept.asked_at, kept.shown_at) > IDLE:
                    self._forget(session)

    def _forget(self, session: str) -> None:
        self._kept.pop(session, None)
        self._relay.unpackage(session)


@lru_cache(maxsize=256)
def own_name(tag: str) -> str:
    """What its speakers call a language, from CLDR; the tag itself where nobody knows."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name(tag.replace("-", "_")) or tag
    except (UnknownLocaleError, ValueError):
        return tag
    return name[:1].upper() + name[1:].replace('"', "")
