"""What the readers of a language are told: lines in the making, finals, corrections, and who writes. State and update change together."""

import time
from collections.abc import Callable

import msgspec

from realtime.hub import Hub
from server.captioning.room import Room
from server.patch import Doc, difference, merge
from server.wire import UpdateType
from sessions.loading import CUES_LIMIT
from translation.glossary import Term
from translation.lines import tail
from translation.profanity import Policy

ABANDONED = 20.0
"""Seconds after which a line in the making that nobody goes on with leaves its readers. Who began it may still end it."""

Keep = Callable[[str, str, int, Doc], None]
"""Makes a final durable: session, language, number, cue. The same number again is a correction."""

_encode = msgspec.json.Encoder().encode


class Readers:
    """Each language of a room is a channel; `keep` gets every final before its readers do."""

    def __init__(self, hub: Hub, keep: Keep) -> None:
        self._hub, self._keep = hub, keep

    def open(self, room: Room) -> None:
        for lang in room.states:
            self.open_language(room, lang)
        self._hub.open(f"{room.session.id}/glossary", lambda: _encode(room.glossary))

    def open_language(self, room: Room, lang: str) -> None:
        state = room.states[lang]
        self._hub.open(room.channel(lang), lambda: _encode(state))

    def close(self, room: Room) -> None:
        """What is still said is kept and told nobody: the readers are another process's."""
        room.closed = True
        for lang in room.states:
            self._hub.close(room.channel(lang))
        self._hub.close(f"{room.session.id}/glossary")

    def reading(self, room: Room, lang: str) -> int:
        return self._hub.followers(room.channel(lang))

    def partial(self, room: Room, lang: str, cue: Doc) -> None:
        """The end of a line in the making: as much as fits into one caption."""
        cue = room.seen(cue | {"text": tail(cue["text"], cue["lang"])})
        patch = difference({"partial": room.states[lang].get("partial", {})}, {"partial": cue})
        room.told[lang] = time.monotonic()
        self._tell(room, lang, patch)

    def abandoned(self, room: Room) -> None:
        """Take back the lines in the making that nobody goes on with."""
        for lang, since in list(room.told.items()):
            if time.monotonic() >= since + ABANDONED:
                room.forget(lang)
                self._tell(room, lang, {"partial": None} if "partial" in room.states[lang] else {})

    def final(self, room: Room, lang: str, number: int, cue: Doc) -> Doc:
        """Returns the cue as it is told."""
        cue = self._kept(room, lang, number, cue)
        state = room.states[lang]
        cues: Doc = {str(number): cue}
        cues |= dict.fromkeys(list(state["cues"])[: max(0, len(state["cues"]) + 1 - CUES_LIMIT)])
        ended = state.get("partial", {}).get("origin") == cue["origin"]  # another source's line in the making goes on
        self._tell(room, lang, {"cues": cues} | ({"partial": None} if ended else {}))
        return cue

    def translated(self, room: Room, lang: str, number: int, cue: Doc) -> None:
        """A line's first translation is a final; that of a corrected line corrects it, where no person did."""
        held = room.line(lang, number)
        if "revision" not in cue:
            self.final(room, lang, number, cue)
        elif held is not None and held["via"] != "human":
            self.correction(room, lang, number, cue | {"revision": held.get("revision", 0) + 1})

    def correction(self, room: Room, lang: str, number: int, cue: Doc) -> Doc:
        """Returns the cue as it is told."""
        cue = self._kept(room, lang, number, cue)
        change = difference(room.states[lang]["cues"][str(number)], cue)
        self._tell(room, lang, {"cues": {str(number): change}}, "caption.corrected")
        return cue

    def _kept(self, room: Room, lang: str, number: int, cue: Doc) -> Doc:
        """The row holds what was said beside what may be seen; readers never get it."""
        seen = room.seen(cue)
        self._keep(room.session.id, lang, number, seen if seen["text"] == cue["text"] else seen | {"said": cue["text"]})
        return seen

    def sources(self, room: Room) -> None:
        """Who writes each language now, where that is news."""
        for lang in room.states:
            self._tell(room, lang, {}, "source.changed")

    def term(self, room: Room, id: str, term: Term | None) -> None:
        terms = {name: value for name, value in room.glossary["terms"].items() if name != id}
        if term is not None:
            terms[id] = msgspec.to_builtins(term)
        patch = difference({"terms": room.glossary["terms"]}, {"terms": terms})
        room.use(msgspec.convert(terms, dict[str, Term]))
        if patch:
            self._hub.publish(f"{room.session.id}/glossary", "glossary.set", _encode(patch))

    def censor(self, room: Room, policy: Policy) -> None:
        room.censor(policy)
        self._hub.publish(f"{room.session.id}/glossary", "profanity.set", _encode({"profanity": policy}))

    def counts(self, room: Room) -> None:
        """How many words the glossary wanted and got, where that is news."""
        patch = difference(room.glossary, room.glossary | {"wanted": room.terms.wanted, "hit": room.terms.hit})
        if patch:
            merge(room.glossary, patch)
            self._hub.publish(f"{room.session.id}/glossary", "glossary.counted", _encode(patch))

    def _tell(self, room: Room, lang: str, patch: Doc, type: UpdateType = "caption.cued") -> None:
        state, source = room.states[lang], room.source(lang, time.monotonic())
        was = {"source": state["source"]} if "source" in state else {}
        patch = patch | difference(was, {} if source is None else {"source": msgspec.to_builtins(source)})
        if patch and not room.closed:
            merge(state, patch)
            self._hub.publish(room.channel(lang), type, _encode(patch))
