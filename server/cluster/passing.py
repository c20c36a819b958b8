"""Requests that only a session's owner can answer, passed on to it: once, for the owner that passes on again would be wrong."""

import re
from collections.abc import Callable, Mapping
from typing import Self

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth import Tokens
from server.bodies import BODY
from server.cluster.host import EVERY_SESSION
from server.errors import Problem, Unauthorized, Unavailable, response

CONNECTIONS = 200
"""To all other nodes together; a request that finds none free for ANSWER's first number of seconds is answered 503."""

STREAMS = 1_000
"""Players' streams of events that are passed on, to all other nodes together: each lasts as long as its player watches, and would keep a
connection from all others. Past it 503."""

TIMEOUT = httpx.Timeout(5.0, read=60.0)
"""Seconds to connect or to wait for a free connection, and between two pieces of an answer: an erasure takes its time."""

PASSED = "x-marquee-passed"
"""Carries a node's token: who passed the request on."""

_HOP = {"connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length"}
"""What is between two hosts only (RFC 9110 section 7.6.1), and what is written anew."""

_MEDIA = ("whip", "whep", "hls")
_EVENTS = re.compile("/whep/[^/]+/[^/]+/events/[^/]+")


class AtOwner(Exception):
    """The session is at another node, at `url`: the request is to be answered there."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Passing:
    """`async with` it. `url` is this node's."""

    def __init__(self, tokens: Tokens, url: str) -> None:
        self._tokens, self._url = tokens, url

    async def __aenter__(self) -> Self:
        self._http, self._streams = _client(CONNECTIONS), _client(STREAMS)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._http.aclose()
        await self._streams.aclose()

    def passed(self, request: Request) -> bool:
        """Whether another node has passed it on."""
        try:
            self._tokens.read_node(request.headers.get(PASSED, ""), EVERY_SESSION)
        except Unauthorized:
            return False
        return True

    async def on(self, request: Request, url: str) -> Response:
        """The answer of the node at `url`, as it comes. Raises Unavailable when there is none."""
        if self.passed(request):
            raise Unavailable("the session is on its way to another process", retry_after=1)
        headers = [(name, value) for name, value in request.headers.items() if name not in _HOP and not name.startswith("x-forwarded-")]
        headers.append((PASSED, self._tokens.issue_node(self._url, EVERY_SESSION)))
        headers.append(("x-forwarded-proto", request.url.scheme))
        if request.client is not None:
            headers.append(("x-forwarded-for", request.client.host))
        target = f"{url}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        http = self._streams if request.method == "GET" and _EVENTS.fullmatch(request.url.path) else self._http
        asked = http.build_request(request.method, target, headers=headers, content=request.scope.get(BODY, b""))
        try:
            answer = await http.send(asked, stream=True)
        except httpx.HTTPError:
            raise Unavailable("the process that has this session does not answer", retry_after=1) from None
        passed = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        passed.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower().decode() not in _HOP - {"content-length"}
        ]
        return passed


def _client(limit: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=limit), trust_env=False)


class MediaTogether:
    """ASGI middleware for nodes behind one address: all media of a session is at its owner, whichever process a request comes to.

    `headers` gives those that a refusal at a path carries besides its own.
    """

    def __init__(self, app: ASGIApp, headers: Callable[[str], Mapping[str, str]]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[str] = scope["path"].split("/") if scope["type"] == "http" and scope["method"] != "OPTIONS" else []
        services = scope["app"].state.services if parts else None
        if len(parts) < 3 or parts[1] not in _MEDIA or services is None or parts[2] not in services.sessions:
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        try:
            found = await services.owners.find(parts[2])
        except Problem:
            found = None  # this process does what it can
        if not isinstance(found, str) or services.passing.passed(request):
            return await self._app(scope, receive, send)
        try:
            answer = await services.passing.on(request, found)
        except Problem as problem:
            answer = response(problem)
            answer.headers.update(self._headers(scope["path"]))
        await answer(scope, receive, send)
