"""Media over HTTP: publishing by WHIP (RFC 9725) and watching by WHEP (draft-ietf-wish-whep), both by bearer token.

POST an SDP offer, get 201 with the answer and the Location of the resource; DELETE the resource to leave. PATCH takes
trickled candidates and restarts ICE. Errors are problem details like everywhere, but for one: a viewer's offer that can
be read and not be taken is answered 406 with an offer of ours, to be answered by PATCH.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from realtime.relay import Answer, UnacceptableOffer, Venue
from realtime.relay.counteroffer import LIFETIME
from server import turn
from server.auth import Principal, authenticated
from server.egress import EVENTS
from server.errors import Conflict, PreconditionNeeded
from server.routes.api import services_of
from server.routes.placing import a_seat, place_publisher
from server.routes.wish import SDP, TRICKLE, Caller, admit, booth, entrance_of, media_router, owned, read_text, relay_of

router = media_router()

_OFFER = {"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}}
_SDP_BODY = {"content": {SDP: {"schema": {"type": "string"}}}}
_ANSWERED: dict[int | str, dict[str, Any]] = {201: {"description": "The SDP answer", **_SDP_BODY}}
_WATCHED: dict[int | str, dict[str, Any]] = {**_ANSWERED, 406: {"description": "An SDP offer, to be answered by PATCH", **_SDP_BODY}}
_RESTARTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer to an ICE restart", "content": {TRICKLE: {"schema": {"type": "string"}}}}
}


@router.post("/whip/{session}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_ANSWERED)
async def publish(session: str, request: Request, caller: Caller, venue: Venue = "a") -> Response:
    """Publish audio and video to a session: H264 or VP8, and Opus. The newest publisher of a venue takes over from the one before.

    What comes from the backup, venue `b`, is sent on when `a` falls silent or leaves, or when `/api/sessions/{session}/venue` says so.
    A guest on the stage publishes from there too and is on air at once; the backup has to wait then (409 `stage_taken`).
    Nobody publishes to a session that is cancelled (409 `closed`).
    """
    admit(request, "whip", session, caller)
    if services_of(request).programme.session(session).cancelled:
        raise Conflict("the session is cancelled", code="closed")
    offer = await read_text(request, SDP, told_by="Accept-Post", code="bad_offer")
    await place_publisher(request, session, caller)
    stages = services_of(request).stages
    if caller.guest:
        return _answered(request, f"/whip/{session}", await stages.publish(session, caller.person, offer), caller)
    if venue == "b":
        stages.require_vacant(session)
    return _answered(request, f"/whip/{session}", await relay_of(request).publish(session, offer, venue=venue), caller)


@router.post("/whip/{session}/{lang}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_ANSWERED)
async def interpret(session: str, lang: str, request: Request, caller: Caller) -> Response:
    """Publish an interpretation: Opus, into a language that the session is interpreted into. Who takes the microphone last, speaks."""
    admit(request, "booth", session, caller)
    into = booth(request, session, lang)
    offer = await read_text(request, SDP, told_by="Accept-Post", code="bad_offer")
    await place_publisher(request, session, caller)
    return _answered(request, f"/whip/{session}", await relay_of(request).publish(session, offer, into), caller)


@router.post("/whep/{session}", status_code=201, response_class=Response, openapi_extra=_OFFER, responses=_WATCHED)
async def watch(session: str, request: Request, caller: Caller, lang: str | None = None, original: bool = True) -> Response:
    """Watch a session, and hear it in `lang` while that booth speaks. 409 with Retry-After while nobody publishes.

    A second section of sound in the offer is for the floor beneath an interpretation: it comes there as long as a booth is heard in the
    first one, unless `original` is false.
    """
    admit(request, "whep", session, caller)
    wanted = None if lang is None else booth(request, session, lang)
    offer = await read_text(request, SDP, told_by="Accept-Post", code="bad_offer")
    async with a_seat(request, session, wanted, caller):
        try:
            return _watched(request, session, await relay_of(request).watch(session, offer, wanted, original), caller)
        except UnacceptableOffer:
            answer = _watched(request, session, await relay_of(request).counter_offer(session, wanted), caller)
    answer.status_code = 406
    answer.headers["Expires"] = format_datetime(datetime.now(UTC) + timedelta(seconds=LIFETIME), usegmt=True)
    return answer


@router.patch("/whip/{session}/{resource}", status_code=204, response_class=Response, responses=_RESTARTED)
@router.patch("/whep/{session}/{resource}", status_code=204, response_class=Response, responses=_RESTARTED)
async def update(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """Bring late candidates (204), restart ICE by new credentials (200), or answer a counter-offer (204)."""
    found = await owned(request, session, resource, caller)
    if not found.answered:
        answer = await read_text(request, SDP, told_by="Accept-Patch", code="bad_offer")
        await relay_of(request).accept(resource, answer)
        return Response(status_code=204, headers={"ETag": f'"{found.etag}"'})
    fragment = await read_text(request, TRICKLE, told_by="Accept-Patch", code="bad_fragment")
    restart = await relay_of(request).update_ice(resource, fragment, tags=_tags(request))
    if restart is None:
        return Response(status_code=204)
    return Response(restart.fragment, 200, {"ETag": f'"{restart.etag}"'}, TRICKLE)


@router.delete("/whip/{session}/{resource}", response_class=Response)
@router.delete("/whep/{session}/{resource}", response_class=Response)
async def leave(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """Stop publishing or watching."""
    await owned(request, session, resource, caller)
    await relay_of(request).end(resource)
    return Response(status_code=200)


@router.api_route("/whip/{session}", methods=["GET", "HEAD"], status_code=204, include_in_schema=False)
@router.api_route("/whep/{session}", methods=["GET", "HEAD"], status_code=204, include_in_schema=False)
async def endpoint(session: str, request: Request, caller: Caller) -> Response:
    """An endpoint has nothing to show, and says so with success (RFC 9725 section 4.1)."""
    admit(request, entrance_of(request, caller), session, caller)
    return Response(status_code=204)


@router.api_route("/whip/{session}/{resource}", methods=["GET", "HEAD"], status_code=204, include_in_schema=False)
@router.api_route("/whep/{session}/{resource}", methods=["GET", "HEAD"], status_code=204, include_in_schema=False)
async def shown(session: str, resource: str, request: Request, caller: Caller) -> Response:
    """A resource has nothing to show either; 404 once it has ended."""
    await owned(request, session, resource, caller)
    return Response(status_code=204)


_maybe_bearer = HTTPBearer(auto_error=False)


@router.options("/whip/{session}", include_in_schema=False)
@router.options("/whep/{session}", include_in_schema=False)
async def options(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_maybe_bearer)]) -> Response:
    """What may be posted here, for any origin. The one request without a token: browsers send none with a preflight.

    A client that sends one is told the ICE servers, for some must know them before they make an offer (RFC 9725 section 4.6).
    """
    answer = Response(status_code=200, headers={"Accept-Post": SDP})
    if given is not None:
        _link_ice_servers(request, answer, await authenticated(request, given))
    return answer


@router.options("/whep/{session}/{resource}", include_in_schema=False)
async def resource_options() -> Response:
    """What a resource may be patched with."""
    return Response(status_code=200, headers={"Accept-Patch": TRICKLE})


@router.options("/whip/{session}/{resource}", include_in_schema=False)
async def booth_options() -> Response:
    """What a resource may be patched with, or a booth be posted: they share their paths."""
    return Response(status_code=200, headers={"Accept-Post": SDP, "Accept-Patch": TRICKLE})


def _answered(request: Request, endpoint: str, answer: Answer, caller: Principal) -> Response:
    # The path only: behind a proxy we do not know the host we were asked by.
    headers = {"Location": f"{endpoint}/{answer.resource_id}", "ETag": f'"{answer.etag}"'}
    created = Response(answer.sdp, 201, headers, SDP)
    _link_ice_servers(request, created, caller)
    return created


def _watched(request: Request, session: str, answer: Answer, caller: Principal) -> Response:
    created = _answered(request, f"/whep/{session}", answer, caller)
    rel = "urn:ietf:params:whep:ext:core:server-sent-events"
    created.headers.append("Link", f'<{created.headers["Location"]}/events>; rel="{rel}"; events="{",".join(EVENTS)}"')
    created.headers.append("Link", f'<{created.headers["Location"]}/layer>; rel="urn:ietf:params:whep:ext:core:layer"')
    return created


def _link_ice_servers(request: Request, answer: Response, caller: Principal) -> None:
    settings = services_of(request).settings
    for link in turn.links(settings.turn_urls, settings.turn_secret.get_secret_value(), caller.person):
        answer.headers.append("Link", link)


def _tags(request: Request) -> tuple[str, ...] | None:
    """The ICE sessions a PATCH may be meant for, None for any.

    Clients send no If-Match, `*`, `"*"` or an old tag, and mean the session by the credentials in the fragment: without
    `strict_tags` those alone decide. Raises PreconditionNeeded.
    """
    if not services_of(request).settings.strict_tags:
        return None
    given = request.headers.get("if-match")
    if given is None:
        raise PreconditionNeeded("say in If-Match which ICE session this is for (its ETag, or * to restart)")
    # A weak tag never matches strongly (RFC 9110 section 13.1.1).
    tags = tuple(tag.strip('"') for tag in (part.strip() for part in given.split(",")) if not tag.startswith("W/"))
    return None if "*" in tags else tags
