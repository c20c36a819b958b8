"""What a guest sees whose network changes: nothing."""

from pathlib import Path

import pytest
from playwright.async_api import Response, expect

from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import publishing, until
from tests.server.site import SESSION, opened


def patched(response: Response) -> bool:
    return response.request.method == "PATCH" and "/whep/" in response.url


@pytest.mark.browser
async def test_a_new_network_restarts_ice_and_the_picture_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, publishing(site.signal("whip", "speaker")), chromium() as browser:
        await until(lambda: site.live)
        attendee = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Layla")
        await expect(attendee.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
        offers: list[str] = []
        attendee.page.on("request", lambda request: offers.append(request.url) if request.method == "POST" else None)
        for _ in range(2):
            async with attendee.page.expect_response(patched) as told:
                await attendee.page.evaluate("window.dispatchEvent(new Event('online'))")
            assert (await (await told.value).finished(), (await told.value).status) == (None, 200)
            await attendee.sees_more(30)
        assert (await site.relay.stats(SESSION)).viewers == 1
        assert not [url for url in offers if "/whep/" in url]
        assert not attendee.errors
