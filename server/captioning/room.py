"""One session's captions: the state of each language's channel, who writes it, and what waits for translation."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from server.captioning.hearing import Hearing
from server.patch import Doc
from sessions.programme import Session
from translation.film import FILM
from translation.glossary import Glossary, Term
from translation.profanity import Policy, Profanity
from translation.sources import Source, Writer
from translation.stability import Agreement
from translation.translations import Terms

TURN = 5.0
"""Seconds without a stroke after which another captioner's line in the making is shown."""


@dataclass(slots=True)
class Line:
    """A line of the original language on its way into the others."""

    number: int
    cue: Doc
    langs: Sequence[str]


@dataclass(slots=True)
class Lane:
    """What waits for translation into one language: finals in their order, and the newest line in the making."""

    waiting: deque[Line] = field(default_factory=deque)
    partial: Doc | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Room:
    session: Session
    states: dict[str, Doc]
    number: int
    """The next line's."""
    writers: dict[str, Writer]
    terms: Terms
    profanity: Profanity
    policy: Policy = "show"
    glossary: Doc = field(default_factory=lambda: {"terms": {}, "wanted": 0, "hit": 0, "profanity": "show"})
    """The state of the glossary's channel."""
    calm: dict[str, Agreement] = field(default_factory=dict)
    """What a machine's line in the making may show, by language."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    """By the language that lines are translated into."""
    typing_since: dict[tuple[str, str], int] = field(default_factory=dict)
    """When the line in the making was begun, ms, by language and origin."""
    told: dict[str, float] = field(default_factory=dict)
    """When the line in the making was last told, in monotonic seconds, by language."""
    typists: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Whose line in the making it is, by language, and until when another's waits, in monotonic seconds."""
    hearing: Hearing | None = None
    closed: bool = False

    @property
    def floor(self) -> str:
        return self.session.floor

    def channel(self, lang: str) -> str:
        return f"{self.session.id}/captions/{lang}"

    def use(self, terms: Mapping[str, Term]) -> None:
        """The session's own terms over those that every session has."""
        self.terms.glossary = Glossary(terms).over(FILM)
        self.glossary["terms"] = {id: msgspec.to_builtins(term) for id, term in terms.items()}

    def censor(self, policy: Policy) -> None:
        self.policy = self.glossary["profanity"] = policy

    def seen(self, cue: Doc) -> Doc:
        """A cue as readers may see it."""
        return cue | {"text": self.profanity.clean(cue["text"], cue["lang"], self.policy)}

    def line(self, lang: str, number: int) -> Doc | None:
        """A final that newcomers still get."""
        found: Doc | None = self.states.get(lang, {}).get("cues", {}).get(str(number))
        return found

    def last(self, lang: str, edge: Literal["start", "end"]) -> int:
        """When the last final of a language began or ended, ms; 0 if there is none."""
        cue: Doc | None = next(reversed(self.states[lang]["cues"].values()), None)
        return 0 if cue is None else int(cue[edge])

    def forget(self, lang: str) -> None:
        """The line in the making is nobody's any more."""
        del self.told[lang]
        self.typing_since = {begun: at for begun, at in self.typing_since.items() if begun[0] != lang}

    def typed(self, lang: str, author: str, final: bool, now: float) -> bool:
        """Whether a line in the making may be told: of several people who type in one language, one at a time. A final always is."""
        typist, until = self.typists.get(lang, (author, 0.0))
        if final:
            if typist == author:
                self.typists.pop(lang, None)
            return True
        if typist != author and now < until:
            return False
        self.typists[lang] = author, now + TURN
        return True

    def others(self, lang: str) -> list[str]:
        return [other for other in self.session.captions if other != lang]

    def calmed(self, lang: str, cue: Doc) -> Doc:
        """A line in the making as it may be shown: a person's as it is, a machine's as far as two guesses agree."""
        if cue["origin"] != "recognizer":
            return cue
        return cue | {"text": self.calm.setdefault(lang, Agreement(lang)).show(cue["text"])}

    def calm_ends(self, lang: str, cue: Doc) -> None:
        if cue["origin"] == "recognizer" and lang in self.calm:
            self.calm[lang].end()

    def machine(self, now: float) -> list[str]:
        """The languages that nobody else writes. Asked when a line is said: who takes over afterwards does not take that line."""
        return [lang for lang in self.others(self.floor) if not self.writers[lang].holds(now)]

    def source(self, lang: str, now: float) -> Source | None:
        """Who writes a language: a translation is as good as the floor's own lines, or worse."""
        writer, own = self.writers[lang], self.writers[lang].source(now)
        floor = self.writers[self.floor].source(now)
        if lang == self.floor or writer.holds(now) or floor is None:
            return own
        state = "degraded" if floor.state == "active" and writer.faulty else floor.state
        return Source(kind="translation", state=state)
