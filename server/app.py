"""The HTTP application: routes around the services, the web client's pages, and the documents that describe both."""

import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from realtime import asgi
from realtime.endpoint import STATE_KEY
from server import contract, errors, openapi
from server.bodies import Bodies
from server.cluster import host
from server.cluster.passing import AtOwner, MediaTogether, Passing
from server.routes import (
    api,
    captions,
    cascade,
    dashboard,
    docs,
    events,
    exports,
    hls,
    ingest,
    join,
    language,
    layer,
    media,
    metrics,
    moderation,
    pages,
    personal,
    polls,
    programme,
    stage,
    venue,
    wish,
)
from server.services import Services


class Fallback:
    """`/ws` on an ASGI server that is not uvicorn with `SocketProtocol`: the same conversation, slower."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asgi.serve(scope["state"][STATE_KEY], scope, receive, send)


async def _at_owner(request: Request, error: Exception) -> Response:
    assert isinstance(error, AtOwner)
    passing = request.app.state.services.passing
    assert isinstance(passing, Passing)
    try:
        return await passing.on(request, error.url)
    except errors.Problem as problem:
        return errors.response(problem)


def create_app(services: Services) -> FastAPI:
    """The application around open services."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {STATE_KEY: services.endpoint}

    app = FastAPI(
        title="Marquee",
        version=importlib.metadata.version("marquee"),
        summary="Live sessions of a conference: media, questions, polls, captions. The socket `/ws` is described at `/asyncapi`.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    errors.install(app)
    app.add_exception_handler(AtOwner, _at_owner)
    if services.settings.together:
        app.add_middleware(MediaTogether, headers=wish.headers_at)
    app.add_middleware(Bodies, headers=wish.headers_at, limits={programme.IMPORT_PATH: programme.IMPORT_LIMIT})
    for router in (
        api.router,
        join.router,
        captions.router,
        exports.router,
        ingest.router,
        moderation.router,
        polls.router,
        programme.router,
        dashboard.router,
        stage.router,
        media.router,
        hls.router,
        language.router,
        layer.router,
        venue.router,
        events.router,
        cascade.router,
        metrics.router,
        personal.router,
    ):
        app.include_router(router)
    app.router.routes.append(WebSocketRoute("/ws", Fallback()))

    async def link(socket: WebSocket) -> None:
        await services.host.serve(socket)

    app.router.routes.append(WebSocketRoute(host.PATH, link))
    asyncapi = contract.asyncapi()

    @app.get("/asyncapi", include_in_schema=False)
    async def describe() -> JSONResponse:
        """The socket's AsyncAPI document."""
        return JSONResponse(asyncapi)

    openapi.install(app)
    docs.install(app)
    pages.install(app, Path(__file__).parent / "web" / "dist", services.settings)
    return app
