"""Captions at a pace people can read: how long each stays, and how those that are late catch up. Times are ms. Pure.

Rates after the usual practice of subtitling: 17 characters a second, 20 at most (9 and 11 for Chinese, Japanese and Korean).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from translation.engines import base
from translation.formats import Line
from translation.lines import length, split

RATE, RATE_MOST = 17, 20
RATE_CJK, RATE_CJK_MOST = 9, 11
"""Graphemes a second: as it should be, and while a caption is late."""

LATE = 3_000
"""Ms a caption may wait for the ones before it; past it they leave though nobody can have read them (who speaks faster is not read), and
short ones stand two and more together."""

SHORTEST, SHORTEST_LONG = 300, 800
"""Ms a caption stays however late it is: of a word, and of a text that takes that long to read or longer. Less is a flicker."""


def paced(lines: Iterable[Line]) -> list[Line]:
    """The lines with times in which they can be read: each stays into the pause after it, and where there is none the next one waits.

    Of a burst that cannot be read in time, lines become one where they fit into one caption.
    """
    found: list[Line] = []
    for line, following in _pairs(sorted(lines, key=lambda line: (line.start, line.number))):
        start = max(line.start, found[-1].end if found else line.start)
        if start > line.start + LATE and (both := _joined(found[-1], line)) is not None:
            start, line = found.pop().start, both
        ease, least = (start + _needed(line, most) for most in (False, True))
        end = max(line.end, ease)
        if following is not None and end > following.start:
            end = max(following.start, min(least, following.start + LATE))
        found.append(replace(line, start=start, end=max(end, start + _least(line))))
    return found


def seen(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, none so short that it only flickers, whatever comes after: as they are told while more are said."""
    for line in lines:
        yield replace(line, end=max(line.end, line.start + _least(line)))


def _joined(line: Line, following: Line) -> Line | None:
    """Two lines of one speaker as one caption; None where they have no room in it."""
    text = f"{line.text} {following.text}"
    if (line.speaker, line.lang) != (following.speaker, following.lang) or len(split(text, line.lang, 0, 0)) > 1:
        return None
    return replace(line, text=text, end=following.end)


def _least(line: Line) -> int:
    return min(SHORTEST_LONG, max(SHORTEST, _needed(line, True)))


def _needed(line: Line, most: bool) -> int:
    rates = (RATE_CJK, RATE_CJK_MOST) if base(line.lang) in ("zh", "ja", "ko") else (RATE, RATE_MOST)
    return -(-length(line.text) * 1000 // rates[most])


def _pairs(lines: list[Line]) -> Iterable[tuple[Line, Line | None]]:
    return zip(lines, [*lines[1:], None], strict=True) if lines else ()
