"""Captions from outside: what YouTube's and Zoom's caption tools post, under an address that a captioner asks for."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from server.auth import Principal, authenticated
from server.commands.captions import LINE_LIMIT
from server.errors import NotFound, TooLarge, TooMany, Unavailable, Unprocessable, UnsupportedMedia
from server.live import LiveSession, Outcome
from server.routes.api import live_of, media_type_of, services_of
from server.services import Services
from server.tools import Kind
from sessions.text import clean, language
from translation.posted import Posted, youtube, zoom

BODY_LIMIT = 16 * 1024
"""Bytes of one post; a longer one is answered 413."""

LINES_LIMIT = 50
"""Lines of one post; one with more is refused whole."""

_TYPE = "text/plain"

_DESCRIBED: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_TYPE: {"schema": {"type": "string", "maxLength": BODY_LIMIT}}}},
    "responses": {str(status): {"$ref": f"#/components/responses/{status}"} for status in (401, 409, 415)},
}
"""What OpenAPI says besides of a post, whose body is read as it came."""

router = APIRouter(tags=["captions"])

Key = Annotated[str, Query(max_length=1024, description="from `POST /api/sessions/{session}/ingest`")]
Seq = Annotated[int, Query(ge=0, lt=2**53, description="rises by one with each post, stays in a retry")]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lang: str = Field(description="BCP 47; one of the session's captions", max_length=35)


@router.post("/api/sessions/{session}/ingest", status_code=201)
async def addresses(session: str, asked: Asked, request: Request, caller: Annotated[Principal, Depends(authenticated)]) -> dict[str, str]:
    """Addresses for a caption tool, good as long as a token. Whoever has one may write this language: keep it to yourself."""
    caller.require("caption.commit", session)
    services, lang = services_of(request), language(asked.lang)
    captions = services.sessions[session].captions
    if lang not in captions:
        raise NotFound(f"captions are in {', '.join(captions)}")
    key = services.tokens.issue_ingest(session, lang)
    return {"youtube": f"/ingest/youtube/closedcaption?cid={key}", "zoom": f"/ingest/zoom/closedcaption?id={key}"}


@router.post("/ingest/youtube/closedcaption", response_class=PlainTextResponse, openapi_extra=_DESCRIBED)
async def from_youtube(request: Request, cid: Key, seq: Seq) -> PlainTextResponse:
    """Lines with their times; answers the server's time in the same form, by which tools set their clock."""
    await _take(request, cid, seq, "youtube", youtube)
    return PlainTextResponse(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "\n")


@router.post("/ingest/zoom/closedcaption", response_class=PlainTextResponse, openapi_extra=_DESCRIBED)
async def from_zoom(request: Request, id: Key, seq: Seq) -> PlainTextResponse:
    """A line. The language is the address's own, whatever the tool says."""
    await _take(request, id, seq, "zoom", zoom)
    return PlainTextResponse(str(seq))


@router.get("/ingest/zoom/closedcaption/seq", response_class=PlainTextResponse)
async def last(request: Request, id: Key) -> PlainTextResponse:
    """The number of the last post to this address, after which a tool goes on."""
    services = services_of(request)
    session, lang = services.tokens.read_ingest(id)
    await live_of(request, session)
    tool = services.tools.find(session, lang, "zoom")
    return PlainTextResponse(str(tool.seq))


async def _take(request: Request, key: str, seq: int, kind: Kind, read: Callable[[str], list[Posted]]) -> None:
    """Tell what was posted, once however often it is posted; returns when it is durable."""
    services = services_of(request)
    session, lang = services.tokens.read_ingest(key)
    live = await live_of(request, session)
    tool = services.tools.find(session, lang, kind)
    if not tool.bucket.take():
        raise TooMany("too many posts; slow down", retry_after=1)
    if media_type_of(request, _TYPE) != _TYPE:
        raise UnsupportedMedia(f"send {_TYPE}", headers={"Accept-Post": _TYPE})  # a form or JSON would be read out as it stands
    body = await request.body()
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"a post has at most {BODY_LIMIT} bytes")
    lines = read(_text(body))
    if len(lines) > LINES_LIMIT:
        raise Unprocessable(f"a post has at most {LINES_LIMIT} lines")
    lines = [Posted(clean(line.text, LINE_LIMIT, "the caption"), line.at) for line in lines]
    # A tool that was started again counts from the beginning: only the same number with the same words is a retry.
    once = f"{seq}-{hashlib.sha256(body).hexdigest()[:16]}"
    await _done(live, lambda: _told(services, session, lang, lines), f"ingest-{kind}-{lang}", once)
    tool.seq = max(seq, tool.seq)


def _told(services: Services, session: str, lang: str, lines: list[Posted]) -> Outcome:
    for line in lines:
        services.captioning.commit(session, lang, line.text, True, origin="ingest", at=line.at)
    return Outcome()


async def _done(live: LiveSession, act: Callable[[], Outcome], who: str, key: str) -> None:
    """As a command of the socket, with the same promise: acknowledged means durable. Raises Unavailable when it is not."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def reply(*messages: bytes) -> None:
        if not answered.done():
            answered.set_result(messages[-1])

    live.execute(lambda _: act(), who, key, key, reply)
    answer: dict[str, Any] = msgspec.json.decode(await answered)
    if answer["type"] == "error":
        raise Unavailable(str(answer["problem"].get("detail", "")))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")  # some tools begin with a mark of the byte order, which is no text
    except UnicodeDecodeError:
        raise Unprocessable("captions are UTF-8") from None
