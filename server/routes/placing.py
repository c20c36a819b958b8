"""Which node takes a publisher or a viewer: this one if it can, else 307 to the one that does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from realtime.relay import NotLive, TooManyViewers
from server.auth import Principal
from server.errors import Conflict, Unavailable
from server.registry import Node
from server.routes.api import services_of
from server.routes.wish import elsewhere, was_sent

RETRY = 2
"""Seconds after which a publisher that two nodes would send to each other may try again; one of them is wrong for no longer."""


async def place_publisher(request: Request, session: str, caller: Principal) -> None:
    """Make this node the session's origin. Raises Elsewhere when another one is, or is to be; Conflict for who was sent here by that,
    and for who cannot be sent: of nodes behind one address each has another one only inside."""
    placement = services_of(request).placement
    stays = _stays(request)
    other = placement.best(session) if placement.draining and not stays else None
    if other is not None:
        await placement.give_up(session)
        raise elsewhere(request, caller, other.url)
    owner = await _owner(request, session) or await services_of(request).cascade.take(session)
    if owner is None:
        return
    if stays:
        raise Conflict("the session is published to another node", code="elsewhere", retry_after=RETRY)
    raise elsewhere(request, caller, owner)


async def _owner(request: Request, session: str) -> str | None:
    """The other node that owns the session: its captions are made there, and its stage is known there. None while nobody can say."""
    try:
        found = await services_of(request).owners.find(session)
    except Unavailable:
        return None
    return found if isinstance(found, str) else None


def send_to_origin(request: Request, session: str, caller: Principal) -> None:
    """Raises Elsewhere when the session comes from another node, for what only its origin makes."""
    origin = services_of(request).placement.origin(session)
    if origin is not None and not _stays(request):
        raise elsewhere(request, caller, origin.url)


@asynccontextmanager
async def a_seat(request: Request, session: str, lang: str | None, caller: Principal) -> AsyncIterator[None]:
    """Have the session here for a viewer. Raises Elsewhere when this node drains or is full and another one takes viewers, and when
    the source is away and another node, which had it, shows the slate."""
    services = services_of(request)
    placement = services.placement
    if placement.draining:
        _send_on(request, placement.best(session), caller)
    await services.cascade.ready(session, lang)
    try:
        yield
    except TooManyViewers:
        _send_on(request, placement.best(session), caller)
        raise
    except NotLive:
        _send_on(request, placement.slate(session), caller)
        raise


def _send_on(request: Request, other: Node | None, caller: Principal) -> None:
    if other is not None and not _stays(request):
        raise elsewhere(request, caller, other.url)


def _stays(request: Request) -> bool:
    """Whether a request is answered here or refused, for another node has sent it: once is enough, or two that are full would play ball.

    Nodes behind one address pass requests on inside, and send nobody.
    """
    return was_sent(request) or services_of(request).settings.together
