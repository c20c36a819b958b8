"""How the programme changes: an act makes another event of an event, and is refused where somebody has changed it since. Pure.

While a session is on, its titles, times, room, speakers and track may change, and languages may be added. Its floor's language, its
format and rules may not, captions in a language may not end, nor may it be cancelled; booths may end that nobody speaks in, on air or
not, and so may seats that nobody has come for. Format and rules also wait for hands that are up and speeches that are held. Moderators
change what is on in a session that runs by its policy (`formats`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, structs

from sessions import issues
from sessions.errors import Conflict, Invalid, NotHere, RuleError, TooMany
from sessions.issues import LATEST, TEXTS_LIMIT, Issue
from sessions.programme import SESSIONS_LIMIT, TITLE_LIMIT, Event, Seat, Session, Speaker, Texts, Track
from sessions.text import clean, language

TRACKS_LIMIT = 50
"""Tracks of one event; one with more is refused."""

ACTS_LIMIT = 500
"""Newest acts that are told at once; all are in the rows."""

Deed = Literal["session.add", "session.edit", "session.cancel", "session.restore", "event.edit"]

Facts = dict[str, Any]


class Act(Struct, frozen=True, kw_only=True):
    """An entry in the log of the programme: what was changed of a session, or of the event, before and after. Written once."""

    number: int
    at: int
    act: Deed
    session: str | None
    before: Facts
    after: Facts


class Running(Struct, frozen=True):
    """What goes on in a session: whether its picture is `live`, the booths that speak, whether hands are up or a speech is held, and
    the seats that somebody has come for."""

    live: bool = False
    booths: frozenset[str] = frozenset()
    busy: bool = False
    seated: frozenset[str] = frozenset()


class Change(Struct, frozen=True):
    """The event as it is now, the acts that made it so, and the sessions they were about."""

    event: Event
    acts: list[Act]
    sessions: list[Session] = []


def put(event: Event, draft: Session, expected: int | None, running: Running, now: int) -> Change:
    """Add a session (`expected` is None) or change the one with its id, if it is still at that version.

    Raises Faulty, Conflict for another version, NotHere, TooMany.
    """
    draft = tidied(draft)
    before = find(event, draft.id) if expected is not None else None
    if before is not None and before.version != expected:
        raise Conflict(f"session {draft.id} is at version {before.version}")
    if before is None:
        draft = draft if draft.id else structs.replace(draft, id=fresh_id(event, draft))
        issues.refuse(issues.id_errors(event, draft))
    issues.refuse([*issues.errors_of(event, draft), *(forbidden(before, draft, running) if before is not None else ())])
    return made(event, [draft], now)


def made(event: Event, drafts: Iterable[Session], now: int) -> Change:
    """The event with these sessions, new or in the place of those with their ids; what is as it was is no act."""
    held = {session.id: session for session in event.sessions}
    acts: list[Act] = []
    changed: list[Session] = []
    for draft in drafts:
        before = held.get(draft.id)
        draft = structs.replace(draft, version=before.version + 1 if before is not None else 1)
        old, new = difference(before, draft)
        if before is not None and not new:
            changed.append(before)
            continue
        acts.append(Act(number=event.version + len(acts) + 1, at=now, act=_deed(old, new), session=draft.id, before=old, after=new))
        held[draft.id] = draft
        changed.append(draft)
    if len(held) > SESSIONS_LIMIT:
        raise TooMany(f"a programme has at most {SESSIONS_LIMIT} sessions")
    return Change(structs.replace(event, sessions=list(held.values()), version=event.version + len(acts)), acts, changed)


def set_event(event: Event, wanted: Event, expected: int, now: int) -> Change:
    """Change what is true of the whole event, if the programme is still at that version. Raises Invalid, Conflict."""
    if event.version != expected:
        raise Conflict(f"the programme is at version {event.version}")
    names = checked_texts(wanted.names, "the event's name")
    tracks = [Track(id=track.id, names=checked_texts(track.names, "a track's name")) for track in wanted.tracks]
    check_event(structs.replace(event, names=names, zone=wanted.zone, starts_at=wanted.starts_at, ends_at=wanted.ends_at, tracks=tracks))
    changed = structs.replace(
        event, names=names, zone=wanted.zone, starts_at=wanted.starts_at, ends_at=wanted.ends_at, tracks=tracks, version=event.version + 1
    )
    old, new = difference(event, changed)
    if not new:
        return Change(event, [])
    return Change(changed, [Act(number=changed.version, at=now, act="event.edit", session=None, before=old, after=new)])


def check_event(event: Event) -> None:
    """Raises Invalid for tracks, times or a zone that make no sense."""
    check_zone(event.zone)
    ids = [track.id for track in event.tracks]
    if not 1 <= len(ids) <= TRACKS_LIMIT or len(set(ids)) != len(ids):
        raise Invalid(f"an event has 1 to {TRACKS_LIMIT} tracks, each with its own id")
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id) for id in ids):
        raise Invalid("the id of a track has 1 to 64 letters, digits, - and _")
    missing = sorted({session.track for session in event.sessions} - set(ids))
    if missing:
        raise Invalid(f"there are sessions in track {missing[0]}")
    begins, ends = event.starts_at, event.ends_at
    if any(time is not None and not 0 <= time < LATEST for time in (begins, ends)):
        raise Invalid("the event is before 1970 or after 2099")
    if begins is not None and ends is not None and ends <= begins:
        raise Invalid("the event ends before it begins")


def check_zone(zone: str) -> None:
    """Raises Invalid for what is no IANA time zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # a name that is none, one that leads outside, a folder
        raise Invalid(f"there is no time zone {zone[:60]!r}") from None


