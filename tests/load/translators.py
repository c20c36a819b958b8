"""How well each translator of this machine does on a small parallel set: chrF (Popović 2015, by sacrebleu) per engine and pair.

The engines are those that the settings name (`MARQUEE_DEEPL` and the like), each alone, with the glossary of film as in a session.
"""

import json
import time
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

from sacrebleu.metrics import CHRF

from server.engines import translators
from server.settings import Settings
from translation.engines import Translator
from translation.film import FILM
from translation.translations import Terms, Translations

SENTENCES: list[dict[str, str]] = json.loads((Path(__file__).parent / "parallel.json").read_text())["sentences"]


async def scores(most: int | None = None) -> AsyncIterator[str]:
    """A line per engine and pair; an engine that fails on a sentence is scored with nothing for it."""
    for engine in await translators(Settings()):
        service = Translations([engine])
        for source, target in permutations(SENTENCES[0], 2):
            if engine.can(source, target):
                yield await _score(engine, service, source, target, SENTENCES[:most])
        await service.close()


async def _score(engine: Translator, service: Translations, source: str, target: str, sentences: list[dict[str, str]]) -> str:
    terms, begun = Terms(FILM), time.perf_counter()
    said = [await service.translate(one[source], source, target, terms) or "" for one in sentences]
    ms = (time.perf_counter() - begun) * 1000 / len(sentences)
    chrf = CHRF().corpus_score(said, [[one[target] for one in sentences]]).score
    failed = said.count("")
    return (
        f"translator engine={type(engine).__name__.lower()} pair={source}-{target} chrf={chrf:.1f} sentences={len(sentences)}"
        f" untranslated={failed} glossary={terms.hit}/{terms.wanted} ms_per_sentence={ms:.0f}"
    )
