"""What a page of the web client is going to load, told in its HTML: a browser then asks for all of it at once, not step by step.

Vite writes `assets/chunks.json` with what each file imports (https://vite.dev/guide/backend-integration).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MESSAGES = "src/messages/{}.json"
LINK = '<link rel="{}" crossorigin href="/{}">'


class Preloads:
    """The built client's page with the links that fit an address. A build that replaces it is noticed by its time."""

    def __init__(self, dist: Path) -> None:
        self._index, self._chunks = dist / "index.html", dist / "assets" / "chunks.json"
        self._built = 0
        self._manifest: dict[str, dict[str, Any]] = {}
        self._pages: dict[tuple[tuple[str, ...], str], str] = {}  # a handful of views in each language of the client

    def page(self, views: tuple[str, ...], languages: Iterable[str]) -> str:
        """The HTML of these views for who reads these languages (BCP 47, best first). Raises FileNotFoundError: not built."""
        if self._built != (built := self._index.stat().st_mtime_ns):
            self._built, self._pages = built, {}
            self._manifest = json.loads(self._chunks.read_text("utf-8")) if self._chunks.is_file() else {}
        key = views, self._language(languages)
        if key not in self._pages:
            head, end, rest = self._index.read_text("utf-8").partition("</head>")
            new = (link for link, file in self._links(*key) if f"/{file}" not in head)
            self._pages[key] = head + "\n    ".join(["", *new]) + "\n  " + end + rest
        return self._pages[key]

    def _language(self, wanted: Iterable[str]) -> str:
        """The first that there are words in, as the client chooses for who has not chosen yet."""
        known = (tag for tag in (want.lower().partition("-")[0] for want in wanted) if MESSAGES.format(tag) in self._manifest)
        return next(known, "en")

    def _links(self, views: tuple[str, ...], language: str) -> Iterable[tuple[str, str]]:
        """Links, each with the file it is to."""
        if words := self._manifest.get(MESSAGES.format(language)):
            yield LINK.format('preload" as="fetch', file := words["file"]), file
        found: dict[str, None] = {}
        for view in views:
            self._reach(f"src/views/{view}.svelte", found)
        for chunk in (self._manifest[name] for name in found):
            yield LINK.format("modulepreload", file := chunk["file"]), file
            for style in chunk.get("css", ()):
                yield LINK.format('preload" as="style', style), style

    def _reach(self, name: str, found: dict[str, None]) -> None:
        """The chunk and all that it imports; not what it loads later."""
        if name in found or name not in self._manifest:
            return
        found[name] = None
        for other in self._manifest[name].get("imports", ()):
            self._reach(other, found)


def languages(header: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110 section 12.5.4), best first; what is not well formed is passed over."""
    found: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        found.append((-quality, tag.strip()))
    return [tag for quality, tag in sorted(found, key=lambda one: one[0]) if quality < 0]
