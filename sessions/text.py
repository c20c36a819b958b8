"""Text as people see it: graphemes, not bytes; any script; tags for languages.

Sources: UAX #29 (grapheme clusters), BCP 47 (RFC 5646) for language tags.
"""

import unicodedata

import regex

from sessions.errors import Invalid, TooLong

_GRAPHEMES = regex.compile(r"\X")
# RFC 5646 section 2.1, the shapes a conference meets: language, script, region, variants.
_LANGUAGE = regex.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|[0-9]{3}))?(-[a-zA-Z0-9]{5,8})*")
# Controls would let a text escape its place on a page or a terminal; line feed is the one people type. Half a surrogate pair
# is in no encoding. Tags hide words, except where they make a region's flag (UTS #51, ED-14a).
_CONTROLS = regex.compile(
    r"(\U0001F3F4[\U000E0030-\U000E0039\U000E0061-\U000E007A]{2,6}\U000E007F)"
    r"|[\p{Cc}\p{Cs}--\n\t]|[\u2028\u2029\ufeff\U000E0000-\U000E007F]",
    flags=regex.V1,
)
# Explicit embeddings and overrides without an end would turn the rest of the page around (UAX #9).
_BIDI = regex.compile(r"[\u202a-\u202e\u2066-\u2069]")
# Among the visible is one that shows nothing: the empty Braille pattern.
_VISIBLE = regex.compile(r"[^\p{Default_Ignorable_Code_Point}\p{Z}\p{C}\u2800]")
MARKS_LIMIT = 8
"""Marks on one letter; more are refused, for they would be painted over everything above. No script stacks so many."""
_STACKED = regex.compile(rf"\p{{M}}{{{MARKS_LIMIT + 1},}}")
# Marks that a word is the same with or without: Arabic vowel signs and tatweel, Hebrew points, soft hyphens and joiners.
_OPTIONAL = regex.compile(r"[\u064b-\u065f\u0670\u0640\u0591-\u05c7\u00ad\u200b-\u200d\u2060\ufe00-\ufe0f]")
BYTES_PER_GRAPHEME = 40
"""A grapheme may stack marks without end; a text over this average is refused as too long."""


def graphemes(text: str) -> int:
    return len(_GRAPHEMES.findall(text))


def clean(text: str, limit: int, what: str = "text") -> str:
    """`text` as it may be kept: NFC, trimmed, free of controls; at most `limit` graphemes.

    Raises `Invalid` for a text with nothing to see or with piles of marks on a letter, `TooLong` past the limit: nothing is cut.
    """
    # NFC last: what is taken out may have stood between a letter and its mark.
    kept = unicodedata.normalize("NFC", _BIDI.sub("", _CONTROLS.sub(r"\1", text))).strip()
    if not _VISIBLE.search(kept):
        raise Invalid(f"{what} is empty")
    if _STACKED.search(kept):
        raise Invalid(f"{what} has a letter with more than {MARKS_LIMIT} marks")
    if len(kept.encode()) > limit * BYTES_PER_GRAPHEME or graphemes(kept) > limit:
        raise TooLong(f"{what} is longer than {limit} characters")
    return kept


def folded(text: str) -> str:
    """What all ways to write a text have in common: not its case, the width of its letters, nor marks that change no word (UAX #15)."""
    kept: str = _OPTIONAL.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()))
    return kept


def language(tag: str) -> str:
    """A language tag in its usual case (`zh-Hant-TW`); raises `Invalid` when it is none."""
    if len(tag) > 35 or not _LANGUAGE.fullmatch(tag):
        raise Invalid(f"not a language tag: {tag[:40]!r}")
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *map(_cased, rest)])


def _cased(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part.lower()
