"""A session's transcript as a file, in each language of its captions."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from server.auth import Principal, authenticated
from server.errors import NotFound
from server.routes.api import services_of
from sessions import loading
from sessions.text import language
from translation.formats import Line, plain, srt, webvtt

MEDIA_TYPES = {"vtt": "text/vtt", "srt": "application/x-subrip", "txt": "text/plain"}

router = APIRouter(tags=["captions"])


@router.get("/api/sessions/{session}/captions.{format}", response_class=Response)
async def transcript(
    session: str,
    format: Literal["vtt", "srt", "txt"],
    lang: Annotated[str, Query(max_length=35)],
    request: Request,
    caller: Annotated[Principal, Depends(authenticated)],
) -> Response:
    """Every final caption so far, times from the session's start."""
    caller.require("caption.read", session)
    services = services_of(request)
    programme = services.lives[session].session
    lang = language(lang)
    if lang not in programme.captions:
        raise NotFound(f"captions are in {', '.join(programme.captions)}")
    rows = await services.store.read(partial(loading.cues, session=session, lang=lang))
    lines = [Line(number, cue["text"], cue["lang"], cue["start"], cue["end"], cue.get("speaker")) for number, cue in rows]
    zero = min([programme.starts_at, *(line.start for line in lines)]) if lines else programme.starts_at
    text = {"vtt": lambda: webvtt(lines, lang, zero), "srt": lambda: srt(lines, zero), "txt": lambda: plain(lines)}[format]()
    headers = {"Content-Disposition": f'attachment; filename="{session}.{lang}.{format}"', "Cache-Control": "no-store"}
    return Response(text, headers=headers, media_type=f"{MEDIA_TYPES[format]}; charset=utf-8")
