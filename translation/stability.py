"""Lines in the making that do not flicker: a word is shown once two guesses in a row have it, and then it stays until the line ends.

Local agreement of two (Liu, Spanakis, Niehues 2020). Erasure, the words that readers saw and that went away again, after
Arivazhagan et al. 2020.
"""

import regex

_UNSPACED = ("zh", "ja", "th", "km", "lo", "my")
_UNIT = regex.compile(r"\S+")
_GRAPHEME = regex.compile(r"\X")
_MARKS = regex.compile(r"[\p{P}\p{S}]")


class Agreement:
    """One line of one language at a time."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._last: list[str] = []
        self._shown: list[str] = []

    def show(self, guess: str) -> str:
        """What readers may see of the line after this guess; never less than before."""
        units = split(guess, self._lang)
        agreed = units[: _common(units, self._last)]
        if len(agreed) > len(self._shown) and _common(agreed, self._shown) == len(self._shown):
            self._shown += agreed[len(self._shown) :]
        self._last = units
        return joined(self._shown, self._lang)

    def end(self) -> None:
        """The line is finished: what follows is another one."""
        self._last, self._shown = [], []


def erased(before: str, after: str, lang: str) -> int:
    """How many words (characters where no spaces are written) of `before` readers have to forget for `after`."""
    units = split(before, lang)
    return len(units) - _common(units, split(after, lang))


def split(text: str, lang: str) -> list[str]:
    found: list[str] = (_GRAPHEME if _unspaced(lang) else _UNIT).findall(text)
    return found


def joined(units: list[str], lang: str) -> str:
    return ("" if _unspaced(lang) else " ").join(units)


def _common(one: list[str], other: list[str]) -> int:
    """Units both begin with; a comma or a capital that came later is the same word."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right and _MARKS.sub("", left).casefold() != _MARKS.sub("", right).casefold():
            return place
    return min(len(one), len(other))


def _unspaced(lang: str) -> bool:
    return lang.split("-")[0].lower() in _UNSPACED
