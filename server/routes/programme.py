"""The programme as its organisers change it, as files, and as a calendar for everyone. Whoever organises one session organises all."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from msgspec import Struct

from server.auth import Principal, authenticated
from server.errors import BadRequest, Conflict, Unprocessable, UnsupportedMedia
from server.exports.sheet import Sheet, as_csv
from server.programme import Programme
from server.routes.api import live_of, media_type_of, services_of
from sessions import calendar, errors, importing, issues, planning
from sessions.errors import Faulty
from sessions.importing import Incoming, Report
from sessions.moderation import Actor
from sessions.planning import Change
from sessions.programme import Event, Session, Texts, Track

IMPORT_PATH = "/api/programme/import"
IMPORT_LIMIT = 1024 * 1024
"""Bytes of a file with a programme; a longer one is answered 413."""

router = APIRouter(tags=["programme"])

T = TypeVar("T")


class Added(Struct, forbid_unknown_fields=True):
    """A session to add; one whose id is empty gets one."""

    session: Session


class Edited(Struct, forbid_unknown_fields=True):
    """A session as it shall be, and the version of it that was looked at."""

    session: Session
    expected_version: int


class EventEdited(Struct, forbid_unknown_fields=True):
    """What shall be true of the whole event, and the version of the programme that was looked at."""

    names: Texts
    tracks: list[Track]
    zone: str
    expected_version: int
    starts_at: int | None = None
    ends_at: int | None = None


class Organiser:
    """Who asks, and what they may change."""

    def __init__(self, programme: Programme, caller: Principal) -> None:
        self.programme, self.caller = programme, caller

    async def change(self, rule: Callable[[Event], Change], current: Callable[[], Struct]) -> Change:
        """Raises Conflict with what is `current` when somebody was faster, and what the rule raises."""
        try:
            return await self.programme.change(rule, Actor(self.caller.person, self.caller.name, self.caller.role))
        except errors.Conflict as error:
            raise Conflict(str(error), current=msgspec.to_builtins(current())) from None

    def told(self, session: Session) -> dict[str, Any]:
        """A session with what somebody should look at."""
        found = issues.of_session(self.programme.event, session)
        return {"session": msgspec.to_builtins(session), "issues": msgspec.to_builtins(found)}


def _organiser(request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> Organiser:
    caller.require("programme.edit", caller.session)
    return Organiser(services_of(request).programme, caller)


Organising = Annotated[Organiser, Depends(_organiser)]


def _body(type: type[Struct], about: str) -> dict[str, Any]:
    """What the document of the API says about a body that msgspec reads."""
    members = {field.name: {"type": "object" if field.name == "session" else "string"} for field in msgspec.structs.fields(type)}
    schema = {"type": "object", "description": about, "required": list(members)[:2], "properties": members}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get("/api/programme")
async def programme(organiser: Organising) -> dict[str, Any]:
    """The programme with what is wrong or in the way of something (`sessions.issues`), 200 issues at most."""
    event = organiser.programme.event
    return {"event": msgspec.to_builtins(event), "issues": msgspec.to_builtins(issues.of(event)), "now": _now()}


@router.post("/api/programme/sessions", status_code=201, openapi_extra=_body(Added, "`session` as in the programme's file"))
async def add(organiser: Organising, request: Request) -> dict[str, Any]:
    """Add a session. It is open at once, with a link for every role. 422 with `issues` when it makes no sense."""
    draft = (await _read(request, Added)).session
    change = await organiser.change(lambda event: planning.put(event, draft, None, planning.Running(), _now()), lambda: draft)
    return organiser.told(change.sessions[0])


@router.put("/api/programme/sessions/{session}", openapi_extra=_body(Edited, "`session` and the `expected_version` of it"))
async def edit(session: str, organiser: Organising, request: Request) -> dict[str, Any]:
    """Change a session, or cancel it (`cancelled`). 409 `conflict` with the session as it is when somebody has changed it since; 409
    `running` for what has to wait until it is over; everyone in it is told."""
    await live_of(request, session)  # who owns it knows what goes on in it
    wanted = await _read(request, Edited)
    if wanted.session.id != session:
        raise Unprocessable("the id of a session stays")
    running = organiser.programme.opening.running
    change = await organiser.change(
        lambda event: planning.put(event, wanted.session, wanted.expected_version, running(session), _now()),
        lambda: organiser.programme.session(session),
    )
    return organiser.told(change.sessions[0])


@router.post("/api/programme/check", openapi_extra=_body(Added, "`session` as it may become"))
async def check(organiser: Organising, request: Request) -> dict[str, Any]:
    """What would be said to a session, without doing anything."""
    draft, event = planning.tidied((await _read(request, Added)).session), organiser.programme.event
    before = next((one for one in event.sessions if one.id == draft.id), None)
    waits = planning.forbidden(before, draft, organiser.programme.opening.running(draft.id)) if before is not None else ()
    return {"issues": msgspec.to_builtins([*waits, *issues.of_session(event, draft)])}


@router.put("/api/programme/event", openapi_extra=_body(EventEdited, "names, tracks, zone, starts_at, ends_at, expected_version"))
async def edit_event(organiser: Organising, request: Request) -> dict[str, Any]:
    """Change the event's names, tracks, time zone and times. 409 with the programme as it is when somebody has changed it since."""
    wanted = await _read(request, EventEdited)
    parts = {name: getattr(wanted, name) for name in ("names", "tracks", "zone", "starts_at", "ends_at")}

    def rule(event: Event) -> Change:
        return planning.set_event(event, msgspec.structs.replace(event, **parts), wanted.expected_version, _now())

    change = await organiser.change(rule, lambda: organiser.programme.event)
    return {"event": msgspec.to_builtins(change.event), "issues": msgspec.to_builtins(issues.of(change.event))}


