"""Caption tools post as they post to YouTube and Zoom: each number once, durable, bounded, and only with the address of its language."""

import asyncio
import time
from datetime import UTC, datetime

import httpx

from server.routes.ingest import BODY_LIMIT
from server.tools import BURST
from tests.server.site import SESSION, Site, Talk, site

__all__ = ["site"]

EN, ES = f"{SESSION}/captions/en", f"{SESSION}/captions/es"


async def addresses(site: Site, lang: str = "en", role: str = "captioner") -> httpx.Response:
    return await site.http.post(f"/api/sessions/{SESSION}/ingest", json={"lang": lang}, headers=site.bearer(role))


async def address(site: Site, kind: str, lang: str = "en") -> str:
    answer = await addresses(site, lang)
    assert answer.status_code == 201
    return str(answer.json()[kind])


async def post(site: Site, url: str, seq: int, body: str | bytes) -> httpx.Response:
    return await site.http.post(f"{url}&seq={seq}", content=body, headers={"Content-Type": "text/plain"})


def stamp(seconds: float = 0.0) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def texts(talk: Talk, channel: str = EN) -> list[str]:
    return [cue["text"] for cue in talk.states[channel]["cues"].values()]


async def test_youtubes_tools_are_understood(site: Site) -> None:
    url = await address(site, "youtube")
    async with site.talk(captions="en") as viewer:
        answer = await post(site, url, 1, f"\ufeff{stamp(-2)}\nThe first line.\n{stamp(-1)} region:reg1#cue1\nThe second line.\n")
        assert answer.status_code == 200
        assert abs(datetime.fromisoformat(answer.text.strip()).replace(tzinfo=UTC).timestamp() - time.time()) < 5
        await viewer.until(lambda talk: texts(talk) == ["The first line.", "The second line."])
        first, second = viewer.states[EN]["cues"].values()
        assert 900 < second["start"] - first["start"] < 1100
        assert first["origin"] == "ingest"
        assert viewer.states[EN]["source"] == {"kind": "ingest", "state": "active"}


async def test_zooms_tools_are_understood_and_ask_where_they_were(site: Site) -> None:
    url = await address(site, "zoom", "es")
    last = url.replace("closedcaption?", "closedcaption/seq?")
    assert (await site.http.get(last)).text == "0"
    async with site.talk(captions="es") as viewer:
        assert (await post(site, url + "&lang=es-ES", 7, "¡Buenas noches!\\n")).status_code == 200
        await viewer.until(lambda talk: texts(talk, ES) == ["¡Buenas noches!"])
    assert (await site.http.get(last)).text == "7"
    await post(site, await address(site, "youtube", "es"), 99, "Otra herramienta.")
    assert (await site.http.get(last)).text == "7", "each kind of tool counts for itself"


async def test_a_retry_is_told_once_and_a_tool_may_start_over(site: Site) -> None:
    url = await address(site, "zoom")
    async with site.talk(captions="en") as viewer:
        for seq, body in ((1, "One."), (1, "One."), (2, "Two."), (1, "One."), (1, "One again.")):
            assert (await post(site, url, seq, body)).status_code == 200
        await viewer.until(lambda talk: len(texts(talk)) >= 3)
        assert texts(viewer) == ["One.", "Two.", "One again."]


async def test_what_was_answered_is_in_the_transcript(site: Site) -> None:
    url = await address(site, "zoom")
    await post(site, url, 1, "Kept.")
    file = await site.http.get(f"/api/sessions/{SESSION}/captions.txt?lang=en", headers=site.bearer("attendee"))
    assert file.text == "Kept.\n"


async def test_a_clock_that_is_wrong_moves_no_line(site: Site) -> None:
    url = await address(site, "youtube")
    async with site.talk(captions="en") as viewer:
        await post(site, url, 1, "2001-01-01T00:00:00.000\nLong ago.\n")
        await viewer.until(lambda talk: texts(talk) == ["Long ago."])
        (cue,) = viewer.states[EN]["cues"].values()
        assert abs(cue["start"] / 1000 - time.time()) < 10


async def test_a_tool_waits_while_another_source_is_chosen(site: Site) -> None:
    url = await address(site, "zoom")
    async with site.talk("captioner", captions="en") as captioner:
        await captioner.do("caption.source", lang="en", source="human")
        assert (await post(site, url, 1, "Not now.")).json()["code"] == "conflict"
        await captioner.do("caption.source", lang="en", source="auto")
        assert (await post(site, url, 1, "Now.")).status_code == 200
        await captioner.until(lambda talk: texts(talk) == ["Now."])


async def test_only_a_captioner_gets_an_address_and_only_for_captions_there_are(site: Site) -> None:
    assert (await addresses(site, role="attendee")).status_code == 403
    assert (await addresses(site, "fr")).status_code == 404
    assert (await addresses(site, "not a tag")).status_code == 422


async def test_a_token_is_no_address_and_an_address_is_no_token(site: Site) -> None:
    url = await address(site, "zoom")
    key = url.partition("id=")[2]
    assert (await post(site, f"/ingest/zoom/closedcaption?id={site.token('captioner')}", 1, "Hello.")).status_code == 401
    assert (await site.http.get("/api/invites", headers={"Authorization": f"Bearer {key}"})).status_code == 401
    assert (await post(site, url[:-3], 1, "Hello.")).status_code == 401


async def test_a_post_is_bounded(site: Site) -> None:
    url = await address(site, "youtube")
    assert (await post(site, url, 1, "x" * (BODY_LIMIT + 1))).status_code == 413
    assert (await post(site, url, 1, b"\xff\xfe")).status_code == 422
    assert (await post(site, url, 1, f"{stamp()}\nHello.\n" * 51)).status_code == 422
    assert (await post(site, url, -1, "Hello.")).status_code == 422
    assert (await site.http.post(url, content="Hello.")).status_code == 422
    for type in ("application/json", "application/x-www-form-urlencoded"):
        refused = await site.http.post(f"{url}&seq=1", content="text=Hello.", headers={"Content-Type": type})
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media")
    assert (await site.http.post(f"{url}&seq=1", content="Hello.")).status_code == 200
    answers = await asyncio.gather(*(post(site, url, 1, "") for _ in range(3 * BURST)))
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].headers["Retry-After"] == "1"
