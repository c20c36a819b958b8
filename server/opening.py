"""Sessions come to life: from their rows at the start, and when they come into the programme later."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec

from realtime.hub import Hub
from server.captioning import Captioning
from server.engines import recognizers
from server.live import LiveSession
from server.safe import Safe
from server.settings import Settings
from server.translating import TextTranslator
from sessions import loading
from sessions.errors import TooMany
from sessions.loading import CUES_LIMIT
from sessions.planning import Running
from sessions.programme import Session
from sessions.store import Store
from translation.glossary import Term
from translation.profanity import Policy
from translation.sources import Choice

CHANNELS = 8
"""Channels of a session besides its captions', polls of those who have voted not counted."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Opening:
    """`lives` are the sessions that are open, by id."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        hub: Hub,
        captioning: Captioning,
        translator: TextTranslator,
        lives: dict[str, LiveSession],
        spawn: Spawn,
        safe: Safe,
    ) -> None:
        self._settings, self._store, self._hub, self._spawn, self._safe = settings, store, hub, spawn, safe
        self._captioning, self._translator, self._lives = captioning, translator, lives

    def require_room(self, sessions: Iterable[Session]) -> None:
        """Raises TooMany where the hub has no channels left for these sessions besides those that are open."""
        wanted = sum(CHANNELS + len(session.captions) for session in sessions if session.id not in self._lives)
        if wanted > self._hub.room:
            raise TooMany("this server has no room for more sessions with so many languages")

    async def open(self, session: Session) -> None:
        """Open a session with all that its rows hold; one that is open stays."""
        if session.id in self._lives:
            return
        read, id = self._store.read, session.id
        held = await read(partial(loading.held, session=id, opener=self._safe))
        kept = {lang: await read(partial(loading.cues, session=id, lang=lang, limit=CUES_LIMIT)) for lang in session.captions}
        choices = await read(partial(loading.caption_sources, session=id))
        terms = await read(partial(loading.terms, session=id))
        policy = msgspec.convert(await read(partial(loading.profanity, session=id)) or "show", Policy)
        live = self._lives[id] = LiveSession(session, held, self._hub, self._store, self._spawn, self._safe)
        self._hear(session)
        self._captioning.open(session, kept, msgspec.convert(choices, dict[str, Choice]), msgspec.convert(terms, dict[str, Term]), policy)
        self._translator.catch_up(live)

    def amend(self, session: Session) -> None:
        """Tell a session that is open what it is from now on."""
        self._hear(session)
        self._captioning.amend(session)
        self._lives[session.id].amend(session)

    def running(self, session: str) -> Running:
        """What goes on in a session; nothing in one that is not open."""
        live = self._lives.get(session)
        return live.running if live is not None else Running()

    def close(self) -> None:
        for live in self._lives.values():
            live.close()

    def _hear(self, session: Session) -> None:
        if not self._captioning.hears(session.floor):
            self._captioning.hear(recognizers(self._settings, [session.floor]))
