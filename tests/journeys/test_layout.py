"""Every page at the sizes of phones, laptops and halls: what can be pressed is there to be pressed, and what is written can be read."""

import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser, Page, expect

from server.demo.programme import seed
from server.serving import running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, Site

SLOW = "--use-fake-device-for-media-stream=fps=5"
"""A camera that leaves the machine time to lay out pages."""

PHONES = [(320, 640), (390, 844), (844, 390), (683, 384), (480, 270)]
"""The last two are a laptop's page at twice and at four times its size."""
LAPTOPS = [(1280, 720), (1366, 768), (1440, 900), (1920, 1080)]
DESKS = [PHONES[0], PHONES[2], *LAPTOPS[:3]]
TABBED = [PHONES[1], LAPTOPS[1]]
HALLS = [(1280, 720), (1366, 768), (1920, 1080), (1080, 1920)]

PAGES = [
    (Role.ATTENDEE, "en"),
    (Role.ATTENDEE, "ar"),
    (Role.MODERATOR, "en"),
    (Role.MODERATOR, "ar"),
    (Role.CAPTIONER, "en"),
    (Role.ORGANISER, "en"),
]

SPOKEN = {
    "en": "The archive opens its doors this winter, and every hall with a screen will show what has not been seen for sixty years.",
    "es": "El archivo abre sus puertas este invierno, y cada sala con una pantalla mostrará lo que no se ha visto en sesenta años.",
    "ar": "يفتح الأرشيف أبوابه هذا الشتاء، وستعرض كل قاعة فيها شاشة ما لم يره أحد منذ ستين عامًا.",
    "zh": "档案馆将在今年冬天敞开大门，每一个有银幕的影厅都将放映六十年来无人看过的影片。",
}

PRESSED = """() => {
  const faults = [];
  for (const control of document.querySelectorAll('button, a[href], select, textarea, input, summary')) {
    if (!control.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || control.closest('.skip')) continue;
    control.scrollIntoView({ block: 'center', inline: 'center' });
    const { x, y, width, height } = control.getClientRects()[0];
    const name = control.dataset.testid ?? (control.ariaLabel || control.textContent).trim().slice(0, 30);
    const hit = document.elementFromPoint(x + width / 2, y + height / 2);
    if (width < 20 || height < 16) faults.push(`${name} is ${width} x ${height}`);
    else if (!control.contains(hit)) faults.push(`${name} lies under ${hit?.outerHTML.slice(0, 80)}`);
  }
  return faults;
}"""
"""Of each control: that it has a size, and that who presses its middle, once it is scrolled to, presses it and nothing else."""

SHOWN = """() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`the page is ${wide} px too wide`);
  for (const row of document.querySelectorAll('header .row')) {
    if (row.scrollWidth > row.clientWidth) faults.push(`the head shows ${row.clientWidth} of ${row.scrollWidth} px`);
  }
  for (const picture of document.querySelectorAll('figure video')) {
    if (picture.checkVisibility() && picture.clientHeight < 80) faults.push(`the picture is ${picture.clientHeight} px high`);
  }
  for (const legend of document.querySelectorAll('legend')) {
    const gap = legend.nextElementSibling.getBoundingClientRect().top - legend.getBoundingClientRect().bottom;
    if (legend.checkVisibility() && gap < 6) faults.push(`a poll's words lie ${gap} px under their head`);
  }
  return faults;
}"""

CUT = """() => [...document.querySelectorAll('main, header, .middle, .middle *, footer, .captions')]
  .filter((one) => one.clientWidth > 0 && (one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1))
  .map((one) => `${one.className || one.tagName} shows ${one.clientHeight} of ${one.scrollHeight} px`)"""
"""Of the hall's screen, which nobody scrolls: what does not show all of its words."""

SIGHTED = """() => {
  for (const one of document.querySelectorAll('*')) one.scrollTop = 0;
  scrollTo(0, 0);
  const low = [...document.querySelectorAll('[data-testid=reaction]')].filter((one) => one.getBoundingClientRect().bottom > innerHeight);
  const aside = [...document.querySelectorAll('[data-testid^=column-]')].filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    return left < 0 || right > innerWidth;
  });
  return [...low, ...aside].map(({ dataset }) => `${dataset.reaction ?? dataset.testid} is not in sight`);
}"""
"""Of a page nobody has scrolled: that the reactions are at hand, and all columns of the moderators' board beside each other."""

LEFT = """() => {
  const panel = document.querySelector('[role=tablist]').parentElement;
  const { x, width } = panel.getBoundingClientRect();
  panel.querySelector('[role=tabpanel]').scrollIntoView({ block: 'start' });
  const rows = Array.from({ length: innerHeight / 4 }, (_, row) => document.elementFromPoint(x + width / 2, row * 4));
  const left = rows.filter((one) => panel.contains(one)).length / rows.length;
  return left < 0.4 ? [`only ${Math.round(left * 100)} % of the height is left to read questions in`] : [];
}"""


Sizes = list[tuple[int, int]]


