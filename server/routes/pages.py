"""The web client: one page for every address, and its assets, whose names change with their content."""

from collections.abc import Callable
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.errors import Unavailable
from server.routes.preloads import Preloads, languages
from server.settings import Settings

PAGES = {
    "/": ("Home",),
    "/j/{code}": ("Join",),
    "/s/{session}": ("Session", "Attendee"),
    "/s/{session}/screen": ("Session", "Screen"),
    "/s/{session}/{view}": ("Session",),
    "/overlay/{session}": ("Overlay",),
}
"""Addresses of the client, and which of its views they show: a session's to most who come is the attendee's."""

HEADERS = {
    # Scripts and styles are files of ours; blobs are the camera's preview. Other nodes may take this page's viewer.
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:{nodes}; img-src 'self' data: blob:; "
    "media-src 'self' blob:{nodes}; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    "Referrer-Policy": "no-referrer",  # a page's address may hold an invitation
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Assets(StaticFiles):
    """Files under names with a hash: they may be kept for ever. Of most the build has a packed copy beside them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        packed = f"{path}.gz"
        wanted = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        if wanted and (await anyio.to_thread.run_sync(self.lookup_path, packed))[1] is not None:
            answer = await super().get_response(packed, scope)
            if answer.status_code in (200, 206):
                answer.headers["Content-Encoding"] = "gzip"
        else:
            answer = await super().get_response(path, scope)
        answer.headers["Vary"] = "Accept-Encoding"
        if answer.status_code == 200:
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def install(app: FastAPI, dist: Path, settings: Settings) -> None:
    """Serve the built client in `dist`. While it is not built its pages answer 503 and everything else works."""

    headers = HEADERS | {"Content-Security-Policy": HEADERS["Content-Security-Policy"].format(nodes=_nodes(settings))}
    preloads = Preloads(dist)

    def page(*views: str) -> Callable[[Request], HTMLResponse]:
        def show(request: Request) -> HTMLResponse:
            try:
                html = preloads.page(views, languages(request.headers.get("accept-language", "")))
            except FileNotFoundError:
                raise Unavailable("the web client is not built; see the README") from None
            return HTMLResponse(html, headers=headers | {"Vary": "Accept-Language"})

        return show

    async def file(name: str) -> FileResponse:
        # Icons, the manifest and the page by its file's name; `name` has no slash, and a dot file is nobody's business.
        path = dist / name
        if name.startswith(".") or not path.is_file():
            raise HTTPException(404, "there is no such page")
        return FileResponse(path, headers=headers)

    for path, views in PAGES.items():
        app.add_api_route(path, page(*views), methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/assets", Assets(directory=dist / "assets", check_dir=False), name="assets")
    app.add_api_route("/{name}", file, methods=["GET", "HEAD"], include_in_schema=False)


def _nodes(settings: Settings) -> str:
    """Where a page may be sent on to: a page outlives the list of nodes, so all that are reached like this one are allowed."""
    schemes = {f"{url.partition('://')[0]}:" for url in (settings.node, *settings.nodes.values()) if url}
    return "".join(f" {scheme}" for scheme in sorted(schemes))
