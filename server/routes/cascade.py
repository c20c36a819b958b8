"""What other nodes ask: a session that originates here, by WHEP and a node's token."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from realtime.relay import NotLive
from server.errors import Unauthorized
from server.routes.api import services_of
from server.routes.wish import SDP, booth, media_router, read_text

router = media_router()

_bearer = HTTPBearer(auto_error=False)


@router.post("/cascade/{session}", status_code=201, response_class=Response, include_in_schema=False)
async def feed(
    session: str, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)], lang: str | None = None
) -> Response:
    """Feed another node, whatever the viewers' limit. 409 unless the session originates here: no node has it from one that pulls it.

    There is nothing to trickle, and the goodbye is a DTLS alert; so the answer names no resource.
    """
    services = services_of(request)
    if given is None:
        raise Unauthorized("send Authorization: Bearer and a node's token")
    services.tokens.read_node(given.credentials, session)
    if session not in services.sessions or not services.placement.originates(session):
        raise NotLive(f"session {session} does not originate here")
    wanted = None if lang is None else booth(request, session, lang)
    offer = await read_text(request, SDP, told_by="Accept-Post", code="bad_offer")
    answer = await services.relay.feed(session, offer, wanted)
    return Response(answer.sdp, 201, media_type=SDP)