@router.get("/api/programme/log")
async def log(organiser: Organising) -> dict[str, Any]:
    """The newest 500 acts on the programme, the newest first, each with what was before and after."""
    return {"acts": await organiser.programme.log()}


# Files


@router.post(IMPORT_PATH)
async def take_in(
    organiser: Organising,
    request: Request,
    apply: Annotated[bool, Query(description="do it; otherwise nothing is done")] = False,
    expected_version: Annotated[int | None, Query(description="of the programme, as the report said")] = None,
) -> dict[str, Any]:
    """What a file (JSON as MARQUEE_PROGRAMME names it, or CSV) would add and change, and then, with `apply`, does.

    A file with an error does nothing (422 with `issues`); nor does one whose report was made of another programme (409).
    """
    data, kind = await request.body(), media_type_of(request)
    event, running = organiser.programme.event, organiser.programme.opening.running
    goes_on = {session.id: running(session.id) for session in event.sessions}
    change, report = await asyncio.to_thread(_planned, event, data, kind, goes_on)
    if not apply:
        return _report(report)
    if not report.ok:
        raise Unprocessable("the file has errors", issues=msgspec.to_builtins(report.issues))

    def rule(now: Event) -> Change:
        if {now.version, report.expected_version} != {expected_version}:
            raise errors.Conflict(f"the programme is at version {now.version}")
        return change

    await organiser.change(rule, lambda: organiser.programme.event)
    return _report(report)


@router.get("/api/programme/export.{format}", response_class=Response)
async def export(organiser: Organising, format: Literal["json", "csv"]) -> Response:
    """The whole programme, to be changed elsewhere and imported again."""
    event = organiser.programme.event
    headers = {"Content-Disposition": f'attachment; filename="programme.{format}"', "Cache-Control": "no-store"}
    if format == "json":
        return Response(msgspec.json.format(msgspec.json.encode(event)), headers=headers, media_type="application/json")
    rows = importing.rows(event)
    sheet = Sheet("programme", list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    return StreamingResponse(as_csv(sheet), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/api/event.ics", response_class=Response)
async def ics(
    request: Request,
    lang: Annotated[str, Query(max_length=35, description="of the texts, where there are any")] = "en",
    session: Annotated[str | None, Query(max_length=64, description="only this one")] = None,
) -> Response:
    """The programme for a calendar (iCalendar, RFC 5545); cancelled sessions are marked."""
    programme = services_of(request).programme
    sessions = programme.event.sessions if session is None else [programme.session(session)]
    text = calendar.calendar(programme.event, sessions, lang, str(request.base_url).rstrip("/"), _now())
    headers = {"Content-Disposition": f'attachment; filename="{session or "programme"}.ics"', "Cache-Control": "max-age=60"}
    return Response(text, headers=headers, media_type="text/calendar; charset=utf-8")


def _planned(event: Event, data: bytes, kind: str, goes_on: dict[str, planning.Running]) -> tuple[Change, Report]:
    match kind:
        case "application/json":
            incoming: Incoming = importing.from_json(data)
        case "text/csv":
            incoming = importing.from_csv(data, event.zone)
        case _:
            raise UnsupportedMedia("send application/json or text/csv", headers={"Accept-Post": "application/json, text/csv"})
    return importing.plan(event, incoming, lambda id: goes_on.get(id, planning.Running()), _now())


def _report(report: Report) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told | {"ok": report.ok}


async def _read(request: Request, type: type[T]) -> T:
    """The body. Raises BadRequest for what is no JSON, Faulty with the member that is wrong."""
    try:
        return msgspec.json.decode(await request.body(), type=type)
    except msgspec.ValidationError as error:
        raise Faulty(str(error), [importing.unreadable("", importing.path_in(str(error), "session."), str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"this is no JSON: {error}") from None


def _now() -> int:
    return time.time_ns() // 1_000_000
