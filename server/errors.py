"""The service's one tree of errors, as RFC 9457 problem details over HTTP and on the socket.

    Problem                      what a client is told; `code` is stable, `detail` is for people
    +-- BadRequest          400  bad_request, bad_offer, bad_fragment, bad_command
    +-- Unauthorized        401  no_token, bad_token
    +-- Forbidden           403  forbidden, feature_off, no_seat, off_stage
    +-- NotFound            404  not_found
    +-- MethodNotAllowed    405  method_not_allowed
    +-- TooSlow             408  too_slow
    +-- Conflict            409  conflict, not_live, elsewhere, closed, key_reused, not_yet, running
    +-- PreconditionFailed  412  stale_tag
    +-- TooLarge            413  too_large
    +-- UnsupportedMedia    415  unsupported_media
    +-- Unprocessable       422  invalid, unacceptable_offer, no_common_codec
    +-- PreconditionNeeded  428  no_tag
    +-- TooMany             429  rate_limited, too_many, too_soon
    +-- Unavailable         503  overloaded, full

Packages below the server raise small trees of their own whose members carry a `code`;
`problem_from` finds the status for each, so that a rule never knows HTTP.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sessions.errors import Faulty, RuleError, TooSoon

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT = 500
"""Characters of `detail` that leave the server; the rest is cut."""


class Problem(Exception):
    """Something the client can be told.

    `retry_after` is in seconds; `current` is the object that a conflict is about, as it is now; `issues` are what is wrong and where
    (`sessions.issues.Issue`); `headers` go with the answer over HTTP.
    """

    status: int = 500
    code: str = "internal"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        retry_after: int | None = None,
        current: dict[str, Any] | None = None,
        issues: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code or type(self).code
        self.detail = detail
        self.retry_after = retry_after
        self.current, self.issues = current, issues
        self.headers = headers or {}

    def as_dict(self) -> dict[str, Any]:
        """The problem details object (RFC 9457 section 3.1); `code`, `retry_after`, `current` and `issues` are our extension members."""
        title = HTTPStatus(self.status).phrase
        body: dict[str, Any] = {"type": f"urn:marquee:problem:{self.code}", "title": title, "status": self.status, "code": self.code}
        if self.detail:
            body["detail"] = self.detail[:DETAIL_LIMIT]
        more = {"retry_after": self.retry_after, "current": self.current, "issues": self.issues}
        return body | {key: value for key, value in more.items() if value is not None}


class BadRequest(Problem):
    status, code = 400, "bad_request"


class Unauthorized(Problem):
    status, code = 401, "no_token"


class Forbidden(Problem):
    status, code = 403, "forbidden"


class NotFound(Problem):
    status, code = 404, "not_found"


class MethodNotAllowed(Problem):
    status, code = 405, "method_not_allowed"


class TooSlow(Problem):
    status, code = 408, "too_slow"


class Conflict(Problem):
    status, code = 409, "conflict"


class PreconditionFailed(Problem):
    status, code = 412, "stale_tag"


class TooLarge(Problem):
    status, code = 413, "too_large"


class UnsupportedMedia(Problem):
    status, code = 415, "unsupported_media"


class Unprocessable(Problem):
    status, code = 422, "invalid"


class PreconditionNeeded(Problem):
    status, code = 428, "no_tag"


class TooMany(Problem):
    status, code = 429, "rate_limited"


class Unavailable(Problem):
    status, code = 503, "overloaded"


RULE_PROBLEMS: dict[str, type[Problem]] = {
    "not_found": NotFound,
    "conflict": Conflict,
    "closed": Conflict,
    "forbidden": Forbidden,
    "feature_off": Forbidden,
    "not_yet": Conflict,
    "invalid": Unprocessable,
    "running": Conflict,
    "too_long": Unprocessable,
    "too_many": TooMany,
    "too_soon": TooMany,
    "overloaded": Unavailable,
}


def problem_from(error: RuleError) -> Problem:
    """The problem a broken rule amounts to for the client."""
    wait = error.wait if isinstance(error, TooSoon) else None
    issues = msgspec.to_builtins(error.issues) if isinstance(error, Faulty) else None
    return RULE_PROBLEMS.get(error.code, Conflict)(str(error), code=error.code, retry_after=wait, issues=issues)


def response(problem: Problem) -> JSONResponse:
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.as_dict(), problem.status, headers, MEDIA_TYPE)


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return response(error)


async def _on_rule(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RuleError)
    return response(problem_from(error))


async def _on_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return response(Unprocessable(f"{where}: {first['msg']}"))


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    problem = Problem(str(error.detail), code=HTTPStatus(error.status_code).name.lower())
    problem.status = error.status_code
    answer = response(problem)
    answer.headers.update(error.headers or {})
    return answer


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RuleError, _on_rule)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
