"""What a guest sees whose network lets no WebRTC through: the same, some seconds later, and told so."""

import json
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import Flashing, publishing, until
from tests.server.site import SDP, SESSION, Site, opened


async def refused(route: Route) -> None:
    problem = {"code": "too_many_viewers", "status": 503}
    await route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem), headers={"Retry-After": "1"})


WATCH = """text => {
  const seen = (window.seen = {});
  const video = document.querySelector('video');
  const canvas = new OffscreenCanvas(4, 4).getContext('2d', { willReadFrequently: true });
  const look = () => {
    canvas.drawImage(video, 0, 0, 4, 4);
    if (canvas.getImageData(1, 1, 1, 1).data[0] > 200) seen.flash ??= Date.now();
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const read = () => document.querySelector('[data-testid="caption"]').innerText.includes(text) && (seen.words ??= Date.now());
  new MutationObserver(read).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""When a page first shows a flash, and when the words that were said with it."""


async def apart(site: Site, page: Page, camera: Flashing, text: str) -> float:
    """Ms from a flash's being seen until what was said with it is read."""
    await page.evaluate(WATCH, text)
    at = await camera.flash()
    site.services.captioning.commit(SESSION, "en", text, True, at=round(at * 1000))
    await until(lambda: page.evaluate("!!(window.seen.flash && window.seen.words)"), 20)
    seen: dict[str, float] = await page.evaluate("window.seen")
    return seen["words"] - seen["flash"]


@pytest.mark.browser
async def test_who_cannot_be_reached_sees_hls_and_goes_back_when_that_is_over(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:

        async def interpret(offer: str) -> str:
            answer = await site.http.post(f"/whip/{SESSION}/es", content=offer, headers=SDP | site.bearer("interpreter"))
            return answer.text

        camera = Flashing()
        async with (
            publishing(site.signal("whip", "speaker"), picture=camera),
            publishing(interpret, video=None, tone=880.0),
            chromium() as browser,
        ):
            await until(lambda: site.live)
            await site.services.hls.window(SESSION)
            attendee = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Layla")
            page, scripts = attendee.page, list[str]()
            page.on("request", lambda request: scripts.append(request.url) if request.resource_type == "script" else None)
            await page.route(f"**/whep/{SESSION}*", refused)
            await page.reload()
            await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
            await expect(attendee.test("behind")).to_contain_text("s behind live")
            assert any("/assets/hls" in url for url in scripts)
            await attendee.sees_more(10)

            # An interpretation, and captions with the picture and not before.
            await attendee.test("channel").click()
            async with page.expect_request("**/*-sound-es.m4s"):
                await page.get_by_role("radio", name="Español").click()
            await attendee.test("channel").click()
            await expect(page.get_by_text("Not with the delayed picture")).to_be_visible()
            await page.keyboard.press("Escape")
            await attendee.test("caption-language").select_option("en")
            behind = float(await page.evaluate("window.__marquee.watching.behind")) / 1000
            assert behind > 2
            await page.get_by_role("tab", name="Transcript").click()
            said = time.time()
            site.services.captioning.commit(SESSION, "en", "Said now, read later", True, at=round(said * 1000))
            await expect(attendee.test("caption")).to_contain_text("read later", timeout=20_000)
            assert time.time() - said > behind / 2
            await expect(page.get_by_role("log", name="Transcript")).to_contain_text("read later", timeout=2_000)

            late = await apart(site, page, camera, "A flash, some seconds late")

            scripts.clear()
            await page.unroute(f"**/whep/{SESSION}*")
            await page.evaluate("window.dispatchEvent(new Event('online'))")
            await expect(attendee.test("behind")).to_have_count(0, timeout=20_000)
            await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible()
            await attendee.sees_more(10)
            assert (await site.relay.stats(SESSION)).viewers == 1
            assert await page.evaluate("document.querySelector('video').srcObject !== null")
            await expect(attendee.test("caption")).to_be_visible()
            soon = await apart(site, page, camera, "A flash at once")
            delay = await page.evaluate("window.__marquee.watching.delay")
            print(f"sync whep_ms={soon:.0f} hls_ms={late:.0f} whep_delay_ms={delay:.0f} hls_behind_s={behind:.1f}")
            assert abs(soon) < 1_000
            assert abs(late) < 1_500
            assert not attendee.errors
