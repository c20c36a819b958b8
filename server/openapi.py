"""What the OpenAPI document says beyond what FastAPI reads from the routes: how each of them refuses."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from server.errors import MEDIA_TYPE

Doc = dict[str, Any]

PROBLEM: Doc = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable, `detail` for people, `retry_after` in seconds, `current` what a conflict is about, "
    "`issues` what is wrong where.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "retry_after": {"type": "integer"},
        "current": {"type": "object"},
        "issues": {"type": "array", "items": {"type": "object"}},
    },
}

_ALL = (401, 403, 404, 408, 409, 413, 415, 422, 429, 503)

_OURS = ("ValidationError", "HTTPValidationError")
"""Schemas by which FastAPI describes refusals that are problems here."""


def install(app: FastAPI) -> None:
    """Describe the refusals of every route, when the document is first asked for."""
    generate = app.openapi

    def openapi() -> Doc:
        made = app.openapi_schema is not None
        document = generate()
        return document if made else _completed(document)

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: Doc) -> Doc:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _OURS:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    document["components"]["responses"] = {str(status): _response(status) for status in _ALL}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for status in _refusals(operation):
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    return document


def _refusals(operation: Doc) -> Iterator[int]:
    """The statuses an operation may refuse with: by its token, its parameters, its body and its kind."""
    media = "media" in operation.get("tags", ())
    if "security" in operation:
        yield from (401, 403)
    if "parameters" in operation:
        yield from (404, 422, 429)
    if "requestBody" in operation:
        yield from (408, 413, 422)
    if media and "requestBody" in operation:
        yield 415
    if media or {"polls", "programme"} & set(operation.get("tags", ())):
        yield 409
    yield 503


def _response(status: int) -> Doc:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
