"""Questions that may ask the same, found by their words in the languages they share. Pure; a suggestion, never a verdict."""

import unicodedata
from collections.abc import Iterable

import regex
from rapidfuzz import fuzz, process

from sessions.questions import Question

SIMILAR = 66.0
"""Of 100: from here on two questions are suggested as one."""

SUGGESTIONS_LIMIT = 3
"""Suggestions for one question, the nearest; the rest is not told."""

_BETWEEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


def similar(question: Question, others: Iterable[Question]) -> list[str]:
    """Ids of those among `others` that may ask the same, the nearest first. Translations make languages comparable."""
    candidates = {other.id: texts(other) for other in others if other.id != question.id}
    scores: dict[str, float] = {}
    for lang, text in texts(question).items():
        choices = {id: own[lang] for id, own in candidates.items() if lang in own}
        found = process.extract(text, choices, scorer=fuzz.token_sort_ratio, score_cutoff=SIMILAR, limit=SUGGESTIONS_LIMIT)
        for _, score, id in found:
            scores[id] = max(score, scores.get(id, 0.0))
    return sorted(scores, key=lambda id: (-scores[id], id))[:SUGGESTIONS_LIMIT]


def texts(question: Question) -> dict[str, str]:
    """A question in every language it is known in, by base language, bare of case and punctuation."""
    known = question.translations | question.corrections | {question.lang: question.text}
    return {lang.partition("-")[0]: _bare(text) for lang, text in known.items()}


def _bare(text: str) -> str:
    bare: str = _BETWEEN.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return bare.strip()
