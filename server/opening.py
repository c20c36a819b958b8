"""Sessions come to life, from their rows, and go: at the start, when they come into the programme, when this process comes to own them."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec

from realtime.hub import Hub
from server import erasing
from server.captioning import Captioning
from server.engines import recognizers
from server.live import LiveSession
from server.placement import Placement
from server.safe import Safe
from server.settings import Settings
from server.translating import TextTranslator
from sessions import loading
from sessions.errors import TooMany
from sessions.loading import CUES_LIMIT
from sessions.planning import Running
from sessions.programme import Session
from sessions.store import Store, Term
from translation.glossary import Term as Word
from translation.profanity import Policy
from translation.sources import Choice

CHANNELS = 8
"""Channels of a session besides its captions', polls of those who have voted not counted."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Opening:
    """`sessions` are all and `lives` those that are open here, by id; `erased` are marks of people, renewed with each opening."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        hub: Hub,
        captioning: Captioning,
        translator: TextTranslator,
        placement: Placement,
        sessions: dict[str, Session],
        lives: dict[str, LiveSession],
        spawn: Spawn,
        erased: set[str],
    ) -> None:
        self._settings, self._store, self._hub, self._spawn, self._erased = settings, store, hub, spawn, erased
        self._captioning, self._translator, self._placement = captioning, translator, placement
        self._sessions, self._lives = sessions, lives

    def require_room(self, sessions: Iterable[Session]) -> None:
        """Raises TooMany where the hub has no channels left for these sessions besides those that are open."""
        wanted = sum(CHANNELS + len(session.captions) for session in sessions if session.id not in self._lives)
        if wanted > self._hub.room:
            raise TooMany("this server has no room for more sessions with so many languages")

    async def open(self, session: Session, term: Term | None, deposed: Callable[[], None]) -> LiveSession:
        """Open a session with all that its rows hold. Raises what the parts raise; then nothing is open."""
        read, id = self._store.read, session.id
        safe = Safe(self._settings.data / "ballots")  # one each: who owns the session no more keeps no keys of it
        held = await read(partial(loading.held, session=id, opener=safe))
        kept = {lang: await read(partial(loading.cues, session=id, lang=lang, limit=CUES_LIMIT)) for lang in session.captions}
        choices = msgspec.convert(await read(partial(loading.caption_sources, session=id)), dict[str, Choice])
        words = msgspec.convert(await read(partial(loading.terms, session=id)), dict[str, Word])
        policy = msgspec.convert(await read(partial(loading.profanity, session=id)) or "show", Policy)
        self._erased |= await erasing.marks(self._store)
        live = LiveSession(self._sessions[id], held, self._hub, self._store, self._spawn, safe, term, deposed)
        self._hear(session)
        self._captioning.open(self._sessions[id], kept, choices, words, policy)
        self._tell_places(live)
        self._translator.catch_up(live)
        return live

    def close(self, live: LiveSession) -> None:
        """Tell nobody anything more; somebody else may open it."""
        self._captioning.close(live.session.id)
        live.close()

    def amend(self, session: Session) -> None:
        """Say what a session is from now on; in one that is open here everybody is told."""
        self._sessions[session.id] = session
        if session.id in self._lives:
            self._hear(session)
            self._captioning.amend(session)
            self._lives[session.id].amend(session)

    def running(self, session: str) -> Running:
        """What goes on in a session; nothing in one that is not open here."""
        live = self._lives.get(session)
        return live.running if live is not None else Running()

    def _hear(self, session: Session) -> None:
        if not self._captioning.hears(session.floor):
            self._captioning.hear(recognizers(self._settings, [session.floor]))

    def _tell_places(self, live: LiveSession) -> None:
        """What is on air now; from here on the placement tells."""
        session = live.session
        for lang in session.interpreted:
            if self._placement.where(session.id, lang) is not None:
                live.interpreting(lang, True)
        where = self._placement.where(session.id, None)
        if where is not None:
            live.streaming(True)
            self._captioning.stream_changed(session.id, where == "here")
