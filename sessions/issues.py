"""What is wrong with a session of the programme, and what somebody should look at. Pure.

code          severity  field          when
bad_id        error     id             it is no name for an address, or another session's
empty         error     a text's       there is nothing to read
too_long      error     a text's       it is over its limit
bad_text      error     a text's       it piles marks on a letter
language      error     a language's   it is no language tag, or not in its usual case
twice         error     a list's       something is in it twice
too_many      error     a list's       it is over its limit
no_track      error     track          there is no such track
no_floor      error     captions       the floor's language is not among them
floor_booth   error     interpreted    the floor's language is among them
rules         error     rules          the format has no such rules
ends_before   error     ends_at        it ends before it begins
no_time       error     starts_at      it is in no year of ours
speaker_clash warning   the speaker's  they are in another session at the same time
room_clash    warning   room           another session is there at the same time
outside       warning   starts_at      it is not within the event
long          warning   ends_at        it lasts for more than half a day
while_live    error     what changed   that may not change while the session is on (`planning`)
stale         warning   version        the file is older than the last change (`importing`)
unreadable    error     the file's     it is not what the column or the member is for (`importing`)
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

from msgspec import Struct

from sessions import formats
from sessions.errors import Faulty, RuleError, TooLong
from sessions.formats import SEATS_LIMIT
from sessions.programme import BOOTHS_LIMIT, TITLE_LIMIT, Event, Session, Texts
from sessions.text import clean, language

ISSUES_LIMIT = 200
"""Issues that are told at once; those after them wait until some are mended."""

TEXTS_LIMIT, CAPTIONS_LIMIT, SPEAKERS_LIMIT = 20, 32, 100
"""Languages of one text, languages a session is captioned in, its speakers; a session with more is refused."""

LONG = 12 * 3_600_000
LATEST = 4_102_444_800_000
"""Ms: a session that lasts longer is looked at; the year 2100, after which nothing is planned."""

Severity = Literal["error", "warning"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`field` is where it is mended (`titles.fr`, `speakers.0.name`); `other` is the session that is in the way, `name` who or where."""

    code: str
    severity: Severity
    session: str
    field: str
    detail: str
    other: str | None = None
    name: str = ""


def of(event: Event) -> list[Issue]:
    """Of the whole programme, the errors first."""
    errors = [issue for session in event.sessions for issue in errors_of(event, session)]
    return errors[:ISSUES_LIMIT] + list(islice(warnings(event), max(0, ISSUES_LIMIT - len(errors))))


def of_session(event: Event, session: Session) -> list[Issue]:
    """Of one session among the others of the event, whether it is one of them or is to be."""
    others = [one for one in event.sessions if one.id != session.id]
    seen = (issue for issue in clashes([*others, session], session.id))
    return [*errors_of(event, session), *islice([*_times(event, session), *seen], ISSUES_LIMIT)]


def refuse(issues: Iterable[Issue]) -> None:
    """Raises Faulty for those that are errors; its code is `running` where all are about a session that is on."""
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        code = "running" if all(issue.code == "while_live" for issue in errors) else "invalid"
        raise Faulty(f"{errors[0].field}: {errors[0].detail}", errors, code)


