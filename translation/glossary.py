"""Words that must be said in one way: film terms forced, names and titles protected, whoever translates. Pure.

Two ways lead to a forced word. If what the engine makes of the term alone stands in its translation, it is replaced there: article and
verb go on agreeing with a noun. Else the term goes through the engine as a mark that is no word of any language, and is put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

import regex
from msgspec import Meta, Struct

from translation.engines import base

TERMS_LIMIT = 500
"""Terms of one session; a further one is refused."""

_UNSPACED = ("zh", "ja", "th", "km", "lo", "my")
"""Languages that write no spaces: a term may begin anywhere."""

_MARK = "Zx{}q"
_PROBE_LEAST = 3
"""Letters of an engine's word that is replaced; a shorter one may stand for something else."""
_ELIDED = regex.compile(r"(?i)\b\p{L}{1,4}['’]$")
_VOWEL = regex.compile(r"(?i)[aeiouyhàâäéèêëîïôöùûü]")

Form = Annotated[str, Meta(min_length=1, max_length=200)]


class Term(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in several languages, by base tag. `film|films` are forms that correspond by their place.

    `protect` says that where a language is not listed the word stays as it was said: a name, a title. Lower case stands for any
    case; with a capital only that spelling is meant.
    """

    texts: Annotated[dict[Annotated[str, Meta(min_length=2, max_length=35)], Form], Meta(min_length=1, max_length=30)]
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """`form` as it is said at [start, end) of a text, and what it must become."""

    start: int
    end: int
    form: str
    wanted: str


class Glossary:
    """Terms by id. Never changes: an edit makes another one, so that a text under way keeps its words."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.terms = dict(terms)
        self._pairs: dict[tuple[str, str], tuple[dict[str, str], regex.Pattern[str] | None]] = {}

    def over(self, other: Self) -> "Glossary":
        """Both, this one's terms first where they say the same word."""
        return Glossary(self.terms | {f"{id}'": term for id, term in other.terms.items()})

    def find(self, text: str, source: str, target: str) -> list[Match]:
        """Where the text has terms that the target language must have its own word for, in order; the longest counts."""
        words, pattern = self._pair(base(source), base(target))
        if pattern is None:
            return []
        found: list[Match] = []
        for hit in pattern.finditer(text):
            said = hit.group()
            wanted = words.get(said) or words.get(said.lower())
            if wanted is not None:
                found.append(Match(hit.start(), hit.end(), said, _cased(wanted, said)))
        return found

    def _pair(self, source: str, target: str) -> tuple[dict[str, str], "regex.Pattern[str] | None"]:
        if (source, target) not in self._pairs:
            words = self._words(source, target)
            self._pairs[source, target] = words, _pattern(list(words), source)
        return self._pairs[source, target]

    def _words(self, source: str, target: str) -> dict[str, str]:
        words: dict[str, str] = {}
        for term in self.terms.values():
            texts = {base(lang): text for lang, text in term.texts.items()}
            said = texts.get(source) or (next(iter(texts.values())) if term.protect else None)
            if said is None or (target not in texts and not term.protect):
                continue
            wanted = _forms(texts.get(target, said))
            for place, form in enumerate(_forms(said)):
                words.setdefault(form, wanted[min(place, len(wanted) - 1)])
        return words


def forced(text: str, matches: list[Match], alone: Mapping[str, str]) -> tuple[str, int]:
    """A translation with each wanted word put where the engine's own is, and how many of them it has now.

    `alone` is what the engine makes of each form by itself.
    """
    hits = 0
    for match in matches:
        if _has(text, match.wanted) and text.casefold().count(match.wanted.casefold()) > hits_of(matches, match):
            hits += 1
            continue
        changed = _replaced(text, alone.get(match.form, ""), match.wanted)
        if changed is not None:
            text, hits = changed, hits + 1
    return text, hits


def hits_of(matches: list[Match], match: Match) -> int:
    """How many of the matches before one want the same word."""
    return sum(one.wanted.casefold() == match.wanted.casefold() for one in matches[: matches.index(match)])


def shielded(text: str, matches: list[Match]) -> str:
    """The text with a mark for each match."""
    for number, match in reversed(list(enumerate(matches))):
        text = text[: match.start] + _MARK.format(number) + text[match.end :]
    return text


def unshielded(text: str, matches: list[Match]) -> tuple[str, int]:
    """The words for their marks, and how many came back."""
    hits = 0
    for number, match in reversed(list(enumerate(matches))):
        changed, count = regex.subn(regex.escape(_MARK.format(number)), lambda _, wanted=match.wanted: wanted, text, flags=regex.IGNORECASE)
        text, hits = changed, hits + (count > 0)
    return text, hits


def _replaced(text: str, engines: str, wanted: str) -> str | None:
    engines = engines.strip(" .,;:!?¡¿")
    if len(engines) < _PROBE_LEAST:
        return None
    found = regex.search(rf"(?<!\w){regex.escape(engines)}(?!\w)", text, regex.IGNORECASE)
    if found is None or _unelided(text[: found.start()], wanted):
        return None
    return text[: found.start()] + _cased(wanted, found.group()) + text[found.end() :]


def _unelided(before: str, wanted: str) -> bool:
    """Whether the word would stand after an article that was shortened for a vowel (`l'`) without beginning with one."""
    return bool(_ELIDED.search(before)) and not _VOWEL.match(wanted)


def _has(text: str, wanted: str) -> bool:
    whole = rf"(?<!\w){regex.escape(wanted)}(?!\w)" if wanted[:1].isascii() else regex.escape(wanted)
    return regex.search(whole, text, regex.IGNORECASE) is not None


def _cased(wanted: str, said: str) -> str:
    """A lower-case word begins with a capital where the other one did."""
    return wanted[:1].upper() + wanted[1:] if said[:1].isupper() and wanted.islower() else wanted


def _pattern(words: list[str], source: str) -> "regex.Pattern[str] | None":
    if not words:
        return None
    longest = sorted(words, key=len, reverse=True)
    any_of = "|".join(regex.escape(word) if word != word.lower() else f"(?i:{regex.escape(word)})" for word in longest)
    return regex.compile(any_of if source in _UNSPACED else rf"(?<!\w)(?:{any_of})(?!\w)")


def _forms(text: str) -> list[str]:
    return [form.strip() for form in text.split("|") if form.strip()] or [text]
