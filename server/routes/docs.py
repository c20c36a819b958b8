"""`/docs`: Swagger UI over our own OpenAPI document, from a wheel's files: it works where there is no other site to load it from."""

import base64
import importlib.util
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse

FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")

_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null})'
_HASH = base64.b64encode(sha256(_START.encode()).digest()).decode()

_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Marquee: the HTTP API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</body>
</html>
"""

HEADERS = {
    # Swagger UI styles its elements, and draws its icons as data.
    "Content-Security-Policy": f"default-src 'none'; script-src 'self' 'sha256-{_HASH}'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def install(app: FastAPI) -> None:
    """Serve the page and its files. Before the pages, which take every other name."""
    folder = _folder()

    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE, headers=HEADERS)

    async def file(name: str) -> FileResponse:
        if name not in FILES:
            raise HTTPException(404, "there is no such page")
        return FileResponse(folder / name, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=86400"})

    app.add_api_route("/docs", page, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/docs/{name}", file, methods=["GET", "HEAD"], include_in_schema=False)


def _folder() -> Path:
    spec = importlib.util.find_spec("fastapi_swagger")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "resources"
