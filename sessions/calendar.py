"""The programme as iCalendar (RFC 5545), for the calendars of those who come. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sessions.programme import Event, Session, Texts

LINE = 75
"""Octets of a line; a longer one goes on in the next (section 3.1)."""


def calendar(event: Event, sessions: Iterable[Session], lang: str, base: str, now: int) -> str:
    """These sessions with their texts in `lang` where there are any; `base` is the address of the site, `now` in ms since 1970 UTC."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Marquee//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(said(event.names, lang))}",
    ]
    for session in sessions:
        lines += _event(event, session, lang, base, now)
    return "".join(f"{line}\r\n" for whole in [*lines, "END:VCALENDAR"] for line in _folded(whole))


def said(texts: Texts, lang: str) -> str:
    """The text in a language, else in English, else as it was written."""
    return texts.get(lang) or texts.get(lang.split("-")[0]) or texts.get("en") or next(iter(texts.values()), "")


def _event(event: Event, session: Session, lang: str, base: str, now: int) -> Iterator[str]:
    track = next((said(track.names, lang) for track in event.tracks if track.id == session.track), "")
    speakers = [": ".join(filter(None, (one.name, said(one.role, lang)))) for one in session.speakers]
    yield from ("BEGIN:VEVENT", f"UID:{session.id}.{event.id}@marquee", f"DTSTAMP:{_time(now)}", f"SEQUENCE:{session.version}")
    yield from (f"DTSTART:{_time(session.starts_at)}", f"DTEND:{_time(session.ends_at)}")
    yield f"SUMMARY:{_text(said(session.titles, lang))}"
    if session.room:
        yield f"LOCATION:{_text(session.room)}"
    if speakers:
        yield "DESCRIPTION:" + _text("\n".join(speakers))
    if track:
        yield f"CATEGORIES:{_text(track)}"
    yield from (f"URL:{base}/s/{session.id}", f"STATUS:{'CANCELLED' if session.cancelled else 'CONFIRMED'}", "END:VEVENT")


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Escaped (section 3.3.11)."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """In lines of LINE octets at most, none of which ends within a character."""
    rest, limit, begins = line, LINE, ""
    while rest:
        end = len(rest.encode()[:limit].decode(errors="ignore"))
        yield begins + rest[:end]
        rest, limit, begins = rest[end:], LINE - 1, " "
