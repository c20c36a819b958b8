"""What a guest sees whose network lets no WebRTC through: the same, some seconds later, and told so."""

import json
import time
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import publishing, until
from tests.server.site import SDP, SESSION, opened


async def refused(route: Route) -> None:
    problem = {"code": "too_many_viewers", "status": 503}
    await route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem), headers={"Retry-After": "1"})


@pytest.mark.browser
async def test_who_cannot_be_reached_sees_hls_and_goes_back_when_that_is_over(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:

        async def interpret(offer: str) -> str:
            answer = await site.http.post(f"/whip/{SESSION}/es", content=offer, headers=SDP | site.bearer("interpreter"))
            return answer.text

        async with publishing(site.signal("whip", "speaker")), publishing(interpret, video=None, tone=880.0), chromium() as browser:
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
            said = time.time()
            site.services.captioning.commit(SESSION, "en", "Said now, read later", True, at=round(said * 1000))
            await expect(attendee.test("caption")).to_contain_text("read later", timeout=20_000)
            assert time.time() - said > behind / 2

            scripts.clear()
            await page.unroute(f"**/whep/{SESSION}*")
            await page.evaluate("window.dispatchEvent(new Event('online'))")
            await expect(attendee.test("behind")).to_have_count(0, timeout=20_000)
            await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible()
            await attendee.sees_more(10)
            assert (await site.relay.stats(SESSION)).viewers == 1
            assert await page.evaluate("document.querySelector('video').srcObject !== null")
            assert not attendee.errors
