"""What guests see when a venue fails, and when all do: the other one, and a slate; nobody's player connects again."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from realtime.relay.slate import WIDTH
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import Signal, publishing, until
from tests.server.site import SDP, SESSION, Site, opened


def backup(site: Site) -> Signal:
    async def signal(offer: str) -> str:
        answer = await site.http.post(f"/whip/{SESSION}?venue=b", content=offer, headers=SDP | site.bearer("publisher"))
        assert answer.status_code == 201, answer.text
        return answer.text

    return signal


@pytest.mark.browser
async def test_staff_puts_the_backup_on_air_and_a_slate_stands_in_when_both_have_left(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, chromium() as browser:
        async with publishing(site.signal("whip", "publisher"), video="VP8"):
            await until(lambda: site.live)
            attendee = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Layla")
            moderator = await Visitor.enter(browser, site.server, SESSION, Role.MODERATOR, "Mei")
            await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
            offers: list[str] = []
            attendee.page.on("request", lambda request: offers.append(request.url) if request.method == "POST" else None)
            await expect(moderator.test("venues")).to_have_count(0)
            async with publishing(backup(site), video="VP8"):
                await moderator.test("air-b").click()
                await expect(moderator.test("air-a")).to_be_visible()
                await attendee.sees_more(8)
        await until(lambda: not site.live)
        await attendee.page.wait_for_function(f"() => document.querySelector('video').videoWidth === {WIDTH}", timeout=15_000)
        await attendee.sees_more(8)
        await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible()
        assert not [url for url in offers if "/whep/" in url]
        assert not attendee.errors + moderator.errors
