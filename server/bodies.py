"""In front of everything: a request's body is read here, whole, within a limit and a time, before anyone is asked what it is for."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import Problem, TooLarge, TooSlow, response

MAX_BODY = 64 * 1024
"""Bytes of a request's body; a longer one is answered 413 without being read to its end, and its connection closed."""

BODY_SECONDS = 20.0
"""Seconds that a body may take to arrive; past it 408, and its connection is closed."""

LINGER_SECONDS = 1.0
"""Seconds in which a refused body is still taken in and thrown away: a connection reset at once may take the answer with it."""


BODY = "marquee.body"
"""Where the scope has the body, for who passes the request on."""


class Bodies:
    """ASGI middleware. `headers` gives those that a refusal at a path carries besides its own; `limits` are the bytes of a body at paths
    that take more than MAX_BODY."""

    def __init__(self, app: ASGIApp, headers: Callable[[str], Mapping[str, str]], limits: Mapping[str, int]) -> None:
        self._app, self._headers, self._limits = app, headers, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (length := _length(scope)):
            return await self._app(scope, receive, send)
        try:
            body = await _whole(receive, length, self._limits.get(scope["path"], MAX_BODY))
        except Problem as problem:
            return await self._refuse(problem, scope, receive, send)
        if body is not None:
            scope[BODY] = body
            await self._app(scope, _replayed(body, receive), send)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        answer = response(problem)
        answer.headers.update(self._headers(scope["path"]))
        answer.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body", False):
                    pass
        await send({"type": "http.response.body"})


def _length(scope: Scope) -> int:
    """The bytes declared, 0 for no body (RFC 9112 section 6.3), -1 for a body that does not say. HTTP/1 parsers have checked the number."""
    headers = dict(scope["headers"])
    return -1 if b"transfer-encoding" in headers else int(headers.get(b"content-length", 0))


async def _whole(receive: Receive, length: int, limit: int) -> bytes | None:
    """The body; None when it breaks off, for then nobody waits for an answer. Raises TooLarge, TooSlow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while max(len(body), length) <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                if not message.get("more_body", False) and len(body) <= limit:
                    return bytes(body)
    except TimeoutError:
        raise TooSlow(f"a body may take {BODY_SECONDS:g} s") from None
    raise TooLarge(f"a body may have {limit} bytes")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body in one message, then what comes after it."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
