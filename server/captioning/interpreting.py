"""A line's way into the other languages, a lane each, so that a slow one delays no other: finals in their order, the line in the making
when none waits.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from server.captioning.readers import Readers
from server.captioning.room import Lane, Line, Room
from server.patch import Doc

QUEUE_LIMIT = 200
"""Final lines that wait for translation into a language; past it a line goes out untranslated."""

PARTIAL_PAUSE = 0.3
"""Seconds between two translations of lines in the making into a language."""

Translate = Callable[[str, str, str, str], Awaitable[str | None]]
"""A session's text from one language into another; None when nobody can say it."""

logger = logging.getLogger(__name__)


class Interpreting:
    """`spawn` starts a task that its owner cancels; each language of a room gets one with its first line."""

    def __init__(self, readers: Readers, translate: Translate, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._readers, self._translate, self._spawn = readers, translate, spawn

    def final(self, room: Room, line: Line) -> None:
        """Queue a line, or one that was corrected."""
        if "revision" not in line.cue:
            for lane in room.lanes.values():
                lane.partial = None  # it was this line, or an older one
        for lang in line.langs:
            lane = self._lane(room, lang)
            if len(lane.waiting) >= QUEUE_LIMIT:
                logger.warning("%s: %d lines wait for translation into %s; one goes without", room.session.id, QUEUE_LIMIT, lang)
                self._readers.translated(room, lang, line.number, line.cue | {"via": "untranslated"})
            else:
                lane.waiting.append(line)
                lane.wake.set()

    def partial(self, room: Room, cue: Doc) -> None:
        """The newest line in the making replaces the one that waits."""
        for lang in room.machine(time.monotonic()):
            lane = self._lane(room, lang)
            lane.partial = cue
            lane.wake.set()

    def _lane(self, room: Room, lang: str) -> Lane:
        if lang not in room.lanes:
            room.lanes[lang] = Lane()
            self._spawn(self._run(room, lang, room.lanes[lang]))
        return room.lanes[lang]

    async def _run(self, room: Room, lang: str, lane: Lane) -> None:
        due = 0.0
        while not room.closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if lane.partial is None else max(0.0, due - time.monotonic())):
                    await lane.wake.wait()
            lane.wake.clear()
            while lane.waiting:
                line = lane.waiting.popleft()
                await self._into(room, lang, lane, line.cue, line.number)
            if lane.partial is not None and time.monotonic() >= due:
                partial, lane.partial = lane.partial, None
                # Only worth a translation while somebody reads it.
                if self._readers.reading(room, lang):
                    await self._into(room, lang, lane, partial, None)
                    due = time.monotonic() + PARTIAL_PAUSE

    async def _into(self, room: Room, lang: str, lane: Lane, cue: Doc, number: int | None) -> None:
        text = await self._translate(room.session.id, cue["text"], cue["lang"], lang)
        if room.closed:
            return
        made = {"via": "untranslated"} if text is None else {"via": "machine", "text": text, "lang": lang}
        room.writers[lang].faulty = text is None
        if number is not None:
            room.calm_ends(lang, cue)
            self._readers.translated(room, lang, number, cue | made)
        elif not lane.waiting and not room.writers[lang].holds(time.monotonic()):
            shown = room.calmed(lang, cue | made)
            if shown["text"]:
                self._readers.partial(room, lang, shown)
