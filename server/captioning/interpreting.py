"""A line's way into the other languages: finals in their order, the line in the making when none waits, once per language."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from server.captioning.readers import Readers
from server.captioning.room import Line, Room
from server.patch import Doc

QUEUE_LIMIT = 200
"""Final lines of a session that wait for translation; past it a line goes out untranslated."""

PARTIAL_PAUSE = 0.3
"""Seconds between two translations of lines in the making."""

Translate = Callable[[str, str, str, str], Awaitable[str | None]]
"""A session's text from one language into another; None when nobody can say it."""

logger = logging.getLogger(__name__)


class Interpreting:
    """`spawn` starts a task that its owner cancels; a room gets one with its first line."""

    def __init__(self, readers: Readers, translate: Translate, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._readers, self._translate, self._spawn = readers, translate, spawn

    def final(self, room: Room, line: Line) -> None:
        """Queue a line, or one that was corrected."""
        if "revision" not in line.cue:
            room.partial = None  # it was this line, or an older one
        if len(room.waiting) >= QUEUE_LIMIT:
            logger.warning("%s: %d lines wait for translation; one goes without", room.session.id, QUEUE_LIMIT)
            for lang in line.langs:
                self._readers.translated(room, lang, line.number, line.cue | {"via": "untranslated"})
            return
        room.waiting.append(line)
        self._stir(room)

    def partial(self, room: Room, cue: Doc) -> None:
        """The newest line in the making replaces the one that waits."""
        room.partial = cue
        self._stir(room)

    def _stir(self, room: Room) -> None:
        room.wake.set()
        if not room.translating:
            room.translating = True
            self._spawn(self._run(room))

    async def _run(self, room: Room) -> None:
        while not room.closed:
            await room.wake.wait()
            room.wake.clear()
            while room.waiting:
                line = room.waiting.popleft()
                await self._into_all(room, line.cue, line.langs, line.number)
            partial, room.partial = room.partial, None
            if partial is not None:
                # Only worth a translation while somebody reads it.
                read = [lang for lang in room.machine(time.monotonic()) if self._readers.reading(room, lang)]
                await self._into_all(room, partial, read, None)
                await asyncio.sleep(PARTIAL_PAUSE)

    async def _into_all(self, room: Room, cue: Doc, langs: Sequence[str], number: int | None) -> None:
        async with asyncio.TaskGroup() as group:
            for lang in langs:
                group.create_task(self._into(room, lang, cue, number))

    async def _into(self, room: Room, lang: str, cue: Doc, number: int | None) -> None:
        text = await self._translate(room.session.id, cue["text"], cue["lang"], lang)
        if room.closed:
            return
        made = {"via": "untranslated"} if text is None else {"via": "machine", "text": text, "lang": lang}
        room.writers[lang].faulty = text is None
        if number is not None:
            room.calm_ends(lang, cue)
            self._readers.translated(room, lang, number, cue | made)
        elif not room.waiting and not room.writers[lang].holds(time.monotonic()):
            shown = room.calmed(lang, cue | made)
            if shown["text"]:
                self._readers.partial(room, lang, shown)
