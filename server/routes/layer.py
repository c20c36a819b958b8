"""Which encoding of the picture a viewer sees, by WHEP's layer selection (draft-murillo-whep); or that it wants only the sound."""

from fastapi import Request, Response
from pydantic import BaseModel, Field

from realtime.relay import Resource, UnknownLayer, View
from server.routes.wish import Caller, media_router, owned, relay_of

router = media_router()

_PATH = "/whep/{session}/{resource}/layer"


class Selection(BaseModel):
    """An encoding by its `rid` or `encodingId`; without either, what the viewer's path carries. `audioOnly` is no picture at all."""

    mediaId: str | int | None = None
    rid: str | None = Field(None, max_length=16)
    encodingId: str | None = Field(None, max_length=16)
    audioOnly: bool = False


class Encoding(BaseModel):
    """One that may be selected."""

    rid: str
    bitrate: int


class Selected(BaseModel):
    """What was asked for, `gets`, what comes now (null for the only encoding, or for none), and what there is, the largest first."""

    mediaId: str | None
    rid: str | None
    audioOnly: bool
    gets: str | None
    layers: list[Encoding]


@router.post(_PATH)
async def select(session: str, resource: str, wanted: Selection, request: Request, caller: Caller) -> Selected:
    """See another encoding from its next keyframe on, in the same stream and without a new offer; or hear only."""
    found = await owned(request, session, resource, caller)
    if wanted.mediaId is not None and str(wanted.mediaId) != str(found.video):
        raise UnknownLayer("this is not the section of the picture")
    rid = wanted.rid if wanted.rid is not None else wanted.encodingId
    return await _selected(request, found, await relay_of(request).show(resource, rid, not wanted.audioOnly))


@router.get(_PATH)
async def selected(session: str, resource: str, request: Request, caller: Caller) -> Selected:
    """What a viewer asked for and sees, and what else there is."""
    found = await owned(request, session, resource, caller)
    return await _selected(request, found, await relay_of(request).view(resource))


@router.options(_PATH, include_in_schema=False)
async def preflight() -> Response:
    """For the preflights of a player on another site."""
    return Response(status_code=200, headers={"Accept-Post": "application/json"})


async def _selected(request: Request, found: Resource, view: View) -> Selected:
    layers = [Encoding(rid=layer.rid, bitrate=layer.bitrate) for layer in await relay_of(request).layers(found.session) if layer.rid]
    video = None if found.video is None else str(found.video)
    return Selected(mediaId=video, rid=view.wants, audioOnly=not view.sees, gets=view.gets, layers=layers)
