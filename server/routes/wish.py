"""What every WHIP and WHEP route has in common: problems with CORS headers, bodies as text, and whose a resource is."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from realtime.relay import (
    NotLive,
    RelayDown,
    RelayError,
    RelayProcess,
    Resource,
    StaleTag,
    TooManyViewers,
    UnacceptableOffer,
    UnknownResource,
)
from server.auth import Principal, authenticated_here_or_elsewhere
from server.errors import (
    BadRequest,
    Conflict,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    Problem,
    Unavailable,
    Unprocessable,
    UnsupportedMedia,
    response,
)
from server.routes.api import media_type_of, services_of

SDP = "application/sdp"
TRICKLE = "application/trickle-ice-sdpfrag"

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    # Some players send the ETag they were given by that name.
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match, ETag",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After, Expires, Accept-Post, Accept-Patch",
    "Access-Control-Max-Age": "86400",
}
"""Players live on other sites. No cookie is ever read here, so every origin may ask."""

_PATHS = ("/whip/", "/whep/", "/hls/")

Entrance = Literal["whip", "whep", "booth"]
_ACTIONS = {"whip": "media.publish", "whep": "media.watch", "booth": "media.interpret"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Caller = Annotated[Principal, Depends(authenticated_here_or_elsewhere)]


def headers_at(path: str) -> Mapping[str, str]:
    """Those that a refusal at a path carries, whoever refuses."""
    return CORS if path.startswith(_PATHS) else {}


class Elsewhere(Exception):
    """The session's media is at another node, at `location`."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class MediaRoute(APIRoute):
    """Maps the relay's errors, and puts the CORS headers on errors too: without them a player on another site cannot read why."""

    siblings: ClassVar[Sequence[BaseRoute]] = ()
    """All routes of this one's paths."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                services_of(request).pacing.come(request.method, request.client.host if request.client is not None else "")
                answer = await handle(request)
            except Problem as problem:
                answer = response(problem)
            except RelayError as error:
                answer = response(problem_of(error))
            except Elsewhere as elsewhere:
                answer = Response(status_code=307, headers={"Location": elsewhere.location})
            answer.headers.update(CORS)
            return answer

        return handled

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only the first route of a path is asked about a method that none of them has, so it speaks for all (RFC 9110 section 15.5.6)."""
        if scope["method"] in (self.methods or ()):
            return await super().handle(scope, receive, send)
        here = [route for route in self.siblings if isinstance(route, MediaRoute) and route.path_regex.match(scope["path"])]
        allowed = ", ".join(sorted(method for route in here for method in route.methods or ()))
        answer = response(MethodNotAllowed(f"only {allowed} here", headers={"Allow": allowed}))
        answer.headers.update(CORS)
        await answer(scope, receive, send)


def media_router() -> APIRouter:
    """A router for media routes; those of one path belong into one router."""
    router = APIRouter(tags=["media"])

    class Route(MediaRoute):
        siblings = router.routes

    router.route_class = Route
    return router


def problem_of(error: RelayError) -> Problem:
    """The problem a refusal of the relay amounts to for the client."""
    match error:
        case NotLive():
            return Conflict(str(error), code=error.code, retry_after=error.retry_after)
        case TooManyViewers() | RelayDown():
            return Unavailable(str(error), code=error.code, retry_after=error.retry_after)
        case UnknownResource():
            return NotFound(str(error), code=error.code)
        case UnacceptableOffer():
            return Unprocessable(str(error), code=error.code)
        case StaleTag():
            return PreconditionFailed(str(error), code=error.code)
        case _:
            return BadRequest(str(error), code=error.code)


async def read_text(request: Request, wanted: str, *, told_by: str, code: str) -> str:
    """The body, of type `wanted`, as text. Raises UnsupportedMedia with the header `told_by` (RFC 5789, RFC 9110), BadRequest."""
    if media_type_of(request) != wanted:
        raise UnsupportedMedia(f"send {wanted}", headers={told_by: wanted})
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise BadRequest("the body is not UTF-8", code=code) from None


def admit(request: Request, entrance: Entrance, session: str, caller: Principal) -> None:
    """Raises NotFound, Forbidden, TooMany, and Elsewhere for a session that another node carries; Conflict if that node says so of another
    one, for two lists that do not agree would send a client in circles."""
    caller.require(_ACTIONS[entrance], session)
    services = services_of(request)
    services.pacing.ask(request.method, caller.person)
    if caller.guest and session in services.lives:  # else who owns the session asks
        services.stages.require(session, caller.person)
    node = services.settings.nodes.get(session)
    if node is not None and node.partition("://")[2] != request.url.netloc:
        if was_sent(request):
            raise Conflict("the nodes do not agree on where this session is", code="elsewhere")
        raise elsewhere(request, caller, node)


def was_sent(request: Request) -> bool:
    """Whether another node has sent this request here."""
    return "ticket" in request.query_params


def elsewhere(request: Request, caller: Principal, node: str) -> Elsewhere:
    """The same request at another node. A client that follows it takes no Authorization to another host, so it takes a ticket."""
    asked = request.url.include_query_params(ticket=services_of(request).tokens.ticket(caller))
    return Elsewhere(f"{node}{asked.path}?{asked.query}")


async def owned(request: Request, session: str, resource: str, caller: Principal) -> Resource:
    """Whoever may publish (interpret, watch) a session may touch its publishing (interpreting, watching) resources, and no others."""
    admit(request, entrance_of(request, caller), session, caller)
    found = await relay_of(request).resource(resource)
    entrance: Entrance = "whep" if found.role == "viewer" else "whip" if found.lang is None else "booth"
    if caller.guest and not services_of(request).stages.owns(session, resource):
        raise UnknownResource("no such resource, or it has ended")
    if found.session != session or entrance not in _entrances(request) or not caller.may(_ACTIONS[entrance]):
        raise UnknownResource("no such resource, or it has ended")
    return found


def entrance_of(request: Request, caller: Principal) -> Entrance:
    """By which the caller may have come to this path."""
    entrances = _entrances(request)
    return next((entrance for entrance in entrances if caller.may(_ACTIONS[entrance])), entrances[0])


def _entrances(request: Request) -> tuple[Entrance, ...]:
    return ("whip", "booth") if request.scope["route"].path.startswith("/whip/") else ("whep",)


def booth(request: Request, session: str, lang: str) -> str:
    """The language, if the session is interpreted into it. Raises NotFound."""
    if lang not in services_of(request).sessions[session].interpreted:
        raise NotFound(f"session {session} has no booth for {lang[:35]}")
    return lang


def relay_of(request: Request) -> RelayProcess:
    return services_of(request).relay
