"""Captions of every session: the sound is tapped and recognized, or a human types; lines are told, kept and translated.

One line has one number in every language. Its original is told at once; translations follow in the order of the lines, once per
language however many read it. Each language is a channel `{session}/captions/{lang}` whose state is `wire.CaptionState`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Self

from realtime.hub import Hub
from realtime.relay import Tap
from server.captioning.hearing import Hearing
from server.captioning.interpreting import Interpreting
from server.captioning.readers import Keep, Readers
from server.captioning.room import Line, Room
from server.patch import Doc
from sessions.errors import Conflict, Invalid, NotHere, TooMany
from sessions.loading import CUES_LIMIT
from sessions.programme import Session
from translation.engines import Heard, Recognizer, Translator, base
from translation.film import FILM
from translation.glossary import TERMS_LIMIT, Term
from translation.lines import split
from translation.profanity import Policy, Profanity
from translation.sources import Choice, Origin, Writer
from translation.translations import Terms, Translations

TYPING = 0.06
"""Seconds a typed grapheme is taken to have been spoken for, when only the finished line is known."""

SKEW = 60_000
"""Ms by which a caption tool's clock may differ from ours; a line that claims more is taken to have been said now."""

WATCH = 1.0
"""Seconds between two looks at whether the sources are silent."""


