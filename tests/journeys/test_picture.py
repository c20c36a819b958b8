"""The demo as people see it, on a laptop in English and on a phone in Arabic: what the README shows (`make picture` takes it anew)."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.browser import chromium, sees
from tests.server.test_cli import Marquee

PICTURE = Path("artifacts/picture.jpg")
LAPTOP, PHONE = (1280, 800), (390, 800)
SHEET = """<body style="margin:0;background:#0b0a10;display:flex;gap:24px;padding:24px;width:max-content">
{0}</body>"""
SHOWN = "async (element) => await new Promise((done) => element.requestVideoFrameCallback(done))"
FRAME = '<img style="border-radius:14px;outline:1px solid #3a3647;display:block" src="data:image/png;base64,{}">'


@pytest.fixture
def demo() -> Iterator[Marquee]:
    running = Marquee("demo", "--port", "0")
    try:
        yield running.until("Ctrl-C stops")
    finally:
        running.kill()


async def seat(browser: Browser, demo: Marquee, name: str, locale: str, size: tuple[int, int], **look: Any) -> Page:
    """Somebody who has come in by the printed link, with the film running and the welcome in sight."""
    context = await browser.new_context(locale=locale, viewport={"width": size[0], "height": size[1]}, **look)
    page = await context.new_page()
    await page.goto(f"{demo.url}/j/{demo.code('attendee')}")
    await page.get_by_test_id("name-input").fill(name)
    await page.get_by_test_id("enter").click()
    await expect(page.locator('[data-testid="video"][data-status="playing"]')).to_be_visible(timeout=20_000)
    await sees(page, 30)
    return page


async def shot(page: Page) -> bytes:
    await page.bring_to_front()
    await page.locator('[data-testid="video"]').evaluate(SHOWN)
    return await page.screenshot()


def keep(picture: bytes) -> None:
    assert len(picture) > 50_000, "nothing much can be on it"
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture)


def in_a_frame(png: bytes) -> str:
    return FRAME.format(base64.b64encode(png).decode())


@pytest.mark.browser
async def test_the_demo_looks_as_the_readme_shows_it(demo: Marquee) -> None:
    async with chromium() as browser, asyncio.timeout(90):
        laptop = await seat(browser, demo, "Layla", "en-US", LAPTOP, color_scheme="dark")
        phone = await seat(browser, demo, "ليلى", "ar", PHONE, color_scheme="light")
        for page in (laptop, phone):
            await expect(page.get_by_test_id("question-item").first).to_be_attached()
            await expect(page.get_by_test_id("poll-option").first).to_be_visible()
            await expect(page.get_by_test_id("caption").first).to_be_visible(timeout=30_000)
        assert await phone.evaluate("document.documentElement.dir") == "rtl"
        shots = [await shot(page) for page in (laptop, phone)]
        sheet = await browser.new_page()
        await sheet.set_content(SHEET.format("".join(map(in_a_frame, shots))))
        keep(await sheet.locator("body").screenshot(type="jpeg", quality=82))
