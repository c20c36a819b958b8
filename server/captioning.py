"""Captions of every session: the sound is tapped and recognized, or a human types; lines are told, kept and translated.

One line has one number in every language. Its original is told at once; translations follow in the order of the lines, once per
language however many read it. Each language is a channel `{session}/captions/{lang}` whose state is `wire.CaptionState`.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from realtime.hub import Hub
from realtime.relay import RelayProcess, Tap
from server.patch import Doc, difference, merge
from server.wire import UpdateType
from sessions.errors import Conflict, Invalid, NotHere
from sessions.loading import CUES_LIMIT
from sessions.programme import Session
from translation.engines import RATE, EngineError, Heard, Recognizer, Translator
from translation.lines import split, tail

HOLD = 15.0
"""Seconds for which a human's line keeps the machine out of that language: who types well need not fight a recognizer."""

QUEUE_LIMIT = 200
"""Final lines of a session that wait for translation; past it a line goes out untranslated."""

PARTIAL_PAUSE = 0.3
"""Seconds between two translations of lines in the making."""

BACKOFF = (1.0, 30.0)
"""Seconds before a recognizer that failed is started again, at first and at most."""

TYPING = 0.06
"""Seconds a typed grapheme is taken to have been spoken for, when only the finished line is known."""

Origin = Literal["recognizer", "human", "scripted"]
Keep = Callable[[str, str, int, Doc], None]

logger = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Line:
    """A line of the original language on its way into the others."""

    number: int
    cue: Doc


@dataclass(slots=True)
class _Room:
    """One session's captions: the state of each language's channel, and what waits."""

    session: Session
    states: dict[str, Doc]
    number: int
    waiting: deque[_Line] = field(default_factory=deque)
    partial: Doc | None = None
    typing_since: dict[str, int] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    live: bool = False
    tap: Tap | None = None
    hearing: asyncio.Task[None] | None = None
    translating: asyncio.Task[None] | None = None

    def channel(self, lang: str) -> str:
        return f"{self.session.id}/captions/{lang}"

    def line(self, lang: str, number: int) -> Doc | None:
        """A final that newcomers still get."""
        found: Doc | None = self.states.get(lang, {}).get("cues", {}).get(str(number))
        return found

    def others(self, lang: str) -> list[str]:
        return [other for other in self.states if other != lang]

    def holds(self, lang: str) -> bool:
        """Whether a human writes this language now."""
        return time.monotonic() < self.held.get(lang, 0.0)


