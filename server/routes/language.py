"""Which language a viewer hears: chosen within its stream, without a new offer."""

from fastapi import Request, Response
from pydantic import BaseModel

from server.routes.api import services_of
from server.routes.wish import Caller, booth, media_router, owned, relay_of

router = media_router()

_PATH = "/whep/{session}/{resource}/language"


class Wanted(BaseModel):
    """What a viewer wants to hear: an interpretation, or the floor.

    `original` is whether the floor's sound is to come beneath an interpretation, in the second section of sound of an offer that has
    one; null leaves that as it is.
    """

    lang: str | None
    original: bool | None = None


class Heard(BaseModel):
    """`hears` is what comes now: null, the floor, while that booth is silent."""

    lang: str | None
    hears: str | None


@router.put(_PATH)
async def choose(session: str, resource: str, wanted: Wanted, request: Request, caller: Caller) -> Heard:
    """Hear an interpretation, or the floor, from the next packet on: in the same stream and without a new offer."""
    await owned(request, session, resource, caller)
    lang = None if wanted.lang is None else booth(request, session, wanted.lang)
    await services_of(request).cascade.ready(session, lang)
    return Heard(lang=lang, hears=await relay_of(request).choose(resource, lang, wanted.original))


@router.options(_PATH, include_in_schema=False)
async def preflight() -> Response:
    """For the preflights of a player on another site."""
    return Response(status_code=200)
