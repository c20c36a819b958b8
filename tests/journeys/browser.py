"""A real Chromium, and the web client as people use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import moonshine_voice
from playwright.async_api import Browser, Locator, Page, async_playwright

from server.serving import Running
from sessions.people import Role

SPEECH = Path(str(moonshine_voice.get_assets_path())) / "two_cities.wav"
"""44 s of a person reading Dickens: "It was the best of times, it was the worst of times"."""

FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={SPEECH}",
    "--autoplay-policy=no-user-gesture-required",
    # Loopback candidates by their addresses: a machine in CI has no mDNS.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """Somebody at a page. What goes wrong in the page is in `errors`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def enter(
        cls, browser: Browser, site: Running, session: str, role: Role, name: str, locale: str = "en-US", **context: Any
    ) -> "Visitor":
        """Come in by the role's link, as a new person with a browser of their own; `context` is Playwright's."""
        own = await browser.new_context(locale=locale, permissions=["camera", "microphone"], **context)
        visitor = cls(await own.new_page())
        await visitor.page.goto(f"{site.url}/j/{site.services.invite(session, role).code}")
        await visitor.test("name-input").fill(name)
        await visitor.test("enter").click()
        await visitor.page.wait_for_url(f"**/s/{session}")
        return visitor

    def test(self, id: str, more: str = "") -> Locator:
        return self.page.locator(f'[data-testid="{id}"]{more}')

    async def frames_decoded(self) -> int:
        """Of the session's picture, by the browser's own count."""
        return await frames_decoded(self.page)

    async def sees_more(self, count: int) -> None:
        """So many pictures beyond those so far."""
        await sees(self.page, await self.frames_decoded() + count)


async def frames_decoded(page: Page) -> int:
    return int(await page.evaluate("window.__marquee.watching.framesDecoded()"))


async def sees(page: Page, count: int, within: float = 20.0) -> None:
    """Until so many pictures are decoded. Asked again and again: `wait_for_function` takes an async function's promise for a yes."""
    async with asyncio.timeout(within):
        while await frames_decoded(page) < count:  # noqa: ASYNC110  (the page tells it no other way)
            await asyncio.sleep(0.1)
