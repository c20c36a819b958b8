"""The server-sent events extension of WHEP: POST the events wanted, get the Location of a stream for an EventSource."""

import msgspec
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from realtime.relay import UnknownResource
from server.egress import EVENTS, EventStream
from server.errors import BadRequest, NotFound, UnsupportedMedia
from server.routes.api import media_type_of, services_of
from server.routes.wish import Caller, media_router, owned

router = media_router()

_TYPE = "application/json"
_STREAM = "/whep/{session}/{resource}/events/{stream}"


@router.post("/whep/{session}/{resource}/events", status_code=201, response_class=Response)
async def subscribe(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """A stream of the events named in a JSON array, or of all without a body. What we do not know is left out."""
    found = await owned(request, session, resource, caller)
    if not found.answered:
        raise UnknownResource("the offer of this resource is not answered yet")
    wanted = _wanted(media_type_of(request), await request.body())
    stream = await services_of(request).events.open(resource, session, found.video, wanted)
    return Response(status_code=201, headers={"Location": f"/whep/{session}/{resource}/events/{stream.id}"})


@router.get(_STREAM, response_class=StreamingResponse)
async def listen(session: str, resource: str, stream: str, request: Request) -> StreamingResponse:
    """The stream as text/event-stream. Its URL is its key: an EventSource sends no token."""
    found = _find(request, session, resource, stream)
    return StreamingResponse(found.read(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, media_type="text/event-stream")


@router.delete(_STREAM, response_class=Response)
async def unsubscribe(session: str, resource: str, stream: str, request: Request, caller: Caller) -> Response:
    """End the stream."""
    await owned(request, session, resource, caller)
    services_of(request).events.close(_find(request, session, resource, stream))
    return Response(status_code=200)


@router.options("/whep/{session}/{resource}/events", include_in_schema=False)
@router.options(_STREAM, include_in_schema=False)
async def options() -> Response:
    """For the preflights of a player on another site."""
    return Response(status_code=200, headers={"Accept-Post": _TYPE})


def _find(request: Request, session: str, resource: str, id: str) -> EventStream:
    found = services_of(request).events.find(id)
    if found is None or (found.session, found.resource) != (session, resource):
        raise NotFound("no such stream, or it has ended")
    return found


def _wanted(type: str, body: bytes) -> set[str]:
    if not body:
        return set(EVENTS)
    if type != _TYPE:
        raise UnsupportedMedia(f"send {_TYPE}", headers={"Accept-Post": _TYPE})
    try:
        return set(msgspec.json.decode(body, type=list[str])) & set(EVENTS)
    except msgspec.MsgspecError:
        raise BadRequest("the events wanted are not a JSON array of names") from None
