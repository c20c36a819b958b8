"""HLS (RFC 8216): for who cannot be reached by WebRTC, and for CDNs.

`GET /hls/{session}/master.m3u8` with a bearer token is answered with a redirection to an address that carries a key and needs no
token: a video element and a CDN have none. The key is the same for everyone for hours, so that a CDN keeps one copy for all.
"""

import hashlib
import re
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request, Response

from realtime.relay.hls import playlist
from realtime.relay.hls.boxes import sound_init
from realtime.relay.hls.segment import FLOOR
from realtime.relay.hls.sound import RATE
from realtime.relay.hls.window import Window
from server.errors import NotFound
from server.hls import own_name
from server.routes.api import services_of
from server.routes.placing import send_to_origin
from server.routes.wish import Caller, admit, media_router
from sessions.programme import Session
from translation.formats import Line, segmented, webvtt
from translation.pacing import SHORTEST_LONG, seen

MP4, VTT = "video/mp4", "text/vtt; charset=utf-8"

FOR_EVER = "public, max-age=86400, immutable"
"""A segment's number is never used again."""

SHORTLY = "public, max-age=1"
"""A playlist changes with each segment, every two seconds or more."""

CORRECTABLE = "public, max-age=30"
"""A caption may still be put right."""

_SEGMENT = re.compile(r"(\d{1,12})-(video|sound-([\w-]{1,35})|captions-([\w-]{1,35}))\.(m4s|vtt)", re.ASCII)
_PLAYLIST = re.compile(r"(video|sound|captions)(?:-([\w-]{1,35}))?\.m3u8", re.ASCII)

router = media_router()

Key = Annotated[str, Path(max_length=512)]
Name = Annotated[str, Path(max_length=80)]


@router.get("/hls/{session}/master.m3u8", status_code=307, response_class=Response)
@router.head("/hls/{session}/master.m3u8", include_in_schema=False)
async def enter(session: str, request: Request, caller: Caller) -> Response:
    """Where the master playlist is for the next hours, for players that send no token. 409 with Retry-After while nobody publishes."""
    admit(request, "whep", session, caller)
    send_to_origin(request, session, caller)
    services = services_of(request)
    await services.hls.window(session)
    location = f"/hls/{session}/{services.tokens.issue_hls(session)}/master.m3u8"
    return Response(status_code=307, headers={"Location": location, "Cache-Control": "no-store"})


@router.get("/hls/{session}/{key}/{name}", response_class=Response)
@router.head("/hls/{session}/{key}/{name}", include_in_schema=False)
async def fetch(session: str, key: Key, name: Name, request: Request) -> Response:
    """A playlist, a segment or an initialization; conditional by If-None-Match."""
    services = services_of(request)
    services.tokens.read_hls(key, session)
    if name.endswith(".m3u8"):
        text = _playlist(services.sessions[session], await services.hls.window(session), name)
        return _written(request, text, playlist.MEDIA_TYPE, SHORTLY)
    window = services.hls.held(session)
    found = _SEGMENT.fullmatch(name)
    if found is not None and found[4] is not None:
        return _written(request, _captions(request, session, window, int(found[1]), found[4]), VTT, CORRECTABLE)
    body = _media(window, name, found)
    if body is None:
        raise NotFound("there is no such segment, or not any more", headers={"Cache-Control": "no-store"})
    return _answer(request, body, MP4, FOR_EVER, tag=name)  # which is never another one's


@router.options("/hls/{session}/master.m3u8", include_in_schema=False)
@router.options("/hls/{session}/{key}/{name}", include_in_schema=False)
async def options() -> Response:
    """Any origin may play."""
    return Response(status_code=200)


def _playlist(session: Session, window: Window, name: str) -> str:
    """Raises NotFound."""
    if name == "master.m3u8":
        return playlist.master(window, session.floor, session.interpreted, session.captions, own_name)
    known: dict[str, Callable[[], str]] = {"video.m3u8": lambda: playlist.pictures(window)}
    found = _PLAYLIST.fullmatch(name)
    lang = found[2] if found is not None else None
    if found is not None and lang is not None:
        if found[1] == "sound" and (lang == FLOOR or lang in session.interpreted):
            known[name] = lambda: playlist.sounds(window, lang)
        elif found[1] == "captions" and lang in session.captions:
            known[name] = lambda: playlist.captions(window, lang, time.time())
    if name not in known:
        raise NotFound("there is no such playlist")
    return known[name]()


def _media(window: Window | None, name: str, found: re.Match[str] | None) -> bytes | None:
    if name == "sound.mp4":
        return sound_init(RATE)
    if window is None:
        return None
    if found is None:
        return window.init(name.removeprefix("init-").removesuffix(".mp4"))
    number, channel = int(found[1]), found[3]
    return window.sound(number, channel) if channel is not None else window.picture(number)


def _captions(request: Request, session: str, window: Window | None, number: int, lang: str) -> str:
    """The lines that are said in a segment, on the media's time line. Raises NotFound."""
    services = services_of(request)
    segment = window.find(number) if window is not None else None
    if segment is None or lang not in services.sessions[session].captions:
        raise NotFound("there are no such captions, or not any more", headers={"Cache-Control": "no-store"})
    until = segment.at + round(segment.seconds * 1000)
    said = services.captioning.said(session, lang, segment.at - SHORTEST_LONG, until)
    lines = [Line(number, cue["text"], cue["lang"], cue["start"], cue["end"], cue.get("speaker")) for number, cue in said]
    shown = (line for line in seen(segmented(lines)) if line.end > segment.at and line.start < until)
    return webvtt(shown, lang, segment.at - round(segment.start * 1000), mapped=True)


def _written(request: Request, text: str, media_type: str, cache: str) -> Response:
    body = text.encode()
    return _answer(request, body, media_type, cache, tag=hashlib.sha256(body).hexdigest()[:24])


def _answer(request: Request, body: bytes, media_type: str, cache: str, *, tag: str) -> Response:
    headers = {"ETag": f'"{tag}"', "Cache-Control": cache}
    given = request.headers.get("if-none-match", "")
    if given == "*" or f'"{tag}"' in (one.strip().removeprefix("W/") for one in given.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)
