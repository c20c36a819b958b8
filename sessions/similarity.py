"""Questions that may ask the same, found by their words in the languages they share. Pure; a suggestion, never a verdict."""

from collections import defaultdict

import regex
from rapidfuzz import fuzz, process

from sessions.programme import Texts
from sessions.text import folded

SIMILAR = 66.0
"""Of 100: from here on two questions are suggested as one. What people asked apart stays below 57 in five languages."""

NEAR_LIMIT = 20
"""Nearest texts looked at per language."""

_BETWEEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


class Index:
    """Texts by language and id, bare of case and punctuation: of 1,000 questions in five languages the nearest are found in some ms."""

    def __init__(self) -> None:
        self._forms: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def put(self, id: str, texts: Texts) -> None:
        """A question in every language it is known in, instead of what was known of it. Regional variants are one language."""
        for forms in self._forms.values():
            forms.pop(id, None)
        for lang, text in texts.items():
            self._forms[lang.partition("-")[0]][id] = bare(text)

    def near(self, id: str) -> list[str]:
        """Ids of questions that may ask the same as one, the nearest first."""
        scores: dict[str, float] = {}
        for forms in self._forms.values():
            if id in forms:
                found = process.extract(forms[id], forms, scorer=fuzz.token_sort_ratio, score_cutoff=SIMILAR, limit=NEAR_LIMIT)
                for _, score, other in found:
                    scores[other] = max(score, scores.get(other, 0.0))
        scores.pop(id, None)
        return sorted(scores, key=lambda other: (-scores[other], other))


def bare(text: str) -> str:
    """The words alone with a space between them: a text without its case, its punctuation and the forms of its letters."""
    words: str = _BETWEEN.sub(" ", folded(text))
    return words.strip()
