"""A captioner types a line, puts it right by hotkey, and it changes where it is read; a word gets its translation, a guest a shift."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from server.serving import running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.access import tab_to, violations
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, seed

WATCH = """() => {
  window.seen = {};
  const look = () => (window.seen[document.querySelector('[data-testid="overlay-captions"]').innerText.trim()] ??= Date.now());
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""When a page first shows what."""


async def top_of(visitor: Visitor) -> float:
    """Where the captions begin on the page, px."""
    box = await visitor.test("caption").bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.browser
async def test_a_line_is_typed_and_put_right_and_the_overlay_follows(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:
        captioner = await Visitor.enter(browser, server, SESSION, Role.CAPTIONER, "Cleo")
        overlay = Visitor(await (await browser.new_context()).new_page())
        code = server.services.invite(SESSION, Role.SCREEN).code
        await overlay.page.goto(f"{server.url}/overlay/{SESSION}?code={code}&lang=en&dual=es&lines=1")
        # The same for a picture that is two seconds late.
        late = Visitor(await (await browser.new_context()).new_page())
        await late.page.goto(f"{server.url}/overlay/{SESSION}?code={code}&lang=EN&dual=EN&lines=1.5&offset=2")
        english, spanish = (overlay.test("overlay-captions", f'[data-lang="{lang}"]') for lang in ("en", "es"))

        # Without a mouse, as captioners work.
        await tab_to(captioner.page, "captioner-input")
        await captioner.page.keyboard.type("The house is pig.")
        await tab_to(captioner.page, "captioner-send", limit=1)
        await captioner.page.keyboard.press("Enter")
        await expect(captioner.test("captioner-input")).to_be_focused()
        await expect(english).to_have_text("The house is pig.", timeout=15_000)
        await expect(late.test("overlay-captions")).to_have_text("The house is pig.", timeout=15_000)
        for page in (overlay.page, late.page):
            await page.evaluate(WATCH)
        await expect(captioner.test("captioner-delay")).to_contain_text("ms")

        await captioner.test("captioner-input").press("ArrowUp")
        await expect(captioner.test("captioner-input")).to_have_value("The house is pig.")
        await captioner.test("captioner-input").fill("The house is big.")
        await captioner.test("captioner-input").press("Enter")
        await expect(captioner.test("captioner-line").first).to_contain_text("The house is big.")
        await expect(english).to_have_text("The house is big.")
        await expect(spanish).to_have_text("La casa es grande.")
        await expect(late.test("overlay-captions")).to_have_text("The house is big.", timeout=15_000)
        soon, later = [await page.evaluate("window.seen['The house is big.']") for page in (overlay.page, late.page)]
        assert 1_000 < later - soon < 6_000
        assert await violations(overlay.page) == []
        assert await overlay.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
        assert await overlay.page.evaluate("getComputedStyle(document.body).backgroundImage") == "none"

        attendee = await Visitor.enter(browser, server, SESSION, Role.ATTENDEE, "Ada")
        await attendee.test("caption-timing").click()
        await attendee.test("caption-later").click(click_count=3)
        await attendee.test("caption-offset").fill("99")
        await attendee.test("caption-offset").press("Tab")
        await expect(attendee.test("caption-offset")).to_have_value("10")
        await attendee.test("caption-offset").fill("0.3")
        await attendee.test("caption-offset").press("Tab")
        # They stand where their reader wants them, in as many rows.
        at_the_foot = await top_of(attendee)
        for choice in ("caption-place-top", "caption-box-none", "caption-rows-1"):
            await attendee.test(choice).click()
        assert await top_of(attendee) < at_the_foot - 200

        await captioner.test("glossary").locator("summary").click()
        for lang, text in (("en", "screening"), ("es", "función")):
            await captioner.test("glossary-text", f'[data-lang="{lang}"]').fill(text)
        await captioner.test("glossary-save").click()
        await expect(captioner.test("glossary-term")).to_contain_text("función")
        await captioner.test("profanity").select_option("mask")
        await captioner.test("captioner-input").fill("The screening is shit.")
        await captioner.test("captioner-input").press("Enter")
        await expect(spanish).to_have_text("La función es s***.")
        await expect(attendee.test("caption")).to_contain_text("The screening is s***.")
        await expect(captioner.test("glossary-hits")).to_contain_text("1")
        await captioner.test("glossary-change").click()
        await captioner.test("glossary-text", '[data-lang="es"]').fill("pase")
        await captioner.test("glossary-save").click()
        await expect(captioner.test("glossary-term")).to_contain_text("pase")
        await captioner.test("glossary-remove").click()
        await expect(captioner.test("glossary-term")).to_have_count(0)

        # What a person makes longer than two rows is read in captions, one after the other.
        await captioner.test("captioner-input").press("ArrowUp")
        await captioner.test("captioner-input").fill(
            "It was the best of times, it was the worst of times. It was the age of wisdom, it was the age of foolishness."
        )
        await captioner.test("captioner-input").press("Enter")
        await expect(english).to_have_text("It was the best of times, it was the worst of times.")
        await expect(english).to_have_text("It was the age of wisdom, it was the age of foolishness.", timeout=15_000)

        await captioner.test("captioner-steno").check()
        await captioner.test("captioner-input").press_sequentially(">> Amina: The house is small. Wel")
        await expect(captioner.test("captioner-line").first).to_contain_text("Amina: The house is small.")
        await expect(captioner.test("captioner-input")).to_have_value("Wel")

        await attendee.page.reload()
        await expect(attendee.test("caption-timing")).to_contain_text("0.3")
        assert await top_of(attendee) < at_the_foot - 200
        assert captioner.errors == overlay.errors == late.errors == attendee.errors == []
