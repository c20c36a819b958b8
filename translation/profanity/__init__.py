"""Words that a session's policy keeps from its readers. The lists are files beside this one, a language each, with their provenance.

A line of a list is a word, or several; with `*` at its end it stands for all that begin so. Pure, but for reading the lists.
"""

import unicodedata
from pathlib import Path
from typing import Literal

import regex

from translation.engines import base

Policy = Literal["show", "mask", "remove"]
"""`mask` leaves a word's first letter, `remove` leaves one sign that something was said."""

LISTS = Path(__file__).parent

LEFT_OUT = "…"

_UNSPACED = ("zh", "ja", "th", "km", "lo", "my")
"""Languages that write no spaces: a word may begin anywhere."""

# A mark belongs to its letter: no word ends between them.
_LETTER = r"[\p{L}\p{M}\p{N}]"
# Arabic writes and, so, with, like, to and the article as part of the word.
_PREFIXES = {"ar": "[وف]?(?:[بكل]?ال|لل|[بكل])?"}
_GRAPHEME = regex.compile(r"\X")


class Profanity:
    """The words of every language that has a list."""

    def __init__(self, folder: Path = LISTS) -> None:
        self._patterns = {file.stem: _pattern(file.stem, _words(file.read_text("utf-8"))) for file in sorted(folder.glob("*.txt"))}

    def clean(self, text: str, lang: str, policy: Policy) -> str:
        """A text as its readers may see it. Never longer than before; cleaned again it stays the same."""
        pattern = self._patterns.get(base(lang))
        if policy == "show" or pattern is None:
            return text
        cleaned: str = pattern.sub(_masked if policy == "mask" else LEFT_OUT, unicodedata.normalize("NFC", text))
        return cleaned


def _masked(found: "regex.Match[str]") -> str:
    letters: list[str] = _GRAPHEME.findall(found.group())
    return letters[0] + "*" * (len(letters) - 1)


def _words(list: str) -> list[str]:
    return [unicodedata.normalize("NFC", line.strip()) for line in list.splitlines() if line.strip() and not line.startswith("#")]


def _pattern(lang: str, words: list[str]) -> "regex.Pattern[str]":
    longest = sorted(words, key=len, reverse=True)
    any_of = "|".join(regex.escape(word.rstrip("*"), special_only=True) + (f"{_LETTER}*" if word.endswith("*") else "") for word in longest)
    if lang in _UNSPACED:
        return regex.compile(rf"(?i:{any_of})(?!\p{{M}})")
    return regex.compile(rf"(?i)(?<!{_LETTER}){_PREFIXES.get(lang, '')}(?:{any_of})(?!{_LETTER})")
