"""Several translators as one: asked in order, left alone while they fail, each text once, film terms as the glossary says."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from translation.breaker import Breaker
from translation.engines import EngineError, Translator, base
from translation.glossary import Glossary, Match, forced, shielded, unshielded
from translation.lines import printable

TIMEOUT = 8.0
"""Seconds an engine may take for a text; past it it has failed, and the next one is asked."""

CACHE_LIMIT = 5_000
"""Texts whose translation is remembered; past it the one that was used longest ago is forgotten."""

GROWTH = 8
"""How many times longer than the text a translation may be, and as many characters besides: Chinese grows to the fourfold in English."""
ROOM = 200

_WORDS = regex.compile(r"[\p{L}\p{N}]")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Terms:
    """A glossary in use: how many words it wanted so far, and how many of those are in the translations."""

    glossary: Glossary
    wanted: int = 0
    hit: int = 0


class Translations:
    """Owns the engines: `close` ends them."""

    def __init__(self, engines: Sequence[Translator]) -> None:
        self._engines = [(engine, Breaker()) for engine in engines]
        self._known: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def can(self, source: str, target: str) -> bool:
        return base(source) == base(target) or any(engine.can(source, target) for engine, _ in self._engines)

    async def translate(self, text: str, source: str, target: str, terms: Terms | None = None) -> str | None:
        """The text in another language; None when nobody can say it now. Cancelling loses only this text."""
        if base(source) == base(target):
            return text
        matches = terms.glossary.find(text, source, target) if terms is not None else []
        if terms is None or not matches:
            return await self._plain(text, source, target)
        said, hits = await self._forced(text, matches, source, target)
        if said is not None:
            terms.wanted += len(matches)
            terms.hit += hits
        return said

    async def close(self) -> None:
        for engine, _ in self._engines:
            await engine.close()

    async def _forced(self, text: str, matches: list[Match], source: str, target: str) -> tuple[str | None, int]:
        """The translation that has most of the wanted words, and how many those are."""
        plain = await self._plain(text, source, target)
        if plain is None:
            return None, 0
        alone = {match.form: await self._plain(match.form, source, target) or "" for match in matches}
        said, hits = forced(plain, matches, alone)
        if hits == len(matches):
            return said, hits
        marked = await self._plain(shielded(text, matches), source, target)
        back, returned = unshielded(marked or "", matches)
        return (back, returned) if returned > hits else (said, hits)

    async def _plain(self, text: str, source: str, target: str) -> str | None:
        key = base(source), base(target), text
        known = self._known.get(key)
        if known is None:
            known = await self._ask(text, source, target)
            if known is None:
                return None
            self._known[key] = known
        self._known.move_to_end(key)
        while len(self._known) > CACHE_LIMIT:
            self._known.popitem(last=False)
        return known

    async def _ask(self, text: str, source: str, target: str) -> str | None:
        for engine, breaker in self._engines:
            if not engine.can(source, target) or not breaker.take(time.monotonic()):
                continue
            try:
                async with asyncio.timeout(TIMEOUT):
                    said = _plausible(text, await engine.translate(text, source, target))
            except Exception as error:
                # Whatever it is: a text that nobody translated is shown in the original, and a session goes on.
                breaker.failed(time.monotonic())
                known = isinstance(error, EngineError | TimeoutError)
                logger.warning("%s did not translate from %s to %s: %r", type(engine).__name__, source, target, error, exc_info=not known)
            else:
                breaker.succeeded()
                return said
        return None


def _plausible(text: str, said: str) -> str:
    """What an engine made of the text, without what no caption holds. Raises EngineError for what is no translation."""
    if len(said) > GROWTH * len(text) + ROOM:
        raise EngineError("said more than a translation")
    said = printable(said)
    if _WORDS.search(text) and not _WORDS.search(said):
        raise EngineError("said nothing")
    return said
