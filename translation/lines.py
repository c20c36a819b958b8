"""Captions as people read them: how long one may be, where it breaks, and how its time is shared.

Lengths after the usual practice of subtitling (two rows of 42 characters; 16 for Chinese and Japanese, 18 for Korean), in graphemes.
"""

import unicodedata
from dataclasses import dataclass

import regex

ROWS = 2
ROW, ROW_CJK, ROW_KOREAN = 42, 16, 18

LRM, RLM = "\u200e", "\u200f"
_RTL = ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi")

_GRAPHEMES = regex.compile(r"\X")
# After a sentence, a clause, a space; Chinese and Japanese write no spaces and may break after any character.
_SENTENCE = regex.compile(r"(?<=[.!?…。！？؟])\s*")
_CLAUSE = regex.compile(r"(?<=[,;:，；：、،؛])\s*")
_SPACE = regex.compile(r"\s+")
_BREAKS = (_SENTENCE, _CLAUSE, _SPACE)


@dataclass(frozen=True, slots=True)
class Part:
    """A caption's text and its share of the time, in the unit it was given in."""

    text: str
    start: float
    end: float


def row(lang: str) -> int:
    """Graphemes of one row in a language."""
    base = lang.split("-")[0]
    return ROW_CJK if base in ("zh", "ja") else ROW_KOREAN if base == "ko" else ROW


def letters_of(text: str) -> list[str]:
    found: list[str] = _GRAPHEMES.findall(text)
    return found


def length(text: str) -> int:
    return len(letters_of(text))


def split(text: str, lang: str, start: float, end: float) -> list[Part]:
    """`text` as captions of two rows at most, each with the time its length takes of the whole. No word is lost."""
    texts = _pieces(" ".join(text.split()), ROWS * row(lang))
    total = sum(map(length, texts)) or 1
    parts: list[Part] = []
    for piece in texts:
        begun = parts[-1].end if parts else start
        parts.append(Part(piece, begun, begun + (end - start) * length(piece) / total))
    return parts


def tail(text: str, lang: str) -> str:
    """The end of a line in the making: what fits into one caption, from a word's beginning."""
    return _pieces(" ".join(text.split()), ROWS * row(lang), last=True)[-1] if text.strip() else ""


def wrap(text: str, lang: str) -> str:
    """A caption in rows, for players that do not break lines by themselves."""
    return "\n".join(_pieces(" ".join(text.split()), row(lang)))


def is_rtl(lang: str) -> bool:
    """Whether a language is written from right to left."""
    base, *others = lang.split("-")
    return base.lower() in _RTL and "Latn" not in others


def directed(text: str, lang: str) -> str:
    """Each row with a mark in front where its first letter would turn it the wrong way: players go by that letter (UAX #9, rule P2)."""
    rtl = is_rtl(lang)
    return "\n".join((RLM if rtl else LRM) + row if _turns(row) not in (None, rtl) else row for row in text.split("\n"))


def _turns(row: str) -> bool | None:
    """Whether the first strong letter runs from right to left; None without any."""
    strong = next((kind for kind in map(unicodedata.bidirectional, row) if kind in ("L", "R", "AL")), None)
    return None if strong is None else strong != "L"


def _pieces(text: str, limit: int, last: bool = False) -> list[str]:
    """`text` cut at its best places into pieces of `limit` graphemes. With `last` the final piece is as long as it can be."""
    if length(text) <= limit:
        return [text] if text else []
    letters = letters_of(text)
    if last:
        cut = len("".join(letters[:-limit]))
        space = text.find(" ", cut)
        return [text[:cut], text[space + 1 if 0 <= space < len(text) - 1 else cut :]]
    head = "".join(letters[: limit + 1])
    cut = _cut(head, limit)
    return [text[:cut].strip(), *_pieces(text[cut:].strip(), limit)]


def _cut(head: str, limit: int) -> int:
    """Where the first piece ends: after a sentence or clause in its second half, else at a space, else anywhere."""
    for breaks, least in zip(_BREAKS, (limit // 3, limit // 2, 1), strict=True):
        places: list[int] = [match.end() for match in breaks.finditer(head) if least <= match.start() and match.end() > 0]
        fitting = [place for place in places if length(head[:place].rstrip()) <= limit and place < len(head) + (breaks is not _SPACE)]
        if fitting:
            return fitting[-1]
    return len("".join(letters_of(head)[:limit]))
