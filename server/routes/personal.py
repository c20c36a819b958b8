"""What the service holds of a person: theirs to take along, and to have erased."""

import json
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from server.auth import Principal, authenticated
from server.erasing import erase as erase_person
from server.routes.api import live_of, services_of
from sessions import personal

router = APIRouter(tags=["personal data"])

Caller = Annotated[Principal, Depends(authenticated)]


@router.get("/api/me", response_class=Response)
async def mine(request: Request, caller: Caller) -> Response:
    """All that is kept of the caller, by kind. Of a secret ballot only that they voted: how, nobody can say once it is closed."""
    services = services_of(request)
    live = await live_of(request, caller.session) if caller.session in services.sessions else None
    secret = [] if live is None else live.polls.secretly(caller.person)  # the rows have no name on an envelope
    held = await services.store.read(partial(personal.held, person=caller.person, secret=secret))
    headers = {"Content-Disposition": 'attachment; filename="marquee.json"', "Cache-Control": "no-store"}
    return Response(json.dumps(held, ensure_ascii=False), headers=headers, media_type="application/json")


@router.delete("/api/me", status_code=204, response_class=Response)
async def erase(request: Request, caller: Caller) -> Response:
    """Erase the caller: what they wrote and were called goes, what they chose stays counted as nobody's. Their token is then no good."""
    services = services_of(request)
    live = await live_of(request, caller.session)
    await erase_person(services.store, live, services.stages, caller.person, services.erased)
    return Response(status_code=204)
