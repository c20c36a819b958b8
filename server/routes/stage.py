"""How a guest on the stage gets to publish."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from server.auth import STAGE_LIFETIME, Principal, authenticated
from server.errors import Conflict
from server.routes.api import live_of, services_of

router = APIRouter(tags=["media"])


@router.post("/api/sessions/{session}/stage", status_code=201)
async def enter(session: str, request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> dict[str, Any]:
    """A token to publish with by WHIP, for who is on the stage and while they are. 403 `off_stage` for everyone else."""
    caller.require("floor.accept", session)
    services = services_of(request)
    await live_of(request, session)
    services.stages.require(session, caller.person)
    if session in services.settings.nodes:
        raise Conflict("the media of this session is at another node, which does not know who is on the stage", code="stage_elsewhere")
    return {"token": services.tokens.issue_stage(caller), "whip": f"/whip/{session}", "expires_in": STAGE_LIFETIME}
