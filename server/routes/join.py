"""Coming in: an invitation's code makes a person of whoever has it, and their token."""

import secrets
import time
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from server.auth import Principal, authenticated
from server.routes.api import live_of, services_of
from sessions.loading import Invite
from sessions.people import NAME_LIMIT, RIGHTS
from sessions.store import Write
from sessions.text import clean, language

ABOUT_LIMIT = 80
"""Graphemes of a region or a sector."""

router = APIRouter(tags=["conference"])


class Joining(BaseModel):
    """Who comes in, in their own words; only the language is needed."""

    model_config = ConfigDict(extra="forbid")

    lang: str = Field(description="BCP 47", max_length=35)
    name: str | None = Field(None, max_length=2000)
    region: str | None = Field(None, max_length=2000)
    sector: str | None = Field(None, max_length=2000)


def _invite(request: Request, code: Annotated[str, Path(max_length=64)]) -> Invite:
    services = services_of(request)
    address = request.client.host if request.client is not None else ""
    return services.doorkeeper.find(services.invites, code, address)


Invited = Annotated[Invite, Depends(_invite)]


@router.get("/api/join/{code}")
async def look(request: Request, invite: Invited) -> dict[str, Any]:
    """What a code opens."""
    services = services_of(request)
    session = services.sessions[invite.session]
    event = {"id": services.event.id, "names": services.event.names}
    found = {"role": invite.role, "session": msgspec.to_builtins(session), "event": event}
    return found | ({"seat": invite.seat} if invite.seat is not None else {})


@router.post("/api/join/{code}", status_code=201)
async def join(request: Request, invite: Invited, joining: Joining) -> dict[str, Any]:
    """Come in: a new person with the code's role, and their token."""
    services = services_of(request)
    lang = language(joining.lang)
    name = _said(joining.name, NAME_LIMIT, "the name")
    row = {"id": secrets.token_urlsafe(12), "session": invite.session, "role": invite.role.value, "name": name, "lang": lang}
    about = {"region": _said(joining.region, ABOUT_LIMIT, "the region"), "sector": _said(joining.sector, ABOUT_LIMIT, "the sector")}
    joined = {"seat": invite.seat, "joined_at": time.time_ns() // 1_000_000}
    live = await live_of(request, invite.session)
    await live.keep(Write("person", row | about | joined))
    live.joined(invite.role)
    if invite.seat is not None:
        live.podium.sit(str(row["id"]), invite.seat)
    person = {key: row[key] for key in ("id", "role", "lang", "name") if row[key] is not None}
    token = services.tokens.issue(str(row["id"]), invite.session, invite.role, lang, name, about["region"], invite.seat)
    return {"token": token, "person": person, "session": invite.session, "links": _links(invite)}


@router.get("/api/invites")
async def invites(
    request: Request, caller: Annotated[Principal, Depends(authenticated)], session: Annotated[str | None, Query(max_length=64)] = None
) -> dict[str, Any]:
    """The links into a session, the organiser's own if none is named."""
    caller.require("invite.read", caller.session)
    programme = services_of(request).programme
    wanted = caller.session if session is None else programme.session(session).id
    mine = [invite for invite in programme.invites.values() if invite.session == wanted]
    return {"invites": [_link(invite) for invite in mine]}


def _said(text: str | None, limit: int, what: str) -> str | None:
    return clean(text, limit, what) if text is not None and text.strip() else None


def _link(invite: Invite) -> dict[str, Any]:
    link = {"role": invite.role, "code": invite.code, "session": invite.session, "path": f"/j/{invite.code}"}
    return link | ({"seat": invite.seat} if invite.seat is not None else {})


def _links(invite: Invite) -> dict[str, str]:
    links = {"page": f"/s/{invite.session}", "ws": "/ws", "whep": f"/whep/{invite.session}", "hls": f"/hls/{invite.session}/master.m3u8"}
    return links | ({"whip": f"/whip/{invite.session}"} if "media.publish" in RIGHTS[invite.role] else {})