class Conference:
    """The demo's summit, half-way: twelve questions, an open poll, and whoever comes to see them."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.browser, self.site = browser, site

    async def enter(self, role: Role, locale: str = "en") -> Visitor:
        return await Visitor.enter(self.browser, self.site.server, SESSION, role, "Layla", locale, reduced_motion="reduce")

    async def do(self, role: Role, type: str, **fields: Any) -> None:
        async with self.site.talk(role) as talk:
            await talk.do(type, **fields)

    async def speak(self, lang: str) -> None:
        await self.do(Role.CAPTIONER, "caption.commit", lang=lang, text=SPOKEN[lang])


@pytest.fixture
async def conference(tmp_path: Path) -> AsyncIterator[Conference]:
    async with (
        running(Settings(port=0, data=tmp_path), seed(time.time_ns() // 1_000_000)) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        chromium(SLOW) as browser,
    ):
        yield Conference(browser, Site(http, server))


async def faults(page: Page, sizes: Sizes, *looks: str) -> dict[str, list[str]]:
    """What is wrong with a page, by its size."""
    found = {}
    for width, height in sizes:
        await page.set_viewport_size({"width": width, "height": height})
        found[f"{width}x{height}"] = [fault for look in looks for fault in await page.evaluate(look)]
    return {size: faults for size, faults in found.items() if faults}


async def on_air(conference: Conference) -> Visitor:
    """A speaker who is live with a picture and no sound, so that nobody has to listen to them."""
    speaker = await conference.enter(Role.SPEAKER)
    await speaker.page.get_by_role("button", name="Start preview").click()
    for device in ("camera", "microphone"):
        await expect(speaker.test(device)).not_to_have_value("")
    await speaker.test("microphone").select_option("none")
    await speaker.test("go-live").click()
    await expect(speaker.test("publish-status", '[data-state="live"]')).to_be_attached(timeout=20_000)
    await expect(speaker.test("camera")).not_to_have_value("")
    return speaker


@pytest.mark.browser
async def test_every_control_of_every_role_can_be_pressed_at_the_sizes_of_phones_and_laptops(conference: Conference) -> None:
    await conference.do(Role.MODERATOR, "question.highlight", question="demo-q01")
    speaker = await on_air(conference)
    wrong = {"speaker": await faults(speaker.page, DESKS, PRESSED, SHOWN)}
    for role, locale in PAGES:
        visitor = await conference.enter(role, locale)
        await conference.speak(locale)
        await expect(visitor.test("caption")).to_contain_text(SPOKEN[locale][:20])
        await expect(visitor.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
        wrong[f"{role} in {locale}"] = await faults(visitor.page, PHONES + LAPTOPS if role is Role.ATTENDEE else DESKS, PRESSED, SHOWN)
        wrong[f"{role} in {locale}, unscrolled"] = await faults(visitor.page, LAPTOPS, SIGHTED)
        if role is Role.ATTENDEE:
            wrong[f"{role} in {locale}, reading"] = await faults(visitor.page, PHONES + LAPTOPS, LEFT)
            wrong[f"{role} in {locale}, reacting"] = await faults(visitor.page, PHONES[:-1], SIGHTED)
        for tab in await visitor.page.get_by_role("tab").all():
            await tab.click()
            wrong[f"{role} in {locale}, {await tab.inner_text()}"] = await faults(visitor.page, TABBED, PRESSED, SHOWN)
        await visitor.page.context.close()
    assert not {page: faults for page, faults in wrong.items() if faults}


@pytest.mark.browser
async def test_nothing_on_the_screen_of_a_hall_is_cut(conference: Conference) -> None:
    wrong = {}
    for locale in SPOKEN:
        visitor = await conference.enter(Role.ATTENDEE, locale)
        await visitor.page.goto(f"{conference.site.server.url}/s/{SESSION}/screen")
        await conference.speak(locale)
        await expect(visitor.test("caption")).to_contain_text(SPOKEN[locale][:20])
        await expect(visitor.test("poll")).to_be_visible()
        wrong[f"poll in {locale}"] = await faults(visitor.page, HALLS, CUT)
        await conference.do(Role.MODERATOR, "question.highlight", question="demo-q02")
        await expect(visitor.test("stage")).to_be_visible()
        wrong[f"question in {locale}"] = await faults(visitor.page, HALLS, CUT)
        await conference.do(Role.MODERATOR, "question.highlight", question=None)
        await visitor.page.context.close()
    assert not {page: faults for page, faults in wrong.items() if faults}


INK = 64
"""Of 255: what is painted over differs by more, and letters drawn anew by less."""


def pixels(png: bytes) -> NDArray[np.int16]:
    with av.open(io.BytesIO(png)) as image:
        return next(image.decode(video=0)).to_ndarray(format="rgb24").astype(np.int16)


@pytest.mark.browser
async def test_marks_stacked_on_a_letter_do_not_paint_over_the_page(conference: Conference) -> None:
    visitor = await conference.enter(Role.ATTENDEE)
    await visitor.page.set_viewport_size({"width": 1366, "height": 768})
    words = visitor.test("question-item").first.locator("bdi").first
    above = visitor.test("order-top").locator("..")
    await words.scroll_into_view_if_needed()
    before = await above.screenshot()
    await words.evaluate("(words) => (words.textContent = 'Z' + '\\u0301'.repeat(400))")
    assert abs(pixels(await above.screenshot()) - pixels(before)).max() < INK
