"""The API's description in Chromium: all of it comes from our own server."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from server.serving import running
from server.settings import Settings
from tests.journeys.browser import chromium
from tests.server.site import seed


@pytest.mark.browser
async def test_the_api_s_page_shows_every_route_and_asks_no_other_site(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as site, chromium() as browser:
        page = await browser.new_page()
        asked, errors = list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.goto(f"{site.url}/docs")
        await expect(page.locator("#ui h1, #ui h2").first).to_contain_text("Marquee")
        route = page.locator(".opblock-summary", has_text="/api/join/{code}").last
        await route.click()
        await expect(page.locator('.response[data-code="413"]')).to_be_visible()
    assert [url for url in asked if not url.startswith((f"{site.url}/", "data:"))] == []
    assert errors == []