def checked_texts(texts: Texts, what: str) -> Texts:
    """Texts as they may be kept. Raises Invalid, TooLong."""
    if not 1 <= len(texts) <= TEXTS_LIMIT:
        raise Invalid(f"{what} is in 1 to {TEXTS_LIMIT} languages")
    return {language(tag): clean(text, TITLE_LIMIT, what) for tag, text in texts.items()}


# What may change while a session is on


def forbidden(before: Session, after: Session, running: Running) -> Iterator[Issue]:
    """What of this change has to wait, as errors."""

    def error(field: str, detail: str) -> Issue:
        return Issue(code="while_live", severity="error", session=before.id, field=field, detail=detail)

    if running.live:
        if after.floor != before.floor:
            yield error("floor", "the floor's language stays while the session is on")
        if not set(before.captions) <= set(after.captions):
            yield error("captions", "captions in a language do not end while the session is on")
        if after.cancelled and not before.cancelled:
            yield error("cancelled", "a session is not cancelled while it is on")
    if (running.live or running.busy) and (after.format, after.rules) != (before.format, before.rules):
        yield error("format", "the format stays while the session is on; moderators change what is on at their desk")
    if running.booths & (set(before.interpreted) - set(after.interpreted)):
        yield error("interpreted", "a booth that speaks does not end")
    if running.seated & ({seat.id for seat in before.seats} - {seat.id for seat in after.seats}):
        yield error("seats", "a seat that somebody has come for stays")


# A session as it may be kept


def tidied(session: Session) -> Session:
    """The same with its texts as they may be kept and its language tags in their usual case; what makes no sense is left for `issues`."""
    return structs.replace(
        session,
        titles=_texts(session.titles),
        floor=_tag(session.floor),
        captions=[_tag(tag) for tag in session.captions],
        interpreted=[_tag(tag) for tag in session.interpreted],
        speakers=[Speaker(name=_text(one.name), role=_texts(one.role), region=_text(one.region or "") or None) for one in session.speakers],
        seats=[Seat(id=seat.id, names=_texts(seat.names)) for seat in session.seats],
        room=_text(session.room),
    )


def _texts(texts: Texts) -> Texts:
    return {_tag(tag): kept for tag, text in texts.items() if (kept := _text(text))}


def _text(text: str) -> str:
    try:
        return clean(text, TITLE_LIMIT)
    except RuleError:
        return text.strip()


def _tag(tag: str) -> str:
    try:
        return language(tag)
    except RuleError:
        return tag


def fresh_id(event: Event, session: Session) -> str:
    """An id made of the title, that no session has."""
    title = session.titles.get("en") or next(iter(session.titles.values()), "")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("-") or "session"
    taken = {one.id for one in event.sessions}
    return next(id for number in range(1, len(taken) + 2) if (id := slug if number == 1 else f"{slug}-{number}") not in taken)


def find(event: Event, id: str) -> Session:
    """Raises NotHere."""
    for session in event.sessions:
        if session.id == id:
            return session
    raise NotHere(f"there is no session {id}")


def difference(before: Struct | None, after: Struct) -> tuple[Facts, Facts]:
    """The members that differ, before and after, without versions and without the sessions of an event."""
    new: Facts = msgspec.to_builtins(after)
    old: Facts = msgspec.to_builtins(before) if before is not None else {}
    names = [name for name in new if name not in ("version", "sessions") and (before is None or old.get(name) != new[name])]
    return {name: old[name] for name in names if name in old}, {name: new[name] for name in names}


def _deed(old: Facts, new: Facts) -> Deed:
    if not old:
        return "session.add"
    if "cancelled" in new:
        return "session.cancel" if new["cancelled"] else "session.restore"
    return "session.edit"


RunningOf = Callable[[str], Running]
"""What goes on in a session, by its id."""
