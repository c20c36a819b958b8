"""A session's whole log of moderation, for its staff."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from server import views
from server.auth import Principal, authenticated
from server.routes.api import services_of
from sessions import loading

router = APIRouter(tags=["moderation"])


@router.get("/api/sessions/{session}/moderation")
async def log(session: str, request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> dict[str, Any]:
    """Every act so far, oldest first, as `Act` of the socket's contract with its `number`; and how often which was done, and why."""
    caller.require("staff.read", session)
    kept = await services_of(request).store.read(partial(loading.log, session=session, limit=None))
    acts = [{"number": entry.number} | views.act(entry) for entry in kept.entries.values()]
    return {"acts": acts, "counts": {"acts": dict(kept.acts), "reasons": dict(kept.reasons)}}
