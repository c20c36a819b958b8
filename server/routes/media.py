"""Media over HTTP: publishing by WHIP (RFC 9725) and watching by WHEP (draft-ietf-wish-whep), both by bearer token.

POST an SDP offer, get 201 with the answer and the Location of the resource; DELETE the resource to leave. PATCH takes trickled
candidates and forgets them, for an ICE-lite server needs none. Errors are problem details like everywhere.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from realtime.relay import Answer, NotLive, RelayDown, RelayError, RelayProcess, TooManyViewers, UnknownResource
from server.auth import Principal, authenticated
from server.errors import BadRequest, Conflict, NotFound, Problem, TooLarge, Unavailable, UnsupportedMedia, response
from server.routes.api import services_of

SDP = "application/sdp"
TRICKLE = "application/trickle-ice-sdpfrag"

MAX_BODY = 64 * 1024
"""Bytes of a request's body; a longer one is answered 413 without being read to its end."""

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After",
    "Access-Control-Max-Age": "86400",
}
"""Players live on other sites. No cookie is ever read here, so every origin may ask."""

Entrance = Literal["whip", "whep", "booth"]
_ACTIONS = {"whip": "media.publish", "whep": "media.watch", "booth": "media.interpret"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class MediaRoute(APIRoute):
    """Maps the relay's errors, and puts the CORS headers on errors too: without them a player on another site cannot read why."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                answer = await handle(request)
            except Problem as problem:
                answer = response(problem)
            except RelayError as error:
                answer = response(problem_of(error))
            answer.headers.update(CORS)
            return answer

        return handled


router = APIRouter(tags=["media"], route_class=MediaRoute)
Caller = Annotated[Principal, Depends(authenticated)]


def problem_of(error: RelayError) -> Problem:
    """The problem a refusal of the relay amounts to for the client."""
    match error:
        case NotLive():
            return Conflict(str(error), code=error.code, retry_after=error.retry_after)
        case TooManyViewers() | RelayDown():
            return Unavailable(str(error), code=error.code, retry_after=error.retry_after)
        case UnknownResource():
            return NotFound(str(error), code=error.code)
        case _:
            return BadRequest(str(error), code=error.code)


_OFFER = {"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}}
_ANSWERED: dict[int | str, dict[str, Any]] = {201: {"description": "The SDP answer", "content": {SDP: {"schema": {"type": "string"}}}}}


@router.post("/whip/{session}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_ANSWERED)
async def publish(session: str, request: Request, caller: Caller) -> Response:
    """Publish audio and video to a session: H264 or VP8, and Opus. The newest publisher takes over from the one before."""
    offer = await _offer(request, "whip", session, caller)
    return _created("whip", session, await _relay(request).publish(session, offer))


@router.post("/whip/{session}/{lang}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_ANSWERED)
async def interpret(session: str, lang: str, request: Request, caller: Caller) -> Response:
    """Publish an interpretation: Opus, into a language that the session is interpreted into. Who takes the microphone last, speaks."""
    offer = await _offer(request, "booth", session, caller)
    return _created("whip", session, await _relay(request).publish(session, offer, _booth(request, session, lang)))


@router.post("/whep/{session}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_ANSWERED)
async def watch(session: str, request: Request, caller: Caller, lang: str | None = None) -> Response:
    """Watch a session, and hear it in `lang` while that booth speaks. 409 with Retry-After while nobody publishes."""
    offer = await _offer(request, "whep", session, caller)
    wanted = None if lang is None else _booth(request, session, lang)
    return _created("whep", session, await _relay(request).watch(session, offer, wanted))


@router.patch("/whip/{session}/{resource}", status_code=204, response_class=Response)
@router.patch("/whep/{session}/{resource}", status_code=204, response_class=Response)
async def trickle(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """Trickle ICE candidates. They are read and forgotten: the relay answers checks and sends none."""
    await _own(request, session, resource, caller)
    _require_type(request, TRICKLE)
    await _body(request)
    return Response(status_code=204)


class Wanted(BaseModel):
    """What a viewer wants to hear: an interpretation, or the floor."""

    lang: str | None


class Heard(BaseModel):
    """`hears` is what comes now: null, the floor, while that booth is silent."""

    lang: str | None
    hears: str | None


@router.put("/whep/{session}/{resource}/language")
async def choose(session: str, resource: str, wanted: Wanted, request: Request, caller: Caller) -> Heard:
    """Hear an interpretation, or the floor, from the next packet on: in the same stream and without a new offer."""
    await _own(request, session, resource, caller)
    lang = None if wanted.lang is None else _booth(request, session, wanted.lang)
    return Heard(lang=lang, hears=await _relay(request).choose(resource, lang))


@router.delete("/whip/{session}/{resource}", response_class=Response)
@router.delete("/whep/{session}/{resource}", response_class=Response)
async def leave(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """Stop publishing or watching."""
    await _own(request, session, resource, caller)
    await _relay(request).end(resource)
    return Response(status_code=200)


@router.options("/whip/{session}", include_in_schema=False)
@router.options("/whep/{session}", include_in_schema=False)
@router.options("/whip/{session}/{resource}", include_in_schema=False)
@router.options("/whep/{session}/{resource}", include_in_schema=False)
@router.options("/whep/{session}/{resource}/language", include_in_schema=False)
async def preflight() -> Response:
    """What may be posted here, for any origin. The one request without a token: browsers send none with a preflight."""
    return Response(status_code=204, headers={"Accept-Post": SDP, "Accept-Patch": TRICKLE})


async def _offer(request: Request, entrance: Entrance, session: str, caller: Principal) -> str:
    caller.require(_ACTIONS[entrance], session)
    _require_type(request, SDP)
    try:
        return (await _body(request)).decode()
    except UnicodeDecodeError:
        raise BadRequest("the offer is not UTF-8", code="bad_offer") from None


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise TooLarge(f"a body may have {MAX_BODY} bytes")
    except ClientDisconnect:
        raise BadRequest("the body was not sent to its end") from None
    return body


def _require_type(request: Request, wanted: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise UnsupportedMedia(f"send {wanted}")


def _created(entrance: Entrance, session: str, answer: Answer) -> Response:
    # The path only: behind a proxy we do not know the host we were asked by.
    headers = {"Location": f"/{entrance}/{session}/{answer.resource_id}", "ETag": f'"{answer.etag}"'}
    return Response(answer.sdp, 201, headers, SDP)


async def _own(request: Request, session: str, resource: str, caller: Principal) -> None:
    """Whoever may publish (interpret, watch) a session may touch its publishing (interpreting, watching) resources, and no others."""
    entrances: tuple[Entrance, ...] = ("whip", "booth") if request.scope["route"].path.startswith("/whip/") else ("whep",)
    may = [entrance for entrance in entrances if caller.may(_ACTIONS[entrance])]
    caller.require(_ACTIONS[(may or entrances)[0]], session)
    found = await _relay(request).resource(resource)
    entrance: Entrance = "whep" if found.role == "viewer" else "whip" if found.lang is None else "booth"
    if found.session != session or entrance not in may:
        raise UnknownResource("no such resource, or it has ended")


def _booth(request: Request, session: str, lang: str) -> str:
    if lang not in services_of(request).lives[session].session.interpreted:
        raise NotFound(f"session {session} has no booth for {lang[:35]}")
    return lang


def _relay(request: Request) -> RelayProcess:
    return services_of(request).relay