def fold(name: str) -> str:
    """By which two names are one: in any case and form of its letters."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


# Errors


def errors_of(event: Event, session: Session) -> Iterator[Issue]:
    """What is wrong with a session itself."""
    found = _Finder(session.id)
    found.texts("titles", session.titles)
    if session.track not in {track.id for track in event.tracks}:
        found.error("no_track", "track", f"there is no track {session.track}")
    if not (0 <= session.starts_at < LATEST and session.ends_at < LATEST):
        found.error("no_time", "starts_at", "the time is before 1970 or after 2099")
    elif session.ends_at <= session.starts_at:
        found.error("ends_before", "ends_at", "it ends before it begins")
    _languages(found, session)
    for number, speaker in enumerate(session.speakers):
        found.text(f"speakers.{number}.name", speaker.name)
        found.texts(f"speakers.{number}.role", speaker.role, may_be_none=True)
    found.at_most("speakers", len(session.speakers), SPEAKERS_LIMIT)
    if session.room:
        found.text("room", session.room)
    _policy(found, session)
    return iter(found.issues)


def id_errors(event: Event, session: Session) -> Iterator[Issue]:
    """Of the id of a session that is new."""
    found = _Finder(session.id)
    if not _ID.fullmatch(session.id):
        found.error("bad_id", "id", "an id has 1 to 64 letters, digits, - and _")
    elif any(one.id == session.id for one in event.sessions):
        found.error("bad_id", "id", "another session has this id")
    return iter(found.issues)


def _languages(found: "_Finder", session: Session) -> None:
    found.tags("floor", [session.floor], 1)
    found.tags("captions", session.captions, CAPTIONS_LIMIT)
    found.tags("interpreted", session.interpreted, BOOTHS_LIMIT)
    if session.floor not in session.captions:
        found.error("no_floor", "captions", "captions must hold the floor's language")
    if session.floor in session.interpreted:
        found.error("floor_booth", "interpreted", "interpreted must not hold the floor's language")


def _policy(found: "_Finder", session: Session) -> None:
    try:
        formats.policy(session.format, session.rules)
    except RuleError as error:
        found.error("rules", "rules", str(error))
    ids = [seat.id for seat in session.seats]
    for number, seat in enumerate(session.seats):
        if not _ID.fullmatch(seat.id):
            found.error("bad_id", f"seats.{number}.id", "the id of one of the seats has other than 1 to 64 letters, digits, - and _")
        found.texts(f"seats.{number}.names", seat.names)
    if len(set(ids)) != len(ids):
        found.error("twice", "seats", "two seats have one id")
    found.at_most("seats", len(ids), SEATS_LIMIT)


class _Finder:
    """Collects the errors of one session."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.issues: list[Issue] = []

    def error(self, code: str, field: str, detail: str) -> None:
        self.issues.append(Issue(code=code, severity="error", session=self.session, field=field, detail=detail))

    def at_most(self, field: str, count: int, limit: int) -> None:
        if count > limit:
            self.error("too_many", field, f"{field} are {limit} at most")

    def texts(self, field: str, texts: Texts, *, may_be_none: bool = False) -> None:
        if not texts and not may_be_none:
            self.error("empty", field, f"{field} is empty")
        self.at_most(field, len(texts), TEXTS_LIMIT)
        for tag, text in texts.items():
            self.tag(field, tag)
            self.text(f"{field}.{tag}", text)

    def text(self, field: str, text: str) -> None:
        try:
            clean(text, TITLE_LIMIT, field)
        except TooLong as error:
            self.error("too_long", field, str(error))
        except RuleError as error:
            self.error("bad_text" if text.strip() else "empty", field, str(error))

    def tags(self, field: str, tags: list[str], limit: int) -> None:
        self.at_most(field, len(tags), limit)
        if len(set(tags)) != len(tags):
            self.error("twice", field, f"{field} has a language twice")
        for tag in tags:
            self.tag(field, tag)

    def tag(self, field: str, tag: str) -> None:
        try:
            usual = language(tag) == tag
        except RuleError:
            usual = False
        if not usual:
            self.error("language", field, f"{field}: these are no language tags in their usual case: {tag[:40]}")


# Warnings


def warnings(event: Event) -> Iterator[Issue]:
    for session in event.sessions:
        yield from _times(event, session)
    yield from clashes(event.sessions)


def _times(event: Event, session: Session) -> Iterator[Issue]:
    def warning(code: str, field: str, detail: str) -> Issue:
        return Issue(code=code, severity="warning", session=session.id, field=field, detail=detail)

    if session.cancelled:
        return
    if session.ends_at - session.starts_at > LONG:
        yield warning("long", "ends_at", "it lasts for more than twelve hours")
    begins, ends = event.starts_at, event.ends_at
    if (begins is not None and session.starts_at < begins) or (ends is not None and session.ends_at > ends):
        yield warning("outside", "starts_at", "it is not within the times of the event")


def clashes(sessions: Iterable[Session], only: str | None = None) -> Iterator[Issue]:
    """Who or what is in two sessions at one time, told of each of the two; of `only` one session, if it is named."""
    for (code, name), held in _places(sessions).items():
        now: list[tuple[Session, str]] = []
        for session, field in sorted(held, key=lambda place: (place[0].starts_at, place[0].ends_at, place[0].id)):
            now = [place for place in now if place[0].ends_at > session.starts_at]
            for other, others_field in now:
                if other.id == session.id:
                    continue
                pair = ((session, field, other), (other, others_field, session))
                yield from (_clash(code, name, *side) for side in pair if only in (None, side[0].id))
            now.append((session, field))


def _places(sessions: Iterable[Session]) -> dict[tuple[str, str], list[tuple[Session, str]]]:
    """By what there is only one of: the sessions it is in, and the field that says so."""
    places: dict[tuple[str, str], list[tuple[Session, str]]] = {}
    for session in sessions:
        if session.cancelled or session.ends_at <= session.starts_at:
            continue
        if session.room.strip():
            places.setdefault(("room_clash", fold(session.room)), []).append((session, "room"))
        for number, speaker in enumerate(session.speakers):
            places.setdefault(("speaker_clash", fold(speaker.name)), []).append((session, f"speakers.{number}.name"))
    return places


def _clash(code: str, folded: str, session: Session, field: str, other: Session) -> Issue:
    names = [session.room, *(speaker.name for speaker in session.speakers)]
    name = next((name for name in names if fold(name) == folded), folded)
    detail = f"{name} is in session {other.id} at the same time"
    return Issue(code=code, severity="warning", session=session.id, field=field, detail=detail, other=other.id, name=name)
