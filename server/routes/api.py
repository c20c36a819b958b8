"""What anyone may read: the programme, and whether the service is well."""

import time
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from sqlalchemy import text

from server.errors import Unavailable
from server.services import Services

router = APIRouter(tags=["conference"])


def services_of(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


@router.get("/api/event")
async def event(request: Request) -> dict[str, Any]:
    """The programme (`sessions.programme.Event`), which sessions are `live` now, and the server's clock in ms since 1970 UTC."""
    services = services_of(request)
    programme: dict[str, Any] = msgspec.to_builtins(services.event)
    live = {id: session.live for id, session in services.lives.items()}
    return programme | {"live": live, "now": time.time_ns() // 1_000_000}


@router.get("/healthz")
async def health(request: Request) -> dict[str, str]:
    """200 while the database answers and the bus is connected, else 503 that names what does not."""
    services = services_of(request)
    if not services.hub.healthy:
        raise Unavailable("the bus is not connected")
    try:
        await services.store.read(lambda db: db.execute(text("SELECT 1")).scalar())
    except Exception:
        raise Unavailable("the database does not answer") from None
    return {"status": "ok"}
