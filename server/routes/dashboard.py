"""The organiser's dashboard: samples of the last two hours, the newest since a time, and how things are now."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from server.auth import Principal, authenticated
from server.routes.api import live_of, services_of

router = APIRouter(tags=["programme"])


@router.get("/api/dashboard")
async def dashboard(
    request: Request,
    caller: Annotated[Principal, Depends(authenticated)],
    session: Annotated[str | None, Query(max_length=64, description="one session; all together without it")] = None,
    since: Annotated[int, Query(ge=0, lt=2**53, description="ms since 1970 UTC: only samples after it")] = 0,
) -> dict[str, Any]:
    """Series (`at` and the numbers at those times), every active session as it is, questions by state, languages, regions, captions.

    A sample is taken every `interval` ms, however many ask. Regions are as people declared them; fewer than five are not told.
    """
    caller.require("dashboard.read", caller.session)
    services = services_of(request)
    board = services.dashboard
    if session is not None:
        await live_of(request, session)
    await board.ready()
    told = {"interval": round(board.interval * 1000), "now": time.time_ns() // 1_000_000, "series": board.series(session, since)}
    return told | {"sessions": board.overview(), "regions": board.regions(session)} | board.now(session)
