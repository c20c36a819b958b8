"""A session's transcript as a file, in each language of its captions."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from server.auth import Principal, authenticated
from server.errors import NotFound
from server.routes.api import services_of
from sessions import loading
from sessions.text import language
from translation.formats import Line, plain, segmented, srt, webvtt
from translation.pacing import paced
from translation.ttml import ttml

MEDIA_TYPES = {
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "txt": "text/plain",
    "ttml": "application/ttml+xml",
    "json": "application/json",
}

router = APIRouter(tags=["captions"])

Rows = list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Range:
    """Which lines: past a number, and of those what was said in a time."""

    after: Annotated[int, Query(ge=0, description="only lines with a higher number")] = 0
    since: Annotated[int, Query(ge=0, description="only lines that end later; ms since 1970 UTC")] = 0
    until: Annotated[int | None, Query(ge=0, description="only lines that start earlier; ms since 1970 UTC")] = None
    zero: Annotated[int, Query(ge=0, description="when a recording began, ms since 1970 UTC: a file's times count from there")] = 0

    def holds(self, cue: dict[str, Any]) -> bool:
        return bool(cue["end"] > max(self.since, self.zero) and (self.until is None or cue["start"] < self.until))


@router.get("/api/sessions/{session}/captions.{format}", response_class=Response)
async def transcript(
    session: str,
    format: Literal["vtt", "srt", "txt", "ttml", "json"],
    lang: Annotated[str, Query(max_length=35)],
    wanted: Annotated[Range, Depends()],
    request: Request,
    caller: Annotated[Principal, Depends(authenticated)],
    said: Annotated[bool, Query(description="also what the session's policy keeps from readers; for its staff")] = False,
) -> Response:
    """The final captions so far, as last corrected. A file's times are from the session's start or from `zero`, whatever the range.

    In `vtt`, `srt` and `ttml` each caption has two rows at most and stays for as long as it takes to read, where there is time.
    """
    caller.require("profanity.set" if said else "caption.read", session)
    services = services_of(request)
    programme = services.sessions[session]
    lang = language(lang)
    if lang not in programme.captions:
        raise NotFound(f"captions are in {', '.join(programme.captions)}")
    rows = await services.store.read(partial(loading.cues, session=session, lang=lang))
    rows = [(number, _seen(cue, said)) for number, cue in rows]
    zero = wanted.zero or min([programme.starts_at, *(cue["start"] for _, cue in rows)])
    text = _written(format, [(number, cue) for number, cue in rows if number > wanted.after and wanted.holds(cue)], lang, zero)
    headers = {"Content-Disposition": f'attachment; filename="{session}.{lang}.{format}"', "Cache-Control": "no-store"}
    return Response(text, headers=headers, media_type=f"{MEDIA_TYPES[format]}; charset=utf-8")


def _seen(cue: dict[str, Any], said: bool) -> dict[str, Any]:
    seen = {name: value for name, value in cue.items() if name != "said"}
    return seen | {"text": cue["said"]} if said and "said" in cue else seen


def _written(format: str, rows: Rows, lang: str, zero: int) -> str:
    if format == "json":
        return json.dumps({"lang": lang, "cues": {str(number): cue for number, cue in rows}}, ensure_ascii=False)
    lines = [Line(number, cue["text"], cue["lang"], cue["start"], cue["end"], cue.get("speaker")) for number, cue in rows]
    if format != "txt":
        lines = paced(segmented(lines))
    match format:
        case "vtt":
            return webvtt(lines, lang, zero)
        case "srt":
            return srt(lines, zero)
        case "ttml":
            return ttml(lines, lang, zero)
        case _:
            return plain(lines)
