"""A session as files, for those who run it."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from server.auth import Principal, authenticated
from server.errors import NotFound
from server.exports.report import report
from server.exports.research import package
from server.exports.sheet import Sheet, as_csv, as_json, as_xlsx, in_chunks
from server.exports.sheets import SHEETS
from server.routes.api import services_of
from server.services import Services

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = APIRouter(tags=["exports"])


def _staff(session: str, request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> Services:
    caller.require("export.read", session)
    return services_of(request)


Staff = Annotated[Services, Depends(_staff)]


@router.get("/api/sessions/{session}/exports/{name}.{format}", response_class=StreamingResponse)
async def export(session: str, name: str, format: Literal["csv", "xlsx", "json"], services: Staff) -> Response:
    """One sheet (questions, polls, ballots, attendance, captions, chat, problems, announcements, moderation), or `all` as XLSX or JSON."""
    if name not in SHEETS and not (name == "all" and format != "csv"):
        raise NotFound(f"there is no {name}.{format}; there are {', '.join(SHEETS)}, and all as xlsx or json")
    return await services.store.read(partial(_written, session=session, name=name, format=format))


@router.get("/api/sessions/{session}/research.zip", response_class=StreamingResponse)
async def research(session: str, services: Staff) -> Response:
    """The anonymised dataset: a Frictionless Data Package, counts below five suppressed, nobody named."""
    file = await services.store.read(partial(package, session=services.sessions[session]))
    return _file(in_chunks(file), f"{session}-research.zip", "application/zip")


@router.get("/api/sessions/{session}/moderation-report.json", response_class=Response)
async def moderation(session: str, services: Staff) -> Response:
    """What moderators did, how often, how fast, and why, with every entry of the log."""
    told = await services.store.read(partial(report, session=session))
    return _file(iter([json.dumps(told, ensure_ascii=False)]), f"{session}-moderation.json", "application/json")


def _written(db: Connection, session: str, name: str, format: str) -> Response:
    sheets: dict[str, Sheet] = {one: SHEETS[one](db, session) for one in (SHEETS if name == "all" else (name,))}
    filename = f"{session}-{name}.{format}"
    match format:
        case "csv":
            return _file(as_csv(sheets[name]), filename, "text/csv; charset=utf-8")
        case "xlsx":
            return _file(in_chunks(as_xlsx(sheets.values())), filename, XLSX)
        case _:
            return _file(as_json(sheets), filename, "application/json")


def _file(pieces: Iterator[Any], filename: str, media_type: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, headers=headers, media_type=media_type)