class Captioning:
    """`async with` it. `recognizers` are by the floor's base language; they and the `translators` are asked in their order."""

    def __init__(
        self,
        hub: Hub,
        tap: Callable[[str], Tap],
        *,
        recognizers: Mapping[str, Sequence[Recognizer]],
        translators: Sequence[Translator],
        keep: Keep,
    ) -> None:
        self._tap, self._recognizers, self._translations = tap, recognizers, Translations(translators)
        self._readers = Readers(hub, keep)
        self._profanity = Profanity()
        self._interpreting = Interpreting(self._readers, self.translate, self._spawn)
        self._rooms: dict[str, Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._spawn(self._watch())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)
        for recognizers in self._recognizers.values():
            for recognizer in recognizers:
                await recognizer.close()
        await self._translations.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def open(
        self,
        session: Session,
        kept: Mapping[str, list[tuple[int, Doc]]],
        choices: Mapping[str, Choice] | None = None,
        terms: Mapping[str, Term] | None = None,
        policy: Policy = "show",
    ) -> None:
        """Open a session's channels with the finals that were kept, oldest first, and the sources chosen, by language; terms by id."""
        states: dict[str, Doc] = {}
        for lang in session.captions:
            states[lang] = {"lang": lang, "cues": {str(number): cue for number, cue in kept.get(lang, [])[-CUES_LIMIT:]}}
        newest = max((number for lines in kept.values() for number, _ in lines), default=0)
        writers = {lang: Writer((choices or {}).get(lang, "auto")) for lang in states}
        room = self._rooms[session.id] = Room(session, states, newest + 1, writers, Terms(FILM), self._profanity)
        room.use(terms or {})
        room.censor(policy)
        self._readers.open(room)

    def amend(self, session: Session) -> None:
        """A session has other languages from now on. Those that are over are told nothing more, and can be read to the next start."""
        room = self._rooms[session.id]
        room.session = session
        for lang in session.captions:
            if lang not in room.states:
                room.states[lang], room.writers[lang] = {"lang": lang, "cues": {}}, Writer("auto")
                self._readers.open_language(room, lang)

    def hear(self, recognizers: Mapping[str, Sequence[Recognizer]]) -> None:
        """Recognizers for floors that no session had before."""
        self._recognizers = {**recognizers, **self._recognizers}

    def hears(self, floor: str) -> bool:
        """Whether recognizers for a floor's language have been looked for."""
        return base(floor) in self._recognizers

    def close(self, session: str) -> None:
        """Close a session's channels: another process writes its captions. Does nothing for one that is not open."""
        room = self._rooms.pop(session, None)
        if room is None:
            return
        self._readers.close(room)
        for lane in room.lanes.values():
            lane.wake.set()
        if room.hearing is not None:
            room.hearing.stop()

    def sources(self, session: str) -> dict[str, Doc | None]:
        """Who writes each language and how that goes (`translation.sources.Source`); nothing for a session that is not open."""
        room = self._rooms.get(session)
        return {lang: room.states[lang].get("source") for lang in room.session.captions} if room is not None else {}

    # Who speaks

    def stream_changed(self, session: str, live: bool) -> None:
        """Listen to a session that is live, if its floor's language has a recognizer; the line at which it stops is finished.

        Does nothing for one that is not open.
        """
        room = self._rooms.get(session)
        if room is None:
            return  # another process owns it, and hears it
        if room.hearing is not None:
            room.hearing.stop()
            room.hearing = None
        recognizers = self._recognizers.get(base(room.floor), ())
        if live and recognizers:
            tap = partial(self._tap, session)
            room.hearing = Hearing(session, tap, recognizers, partial(self._recognized, room), partial(_fault, room), partial(_doubt, room))
            self._spawn(room.hearing.run())
        room.writers[room.floor].listen(room.hearing is not None, time.monotonic())
        self._readers.sources(room)

    def choose(self, session: str, lang: str, choice: Choice) -> None:
        """Who alone writes a language from now on; a line that readers have begun to read is let to its end.

        Raises Invalid for a language without captions, or a recognizer for one that is not the floor's.
        """
        room = self._room(session, lang)
        if choice == "recognizer" and lang != room.floor:
            raise Invalid(f"the recognizer hears the floor's language alone, {room.floor}")
        room.writers[lang].choose(choice, time.monotonic())
        self._readers.sources(room)

    def commit(
        self,
        session: str,
        lang: str,
        text: str,
        final: bool,
        speaker: str | None = None,
        origin: Origin = "human",
        at: int | None = None,
        author: str = "",
    ) -> None:
        """A line that came from outside, begun at `at` (ms) if that is known. A final is handed to `keep` before this returns.

        Of several authors in one language one line in the making is told at a time. Raises Invalid for a language without captions,
        Conflict while another source is chosen for it.
        """
        room = self._room(session, lang)
        writer = room.writers[lang]
        if not writer.admit(origin, final, time.monotonic()):
            raise Conflict(f"the captions in {lang} come from another source now: {writer.choice}")
        if not room.typed(lang, author, final, time.monotonic()):
            return
        now = _now()
        start = room.typing_since.setdefault((lang, origin), now)
        if final:
            del room.typing_since[lang, origin]
            start = min(start, max(now - int(len(text) * TYPING * 1000), room.last(lang, "end")))
        if at is not None and abs(at - now) <= SKEW:
            start = min(at, now)
        start = max(start, room.last(lang, "start"))  # what is numbered later is read later, in files too
        self._line(room, lang, text, (start, now), final, origin, speaker)

    def said(self, session: str, lang: str, since: int, until: int) -> list[tuple[int, Doc]]:
        """The finals of the last CUES_LIMIT that were said between two times (ms since 1970 UTC), by number and in their order."""
        cues: Doc = self._rooms[session].states[lang]["cues"]
        return [(int(number), cue) for number, cue in cues.items() if cue["start"] < until and cue["end"] > since]

    def _room(self, session: str, lang: str) -> Room:
        room = self._rooms[session]
        if lang not in room.session.captions:
            raise Invalid(f"the captions here are in {', '.join(room.session.captions)}")
        return room

    def _recognized(self, room: Room, heard: Heard, span: tuple[int, int]) -> None:
        if room.writers[room.floor].admit("recognizer", heard.final, time.monotonic()):
            self._line(room, room.floor, heard.text, span, heard.final, "recognizer", None)

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
        made = self._readers.correction(room, lang, number, made)
        if lang == room.floor:
            self._interpreting.final(room, Line(number, made, room.others(lang)))
        return revision + 1

    # A line's way

    def _line(self, room: Room, lang: str, text: str, span: tuple[int, int], final: bool, origin: Origin, speaker: str | None) -> None:
        cue: Doc = {"text": text, "lang": lang, "start": span[0], "origin": origin, "via": "original"}
        if speaker is not None:
            cue["speaker"] = speaker
        spread = lang == room.floor  # a line typed in another language is that language's own
        if not final:
            cue = room.calmed(lang, room.seen(cue))
            if cue["text"]:
                self._readers.partial(room, lang, cue)
                if spread:
                    self._interpreting.partial(room, cue)
            return
        room.calm_ends(lang, cue)
        for part in split(text, lang, *span):
            piece = cue | {"text": part.text, "start": int(part.start), "end": int(part.end)}
            number, room.number = room.number, room.number + 1
            piece = self._readers.final(room, lang, number, piece)
            if spread:
                self._interpreting.final(room, Line(number, piece, room.machine(time.monotonic())))

    async def _watch(self) -> None:
        """A source falls silent, a line is left, without any event, and the glossary's count is news only now and then."""
        while True:
            await asyncio.sleep(WATCH)
            for room in list(self._rooms.values()):
                self._readers.abandoned(room)
                self._readers.sources(room)
                self._readers.counts(room)

    # Translation, of questions too

    async def translate(self, session: str, text: str, source: str, target: str) -> str | None:
        """The text in another language, with the session's words; None when nobody can say it. Cancelling loses only this text."""
        room = self._rooms.get(session)
        return None if room is None else await self._translations.translate(text, source, target, room.terms)

    def set_term(self, session: str, id: str, term: Term | None) -> None:
        """A term from now on; None takes it away. Raises TooMany past TERMS_LIMIT."""
        room = self._rooms[session]
        if term is not None and id not in room.glossary["terms"] and len(room.glossary["terms"]) >= TERMS_LIMIT:
            raise TooMany(f"a glossary has at most {TERMS_LIMIT} terms")
        self._readers.term(room, id, term)

    def set_profanity(self, session: str, policy: Policy) -> None:
        """What becomes of vulgar words from now on, in every language; translators get what readers see."""
        self._readers.censor(self._rooms[session], policy)


def _fault(room: Room, bad: bool) -> None:
    room.writers[room.floor].faulty = bad


def _doubt(room: Room, bad: bool) -> None:
    room.writers[room.floor].doubtful = bad


def _now() -> int:
    return time.time_ns() // 1_000_000
