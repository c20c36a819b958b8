"""What anyone may read: the programme, and whether the service is well."""

import asyncio
import time
from typing import Any
from zlib import crc32

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

from server.cluster.passing import AtOwner
from server.errors import Unavailable
from server.live import LiveSession
from server.services import Services

ANSWER = 2.0
"""Seconds that the database has to show that it is there."""

router = APIRouter(tags=["conference"])


def services_of(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def media_type_of(request: Request, default: str = "") -> str:
    """What the body is said to be, in small letters and without parameters; `default` where nothing is said."""
    return request.headers.get("content-type", default).partition(";")[0].strip().lower()


async def live_of(request: Request, session: str) -> LiveSession:
    """The session's state. Raises NotFound, Unavailable, and AtOwner where another process has it: the request is passed on."""
    found = await services_of(request).owners.find(session)
    if isinstance(found, str):
        raise AtOwner(found)
    return found


@router.get("/api/event", response_class=JSONResponse)
async def event(request: Request) -> Response:
    """The programme (`sessions.programme.Event`), which sessions are `live` now, and the server's clock in ms since 1970 UTC.

    Pages ask often: with the ETag of what they have they are told 304 while nothing has changed.
    """
    services = services_of(request)
    live = {id: services.placement.where(id, None) is not None for id in services.sessions}
    tag = f'W/"{services.event.version}-{crc32(msgspec.json.encode(live)):x}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    programme: dict[str, Any] = msgspec.to_builtins(services.event)
    told = programme | {"live": live, "now": time.time_ns() // 1_000_000}
    return Response(msgspec.json.encode(told), headers=headers, media_type="application/json")


@router.get("/healthz")
async def health(request: Request) -> dict[str, str]:
    """200 while the database answers, else 503. `degraded` without the bus: other processes are not heard, and votes are kept as ever."""
    services = services_of(request)
    try:
        async with asyncio.timeout(ANSWER):
            await services.store.read(lambda db: db.execute(text("SELECT 1")).scalar())
    except Exception:
        raise Unavailable("the database does not answer") from None
    return {"status": "ok"} if services.hub.healthy else {"status": "degraded", "detail": "the bus is not connected"}
