"""What a page of the web client costs who opens it: sizes of the built files, what the HTML asks for ahead, and how files are sent."""

import gzip
import json
import re
from pathlib import Path

import pytest

import server
from server.routes.preloads import Preloads, languages
from tests.server.site import SESSION, Site, site

__all__ = ["site"]

DIST = Path(server.__file__).parent / "web" / "dist"
FIRST_PAINT = 25_000
"""Bytes of packed JavaScript before an attendee sees the page."""
WHOLE_PAGE = 72_000
"""And until all of it works; what comes later on demand, such as hls.js, is not in it."""
LINK = re.compile(r'(?:src|href)="(/assets/[^"]+)"')


def loads(html: str, kind: str) -> list[Path]:
    return [DIST / path.lstrip("/") for path in LINK.findall(html) if path.endswith(kind)]


def packed(paths: list[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_an_attendee_sees_the_page_after_little_javascript_and_has_it_whole_without_hls() -> None:
    first = loads((DIST / "index.html").read_text(), ".js")
    assert 0 < packed(first) <= FIRST_PAINT
    whole = loads(Preloads(DIST).page(("Session", "Attendee"), ["en"]), ".js")
    assert set(first) < set(whole)
    assert packed(whole) <= WHOLE_PAGE
    assert not any(path.name.startswith("hls") for path in whole)


@pytest.mark.parametrize(
    ("address", "chunk"), [("/", "Home-"), ("/j/ABCDEF", "Join-"), (f"/s/{SESSION}", "attendee-"), (f"/s/{SESSION}/screen", "Screen-")]
)
async def test_a_page_asks_at_once_for_what_its_view_needs_and_for_the_readers_words_alone(site: Site, address: str, chunk: str) -> None:
    answer = await site.http.get(address, headers={"Accept-Language": "xx, ar-EG;q=0.9, en;q=0.5"})
    assert any(path.name.startswith(chunk) for path in loads(answer.text, ".js"))
    assert [path.name[:3] for path in loads(answer.text, ".json")] == ["ar-"]
    for path in LINK.findall(answer.text):
        assert (await site.http.get(path)).status_code == 200


async def test_a_file_is_sent_packed_to_whom_can_unpack_it(site: Site) -> None:
    [script] = loads((DIST / "index.html").read_text(), ".js")
    address = f"/assets/{script.name}"
    answer = await site.http.get(address, headers={"Accept-Encoding": "gzip"})
    plain = await site.http.get(address, headers={"Accept-Encoding": "identity"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert answer.content == plain.content == script.read_bytes()
    assert int(answer.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert {answer.headers["Content-Type"], plain.headers["Content-Type"]} == {"text/javascript; charset=utf-8"}
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_a_new_build_is_noticed(tmp_path: Path) -> None:
    preloads = Preloads(tmp_path)
    with pytest.raises(FileNotFoundError):
        preloads.page(("Home",), [])
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "chunks.json").write_text(json.dumps({"src/views/Home.svelte": {"file": "assets/Home-1.js"}}))
    (tmp_path / "index.html").write_text("<head></head>")
    assert '<link rel="modulepreload" crossorigin href="/assets/Home-1.js">' in preloads.page(("Home",), [])


def test_languages_come_in_the_order_that_they_are_wanted_in() -> None:
    assert languages("en;q=0.5, ar-EG, fr;q=0, zh;q=x, es;q=0.8") == ["ar-EG", "es", "en"]
    assert languages("") == [""]
