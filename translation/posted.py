"""Caption lines as tools post them over HTTP: YouTube's format for live captions, and Zoom's for closed captions.

YouTube (support.google.com/youtube/answer/6077032): a UTC time, optionally a region and cue, then its text on the lines below.
Zoom (support.zoom.us 115002212983): nothing but text. In both, a counter in the address rises with each post but not with a retry.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import regex

_TIME = regex.compile(r"\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)Z?(?:\s+region:\S*)?\s*")
_BREAK = regex.compile(r"(?i)<br\s*/?>")
# Some tools clear the screen by a line of nothing: a space without width, a mark of the byte order.
_VISIBLE = regex.compile(r"[^\p{Default_Ignorable_Code_Point}\p{Z}\p{C}\u2800]")


@dataclass(frozen=True, slots=True)
class Posted:
    """One line; `at` is when it was said in ms since 1970 UTC, if the tool told."""

    text: str
    at: int | None = None


def youtube(body: str) -> list[Posted]:
    """Lines of one post, each with its time. A post without any (a heartbeat) has none; what has no time keeps its text."""
    lines: list[Posted] = []
    at: int | None = None
    texts: list[str] = []
    for row in [*body.splitlines(), None]:
        time = None if row is None else _TIME.fullmatch(row)
        if row is None or time is not None:
            lines += [Posted(text, at) for text in _joined(texts)]
            at, texts = None if time is None else _ms(time[1]), []
        else:
            texts.append(_BREAK.sub(" ", row))
    return lines


def zoom(body: str) -> list[Posted]:
    """The post as one line; tools write a break as a line feed or as a backslash and an n."""
    return [Posted(text) for text in _joined(body.replace("\\n", "\n").splitlines())]


def _joined(texts: list[str]) -> list[str]:
    text = " ".join(" ".join(texts).split())
    return [text] if _VISIBLE.search(text) else []


def _ms(time: str) -> int | None:
    try:
        return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None  # no such day: the line is taken to be said now
