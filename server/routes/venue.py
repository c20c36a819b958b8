"""Which of a session's two venues is on air, as its staff says."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from realtime.relay import RelayError, Venue
from server.auth import Principal, authenticated
from server.routes.api import live_of
from server.routes.wish import problem_of, relay_of

router = APIRouter(tags=["media"])


class Airing(BaseModel):
    """The venue that is on air, or is to be."""

    venue: Venue


@router.put("/api/sessions/{session}/venue")
async def air(session: str, wanted: Airing, request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> Airing:
    """Put a venue on air: viewers go on with its picture, and none has to connect again. 409 `not_live` while nothing arrives from it."""
    caller.require("media.air", session)
    await live_of(request, session)
    try:
        await relay_of(request).air(session, wanted.venue)
    except RelayError as error:
        raise problem_of(error) from error
    return wanted
