"""Transcripts as files: WebVTT (W3C), SubRip, and plain text. Times are ms since `zero`, the start of the session."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape

import regex

from translation.lines import DASH, directed, split, wrap

# What players of SubRip take for styling: a tag, an override in braces.
_STYLING = regex.compile(r"<(?=[\p{L}/!?])[^<>]*>?|[{}]")
_FULL_WIDTH = str.maketrans("<>{}", "＜＞｛｝")

TIMESTAMP_MAP = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"


@dataclass(frozen=True, slots=True)
class Line:
    """One final caption, or one `part` of it, counted from 1; `start` and `end` in ms since 1970 UTC."""

    number: int
    text: str
    lang: str
    start: int
    end: int
    speaker: str | None = None
    part: int = 1

    @property
    def id(self) -> str:
        """Of its own in a file."""
        return str(self.number) if self.part == 1 else f"{self.number}-{self.part}"


def segmented(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines in captions of two rows: a translation, or what a person corrected, may be longer than what was cut when it was said."""
    for line in lines:
        for part, piece in enumerate(split(line.text, line.lang, line.start, line.end), 1):
            yield replace(line, text=piece.text, start=int(piece.start), end=int(piece.end), part=part)


def webvtt(lines: Iterable[Line], lang: str, zero: int, *, mapped: bool = False) -> str:
    """A WebVTT file. Markup in a text is text (section 3.1: `&`, `<` and `>` are escaped); a speaker becomes a voice.

    With `mapped` it is a segment of HLS whose times are those of the media (RFC 8216 section 3.5).
    """
    blocks = [f"WEBVTT\n{TIMESTAMP_MAP if mapped else f'Language: {lang}'}"]
    for line in lines:
        voice = f"<v {escape(row_of(line.speaker), quote=False)}>" if line.speaker else ""
        text = escape(directed(wrap(line.text, line.lang), line.lang), quote=False)
        blocks.append(f"{line.id}\n{span(line, zero, '.')}\n{voice}{text}")
    return "\n\n".join(blocks) + "\n"


def srt(lines: Iterable[Line], zero: int) -> str:
    """A SubRip file: numbered from one, a comma before the milliseconds, a dash where another speaker begins.

    The format has no escapes: brackets that players would take for styling stand as their full-width forms.
    """
    blocks: list[str] = []
    for number, (line, said) in enumerate(dashed(lines), 1):
        text = _STYLING.sub(lambda found: found[0].translate(_FULL_WIDTH), said)
        blocks.append(f"{number}\n{span(line, zero, ',')}\n{directed(wrap(text, line.lang), line.lang)}\n")
    return "\n".join(blocks)


def plain(lines: Iterable[Line]) -> str:
    """The words, a line each; a speaker's name where another one begins."""
    said: list[str] = []
    speaker = None
    for line in lines:
        if line.speaker != speaker and line.speaker:
            said.append(f"\n{row_of(line.speaker)}:")
        speaker = line.speaker
        said.append(row_of(line.text))
    return "\n".join(said).strip() + "\n" if said else ""


def dashed(lines: Iterable[Line]) -> Iterator[tuple[Line, str]]:
    """Each line with its text, after a dash where somebody else speaks than before: for formats that know no speakers."""
    before = None
    for line in lines:
        changed = line.speaker and before and line.speaker != before
        before = line.speaker or before
        yield line, DASH + line.text if changed else line.text


def row_of(text: str) -> str:
    return " ".join(text.split())


def span(line: Line, zero: int, point: str) -> str:
    # A file's times begin at 0: what was said before the session's start stands there.
    start = max(0, line.start - zero)
    return f"{_time(start, point)} --> {_time(max(start + 1, line.end - zero), point)}"


def _time(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"