class Captioning:
    """`async with` it. `recognizers` is by the floor's base language; `translators` are asked in their order."""

    def __init__(
        self, hub: Hub, relay: RelayProcess, *, recognizers: Mapping[str, Recognizer], translators: Sequence[Translator], keep: Keep
    ) -> None:
        self._hub, self._relay, self._keep = hub, relay, keep
        self._recognizers, self._translators = recognizers, translators
        self._rooms: dict[str, _Room] = {}

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for room in self._rooms.values():
            for task in (room.hearing, room.translating):
                if task is not None:
                    task.cancel()
        await self._group.__aexit__(None, None, None)
        for recognizer in self._recognizers.values():
            await recognizer.close()
        for translator in self._translators:
            await translator.close()

    def open(self, session: Session, kept: Mapping[str, list[tuple[int, Doc]]]) -> None:
        """Open a session's channels with the finals that were kept, by language, oldest first."""
        states: dict[str, Doc] = {}
        for lang in session.captions:
            states[lang] = {"lang": lang, "cues": {str(number): cue for number, cue in kept.get(lang, [])[-CUES_LIMIT:]}}
        newest = max((number for lines in kept.values() for number, _ in lines), default=0)
        room = self._rooms[session.id] = _Room(session, states, newest + 1)
        for lang, state in states.items():
            self._hub.open(room.channel(lang), lambda state=state: _encode(state))  # type: ignore[misc]

    # Who speaks

    def stream_changed(self, session: str, live: bool) -> None:
        """Listen to a session that is live, if its floor's language has a recognizer; the line at which it stops is finished."""
        room = self._rooms[session]
        room.live = live
        if not live:
            if room.tap is not None:
                room.tap.close()
            return
        if room.hearing is not None:
            room.hearing.cancel()
        recognizer = self._recognizers.get(_base(room.session.floor))
        if recognizer is not None:
            room.hearing = self._group.create_task(self._hear(room, recognizer), name=f"hear {session}")

    def commit(self, session: str, lang: str, text: str, final: bool, speaker: str | None = None, origin: Origin = "human") -> None:
        """A line somebody typed. A final is handed to `keep` before this returns. Raises Invalid for a language without captions."""
        room = self._rooms[session]
        if lang not in room.states:
            raise Invalid(f"captions are in {', '.join(room.states)}")
        now = _now()
        room.held[lang] = time.monotonic() + HOLD
        start = room.typing_since.setdefault(lang, now)
        if final:
            del room.typing_since[lang]
            start = min(start, now - int(len(text) * TYPING * 1000))
        self._line(room, lang, text, (start, now), final, origin, speaker)

    def correct(self, session: str, lang: str, number: int, revision: int, text: str, speaker: str | None = None) -> int:
        """Put a final line right; returns its new revision. It is handed to `keep` before this returns.

        Raises NotHere for a line that is not among the last CUES_LIMIT, Conflict when `revision` is not the line's.
        """
        room = self._rooms[session]
        cue = room.line(lang, number)
        if cue is None:
            raise NotHere(f"only the last {CUES_LIMIT} lines of a language can be corrected")
        if cue.get("revision", 0) != revision:
            raise Conflict("somebody corrected this line meanwhile")
        made = cue | {"text": text, "lang": lang, "revision": revision + 1}
        made["via"] = "original" if cue["via"] == "original" else "human"
        if speaker is not None:
            made["speaker"] = speaker
        self._tell_correction(room, lang, number, made)
        if lang == room.session.floor:
            self._queue(room, _Line(number, made))
        return revision + 1

    async def _hear(self, room: _Room, recognizer: Recognizer) -> None:
        pause = BACKOFF[0]
        while room.live:
            try:
                with self._relay.tap(room.session.id) as room.tap:
                    clock = _Clock()
                    async with aclosing(recognizer.recognize(clock.sound(room.tap))) as heard:  # type: ignore[type-var]
                        async for item in heard:
                            self._recognized(room, clock, item)
                            pause = BACKOFF[0]
                return
            except Exception:
                logger.exception("the recognizer of %s failed; again in %d s", room.session.id, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACKOFF[1])

    def _recognized(self, room: _Room, clock: "_Clock", heard: Heard) -> None:
        if not room.holds(room.session.floor):
            span = (clock.wall(heard.start), clock.wall(heard.end))
            self._line(room, room.session.floor, heard.text, span, heard.final, "recognizer", None)

    # A line's way

    def _line(self, room: _Room, lang: str, text: str, span: tuple[int, int], final: bool, origin: Origin, speaker: str | None) -> None:
        cue: Doc = {"text": text, "lang": lang, "start": span[0], "origin": origin, "via": "original"}
        if speaker is not None:
            cue["speaker"] = speaker
        spread = lang == room.session.floor  # a line typed in another language is that language's own
        if not final:
            cue["text"] = tail(text, lang)
            self._tell_partial(room, lang, cue)
            if spread:
                room.partial = cue
                self._stir(room)
            return
        if spread:
            room.partial = None
        for part in split(text, lang, *span):
            piece = cue | {"text": part.text, "start": int(part.start), "end": int(part.end)}
            number, room.number = room.number, room.number + 1
            self._tell_final(room, lang, number, piece)
            if spread:
                self._queue(room, _Line(number, piece))

    def _queue(self, room: _Room, line: _Line) -> None:
        if len(room.waiting) >= QUEUE_LIMIT:
            logger.warning("%s: %d lines wait for translation; one goes without", room.session.id, QUEUE_LIMIT)
            for lang in room.others(line.cue["lang"]):
                self._tell_translated(room, lang, line.number, line.cue | {"via": "untranslated"})
            return
        room.waiting.append(line)
        self._stir(room)

    def _stir(self, room: _Room) -> None:
        room.wake.set()
        if room.translating is None:
            room.translating = self._group.create_task(self._translate_lines(room), name=f"translate {room.session.id}")

    async def _translate_lines(self, room: _Room) -> None:
        """Finals in their order; the line in the making when no final waits, as it is then."""
        while True:
            await room.wake.wait()
            room.wake.clear()
            while room.waiting:
                line = room.waiting.popleft()
                await self._into_all(room, line.cue, line.number)
            partial, room.partial = room.partial, None
            if partial is not None:
                await self._into_all(room, partial, None)
                await asyncio.sleep(PARTIAL_PAUSE)

    async def _into_all(self, room: _Room, cue: Doc, number: int | None) -> None:
        async with asyncio.TaskGroup() as group:
            for lang in room.others(cue["lang"]):
                # A line in the making is only worth a translation while somebody reads it.
                if not room.holds(lang) and (number is not None or self._hub.followers(room.channel(lang))):
                    group.create_task(self._into(room, lang, cue, number))

    async def _into(self, room: _Room, lang: str, cue: Doc, number: int | None) -> None:
        text = await self.translate(cue["text"], cue["lang"], lang)
        made = {"via": "untranslated"} if text is None else {"via": "machine", "text": text, "lang": lang}
        if number is not None:
            self._tell_translated(room, lang, number, cue | made)
        elif not room.waiting:
            self._tell_partial(room, lang, cue | made)

    # Readers

    def _tell_partial(self, room: _Room, lang: str, cue: Doc) -> None:
        patch = difference({"partial": room.states[lang].get("partial", {})}, {"partial": cue})
        self._tell(room, lang, patch)

    def _tell_final(self, room: _Room, lang: str, number: int, cue: Doc) -> None:
        self._keep(room.session.id, lang, number, cue)
        state = room.states[lang]
        cues: Doc = {str(number): cue}
        cues |= dict.fromkeys(list(state["cues"])[: max(0, len(state["cues"]) + 1 - CUES_LIMIT)])
        self._tell(room, lang, {"cues": cues} | ({"partial": None} if "partial" in state else {}))

    def _tell_translated(self, room: _Room, lang: str, number: int, cue: Doc) -> None:
        """A line's first translation is a final; that of a corrected line corrects it, where no person did."""
        held = room.line(lang, number)
        if "revision" not in cue:
            self._tell_final(room, lang, number, cue)
        elif held is not None and held["via"] != "human":
            self._tell_correction(room, lang, number, cue | {"revision": held.get("revision", 0) + 1})

    def _tell_correction(self, room: _Room, lang: str, number: int, cue: Doc) -> None:
        self._keep(room.session.id, lang, number, cue)
        change = difference(room.states[lang]["cues"][str(number)], cue)
        self._tell(room, lang, {"cues": {str(number): change}}, "caption.corrected")

    def _tell(self, room: _Room, lang: str, patch: Doc, type: UpdateType = "caption.cued") -> None:
        if patch:
            merge(room.states[lang], patch)
            self._hub.publish(room.channel(lang), type, _encode(patch))

    # Translation, of questions too

    def can_translate(self, source: str, target: str) -> bool:
        return _base(source) == _base(target) or any(engine.can(source, target) for engine in self._translators)

    async def translate(self, text: str, source: str, target: str) -> str | None:
        """The text in another language; None when nobody can say it. Cancelling loses only this text."""
        if _base(source) == _base(target):
            return text
        for engine in self._translators:
            if engine.can(source, target):
                try:
                    return await engine.translate(text, source, target)
                except EngineError as error:
                    logger.warning("not translated from %s to %s: %s", source, target, error)
        return None


class _Clock:
    """What time it was when a recognizer's second was spoken: the sound's own time may jump where a recognizer's does not."""

    def __init__(self) -> None:
        self._base = 0.0
        self._shift = 0.0

    async def sound(self, tap: Tap) -> AsyncIterator[NDArray[np.int16]]:
        fed = 0.0
        async for chunk in tap:
            if fed == 0.0:
                self._base = _now() / 1000 - len(chunk.samples) / RATE - chunk.time
            self._shift = chunk.time - fed
            fed += len(chunk.samples) / RATE
            yield chunk.samples

    def wall(self, second: float) -> int:
        """Ms since 1970 UTC."""
        return int((self._base + self._shift + second) * 1000)


def _base(tag: str) -> str:
    return tag.split("-")[0].lower()


def _now() -> int:
    return time.time_ns() // 1_000_000
