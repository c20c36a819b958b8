"""A programme from a file: what it would add and change, and what is wrong with it, before anything is done. Pure.

JSON is what `MARQUEE_PROGRAMME` names (`programme.Event`; only `sessions` is needed). CSV has a session a row and these columns:

    id            an address' name; made of the title where it is empty
    title:en      the title in a language, a column each
    track, room, format, floor, cancelled (yes or no)
    starts, ends  `2026-11-28 10:00` where the event is, or with an offset: `2026-11-28T10:00+01:00`
    captions      languages with spaces between them; interpreted too
    speakers      `Name: role; Name: role`, with \\ before a :, ; or \\ that is part of a name

What a file does not say of a session that is there stays as it is, and sessions it does not name stay.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, structs

from sessions import issues, planning
from sessions.errors import Invalid, TooMany
from sessions.issues import Issue
from sessions.planning import RunningOf
from sessions.programme import SESSIONS_LIMIT, Event, Session, Speaker, Track

FORMULA = re.compile(r"'(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")
"""What an export puts before a text that a spreadsheet would run."""

TITLE = "title:"
COLUMNS = ("id", "track", "format", "starts", "ends", "floor", "captions", "interpreted", "room", "speakers", "cancelled")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFAULTS: dict[str, Any] = {"format": "lecture", "speakers": [], "interpreted": []}

Doc = dict[str, Any]


class Incoming(Struct):
    """A file as it was read: documents of sessions, and what was not understood. `tracks` are those that it brings."""

    sessions: list[Doc]
    issues: list[Issue]
    tracks: list[Track] = []
    table: bool = False
    """Whether it is one of CSV, whose cells say less than a session has."""


class Changed(Struct, frozen=True):
    """A session of the file; `fields` are the members that are new in it, none where the session is."""

    id: str
    titles: dict[str, str]
    fields: list[str] = []


class Report(Struct, frozen=True):
    """What importing would do. With an error among the `issues` it does nothing. `expected_version` is of the programme it was made for;
    `kept` counts sessions that the file does not name."""

    added: list[Changed]
    changed: list[Changed]
    unchanged: int
    kept: int
    issues: list[Issue]
    expected_version: int

    @property
    def ok(self) -> bool:
        return not any(issue.severity == "error" for issue in self.issues)


def from_json(data: bytes) -> Incoming:
    """Raises Invalid for what is no programme at all."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"this is no JSON: {error}") from None
    sessions = found.get("sessions") if isinstance(found, dict) else None
    if not isinstance(sessions, list) or not all(isinstance(one, dict) for one in sessions):
        raise Invalid("a programme is an object with a list of sessions")
    _limit(len(sessions))
    try:
        tracks = msgspec.convert(found.get("tracks", []), list[Track])
    except msgspec.ValidationError as error:
        raise Invalid(f"the tracks: {error}") from None
    return Incoming(sessions, [], tracks)


def from_csv(data: bytes, zone: str) -> Incoming:
    """Times without an offset are of `zone`. Raises Invalid for what is no table of sessions."""
    try:
        text = data.decode("utf-8-sig")
        dialect = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=dialect, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"this is no CSV in UTF-8: {error}") from None
    _limit(len(rows))
    names = set(rows[0]) if rows else set()
    unknown = sorted(str(name) for name in names if name not in COLUMNS and not str(name).startswith(TITLE))
    if not rows or unknown:
        raise Invalid(f"there is no column {unknown[0][:60]}" if unknown else "the table has no rows")
    incoming = Incoming([], [], table=True)
    for number, row in enumerate(rows, 1):
        incoming.sessions.append(_row(row, number, zone, incoming.issues))
    return incoming


