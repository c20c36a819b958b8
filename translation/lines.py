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
# What closes stays with what it closes.
_ANYWHERE = regex.compile(r"(?<=\X)(?=\X)(?![\p{M}\p{Pe}\p{Pf}\p{Po}\u200d])")

DASH = "- "
"""Stands in front of a caption where another person speaks; every caption has room for it."""


# Controls, halves of characters, and what would turn the rest of a page around (UAX #9): an engine may say anything.
_UNPRINTABLE = regex.compile(r"(?V1)[[\p{Cc}\p{Cs}\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]--[\n\t]]")


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


def printable(text: str) -> str:
    """What an engine said, as it may be kept and shown."""
    kept: str = _UNPRINTABLE.sub("", text)
    return kept.strip()


def letters_of(text: str) -> list[str]:
    found: list[str] = _GRAPHEMES.findall(text)
    return found


def length(text: str) -> int:
    return len(letters_of(text))


def split(text: str, lang: str, start: float, end: float) -> list[Part]:
    """`text` as captions of two rows at most, each with the time its length takes of the whole. No word is lost."""
    texts = _captions(" ".join(text.split()), row(lang))
    total = sum(map(length, texts)) or 1
    parts: list[Part] = []
    for piece in texts:
        begun = parts[-1].end if parts else start
        parts.append(Part(piece, begun, begun + (end - start) * length(piece) / total))
    return parts


def tail(text: str, lang: str) -> str:
    """The end of a line in the making: what fits into one caption, from a word's beginning."""
    text, limit = " ".join(text.split()), ROWS * row(lang)
    letters = letters_of(text)
    if len(letters) <= limit:
        return text
    cut = len("".join(letters[:-limit]))
    space = text.find(" ", cut)
    return text[space + 1 if 0 <= space < len(text) - 1 else cut :]


def wrap(text: str, lang: str) -> str:
    """A caption in rows, for players that do not break lines by themselves: two rows where they are enough, of much the same length."""
    return "\n".join(_rows(" ".join(text.split()), row(lang)))


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


def _captions(text: str, row: int) -> list[str]:
    """`text` cut at its best places into captions."""
    found: list[str] = []
    while text:
        whole = _fits(text, row)
        cut = len(text) if whole else _cut("".join(letters_of(text)[: ROWS * row + 1]), row)
        found.append(text[:cut].strip())
        text = text[cut:].strip()
    return found


def _cut(head: str, row: int) -> int:
    """Where the first caption ends: after a sentence or clause in its second half, else at a space, else anywhere."""
    limit = ROWS * row
    for breaks, least in zip((*_BREAKS, _ANYWHERE), (limit // 3, limit // 2, 1, 1), strict=True):
        places: list[int] = [match.end() for match in breaks.finditer(head) if least <= match.start()]
        fitting = (place for place in reversed(places) if place < len(head) and _fits(head[:place].rstrip(), row))
        if (place := next(fitting, None)) is not None:
            return place
    return len("".join(letters_of(head)[: limit - len(DASH)]))


def _fits(text: str, row: int) -> bool:
    return length(text) <= ROWS * row - len(DASH) and len(_rows(DASH + text, row)) <= ROWS


def _rows(text: str, row: int) -> list[str]:
    """In two rows, if there is a place for that; a word is broken only where it is longer than a row."""
    if length(text) <= row:
        return [text] if text else []
    unbroken = any(length(word) > row for word in text.split(" "))
    for breaks in (*_BREAKS, *((_ANYWHERE,) if unbroken else ())):
        cuts = [(text[: match.start()].strip(), text[match.end() :].strip()) for match in breaks.finditer(text)]
        halves = [(first, second) for first, second in cuts if first and second and length(first) <= row and length(second) <= row]
        if halves:
            first, second = min(halves, key=lambda two: abs(length(two[0]) - length(two[1])))
            return [first, second]
    first = _filled(text, row)
    return [first, *_rows(text[len(first) :].strip(), row)]


def _filled(text: str, row: int) -> str:
    """As much of the text as one row holds."""
    head = "".join(letters_of(text)[: row + 1])
    space = head.rfind(" ")
    return head[:space] if space > 0 else "".join(letters_of(text)[:row])