def plan(event: Event, incoming: Incoming, running: RunningOf, now: int) -> tuple[planning.Change, Report]:
    """What the file makes of the programme. The change is of use only if the report is `ok`."""
    known = {track.id for track in event.tracks}
    tracks = [Track(id=one.id, names=planning.checked_texts(one.names, "a track's name")) for one in incoming.tracks if one.id not in known]
    event = structs.replace(event, tracks=[*event.tracks, *tracks])
    planning.check_event(event)
    held = {session.id: session for session in event.sessions}
    found, drafts = list(incoming.issues), _drafts(event, incoming, held)
    sessions: dict[str, Session] = {}
    for draft in drafts:
        if isinstance(draft, Issue):
            found.append(draft)
            continue
        if draft.id in sessions:
            found.append(unreadable(draft.id, "id", "the file names this session twice"))
        sessions[draft.id] = draft
        found += _errors(event, held.get(draft.id), draft, running)
    change = planning.made(event, sessions.values(), now)
    return change, _report(change, event, sessions, found)


def _errors(event: Event, before: Session | None, draft: Session, running: RunningOf) -> Iterator[Issue]:
    if before is None:
        yield from issues.id_errors(event, draft)
    else:
        yield from planning.forbidden(before, draft, running(draft.id))
    yield from issues.errors_of(event, draft)


def _report(change: planning.Change, event: Event, sessions: Mapping[str, Session], found: list[Issue]) -> Report:
    acts = {act.session: act for act in change.acts}
    added = [Changed(id, one.titles) for id, one in sessions.items() if id in acts and not acts[id].before]
    changed = [Changed(id, one.titles, sorted(acts[id].after)) for id, one in sessions.items() if id in acts and acts[id].before]
    warned = [issue for issue in issues.warnings(change.event) if issue.session in sessions][: issues.ISSUES_LIMIT]
    kept = sum(1 for session in event.sessions if session.id not in sessions)
    told = [*found[: issues.ISSUES_LIMIT], *warned]
    return Report(added, changed, len(sessions) - len(added) - len(changed), kept, told, event.version)


def _drafts(event: Event, incoming: Incoming, held: Mapping[str, Session]) -> Iterator[Session | Issue]:
    fresh = event
    for number, doc in enumerate(incoming.sessions, 1):
        id = doc.get("id") or ""
        before = held.get(id) if isinstance(id, str) else None
        name = id if isinstance(id, str) and id else f"#{number}"
        if before is not None and doc.get("version", before.version) != before.version and _differs(before, doc):
            yield Issue(code="stale", severity="warning", session=name, field="version", detail="it was changed since the file was made")
        try:
            draft = planning.tidied(msgspec.convert(_whole(event, before, doc, table=incoming.table), Session))
        except msgspec.ValidationError as error:
            yield unreadable(name, path_in(str(error)), str(error))
            continue
        if not draft.id:
            draft = structs.replace(draft, id=planning.fresh_id(fresh, draft))
        fresh = structs.replace(fresh, sessions=[*fresh.sessions, draft])
        yield draft


def _whole(event: Event, before: Session | None, doc: Doc, *, table: bool) -> Doc:
    """The document of a session, with what the file does not say of it."""
    if before is None:
        floor = doc.get("floor") or "en"
        made: Doc = {"id": "", "track": event.tracks[0].id, "floor": floor, "captions": [floor]} | DEFAULTS
    else:
        made = msgspec.to_builtins(before)
    whole = made | {name: value for name, value in doc.items() if value != "" or name in made}
    if table and "titles" in doc:
        whole["titles"] = {tag: text for tag, text in (made.get("titles", {}) | doc["titles"]).items() if text}
    if table and "speakers" in doc:
        lang = str(whole["floor"])
        whole["speakers"] = msgspec.to_builtins(_held(speakers(doc["speakers"], lang), before.speakers if before is not None else [], lang))
    return whole


def _held(said: list[Speaker], known: list[Speaker], lang: str) -> list[Speaker]:
    """What a cell says of speakers, each with the roles in other languages and the region of the first known one it reads like."""
    left = list(known)
    found = []
    for one in said:
        same = next((speaker for speaker in left if told([speaker], lang) == told([one], lang)), None)
        if same is not None:
            left.remove(same)
        found.append(same or one)
    return found


def _differs(before: Session, doc: Doc) -> bool:
    return any(doc.get(name, value) != value for name, value in msgspec.to_builtins(before).items() if name != "version")


def path_in(error: str, within: str = "") -> str:
    """The member a message of msgspec is about, of the one it is `within`."""
    found = re.search(r"`\$\.?([^`]*)`|field `(\w+)`", error)
    path = (found[1] or found[2] or "") if found else ""
    return re.sub(r"\[(\d+|\.\.\.)\]", r".\1", path.removeprefix(within))


def _limit(count: int) -> None:
    if count > SESSIONS_LIMIT:
        raise TooMany(f"a programme has at most {SESSIONS_LIMIT} sessions")


# A row


def _row(row: Mapping[str | None, Any], number: int, zone: str, found: list[Issue]) -> Doc:
    said = {str(key): FORMULA.sub("", value, count=1).strip() for key, value in row.items() if key is not None and value is not None}
    name = said.get("id") or f"#{number}"
    if None in row:
        found.append(unreadable(name, "", "the row has more cells than the table has columns"))
    doc: Doc = {key: said[key] for key in ("id", "room", "speakers") if key in said}
    doc |= {key: said[key] for key in ("track", "format", "floor") if said.get(key)}
    doc["titles"] = {key.removeprefix(TITLE): value for key, value in said.items() if key.startswith(TITLE)}
    for key, member in (("starts", "starts_at"), ("ends", "ends_at")):
        try:
            doc |= {member: moment(said[key], zone)} if said.get(key) else {}
        except ValueError as error:
            found.append(unreadable(name, member, str(error)))
            doc[member] = 0
    doc |= {key: said[key].split() for key in ("captions", "interpreted") if said.get(key) or (key == "interpreted" and key in said)}
    if said.get("cancelled"):
        doc["cancelled"] = said["cancelled"].lower() in ("yes", "true", "1")
    return doc


def moment(text: str, zone: str) -> int:
    """Ms since 1970 UTC of a time as people write it. Raises ValueError."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(zone))
        return (time - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ValueError(f"no time like 2026-11-28 10:00: {text[:40]!r}") from None


def local(ms: int, zone: str) -> str:
    """The same the other way, with the offset of `zone`."""
    return (EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone)).isoformat()


def speakers(cell: str, lang: str) -> list[Speaker]:
    """Of `Name: role; Name: role`; roles are in `lang`."""
    found = []
    for one in _split(cell, ";"):
        name, *role = _split(one, ":")
        text = ":".join(role).strip()
        found.append(Speaker(name=name.strip(), role={lang: text} if text else {}))
    return [speaker for speaker in found if speaker.name]


def told(speakers: list[Speaker], lang: str) -> str:
    """The same the other way: the roles in `lang`, or else as they were written."""

    def one(speaker: Speaker) -> str:
        role = speaker.role.get(lang) or next(iter(speaker.role.values()), "")
        return _escaped(speaker.name) + (f": {_escaped(role)}" if role else "")

    return "; ".join(map(one, speakers))


def _split(text: str, at: str) -> list[str]:
    """Split where no backslash takes the sign as it is; once no more is split, those backslashes are taken out."""
    parts = re.sub(rf"(\\.)|{at}", lambda found: found[1] or "\0", text, flags=re.DOTALL).split("\0")
    return parts if at == ";" else [re.sub(r"\\([\\:;])", r"\1", part) for part in parts]


def _escaped(text: str) -> str:
    return re.sub(r"([\\:;])", r"\\\1", text)


def unreadable(session: str, field: str, detail: str) -> Issue:
    """What is not what a member is for."""
    return Issue(code="unreadable", severity="error", session=session, field=field, detail=detail)


def rows(event: Event) -> list[dict[str, str]]:
    """The programme as a table that `from_csv` reads."""
    tags = list(dict.fromkeys(tag for session in event.sessions for tag in session.titles))

    def row(session: Session) -> dict[str, str]:
        titles = {f"{TITLE}{tag}": session.titles.get(tag, "") for tag in tags}
        times = {"starts": local(session.starts_at, event.zone), "ends": local(session.ends_at, event.zone)}
        languages = {"floor": session.floor, "captions": " ".join(session.captions), "interpreted": " ".join(session.interpreted)}
        more = {"room": session.room, "speakers": told(session.speakers, session.floor), "cancelled": "yes" if session.cancelled else "no"}
        return {"id": session.id} | titles | {"track": session.track, "format": session.format} | times | languages | more

    return [row(session) for session in event.sessions]
