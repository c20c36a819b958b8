"""The conference by keyboard alone, and as a screen reader has it: where the focus goes, where it stays, and what is said of a page."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from sessions.people import Role
from tests.journeys.access import tab_to
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, Site, site

__all__ = ["site"]

CATALOGUES = Path("server/web/src/messages")

READ = """
- link "{app.skip}"
- banner:
  - heading "Summit" [level=1]
  - button "{share.title}"
  - button /{view.title}/
- main:
  - figure:
    - 'button "{channel.title}: {channel.floor}"'
  - combobox "{captions.language}"
  - button "{captions.settings}"
  - group "{reaction.title}":
    - button "{reaction.applause} (0)"
  - group "Which?":
    - heading "Which?" [level=2]
    - list:
      - listitem:
        - radio "A"
  - button "{poll.vote}" [disabled]
  - tablist:
    - tab "{question.title} 1" [selected]
  - tabpanel "{question.title} 1":
    - textbox "{question.placeholder}"
    - checkbox "{question.anonymous}"
    - combobox "{question.language}"
    - button "{question.ask}" [disabled]
    - heading "{question.title}" [level=2]
    - radiogroup "{question.sort}":
      - radio "{question.sort_top}" [checked]
      - radio "{question.sort_new}"
    - list:
      - listitem:
        - paragraph: What of sound?
        - button /{question.vote}/
"""
"""An attendee's page as it is read out, with the names of the messages."""


def heard(locale: str) -> str:
    words = json.loads((CATALOGUES / f"{locale}.json").read_text())
    return re.sub(r"\{([a-z_.]+)\}", lambda key: str(words[key[1]]), READ)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.mark.browser
async def test_an_attendee_listens_reads_asks_and_votes_without_a_mouse(site: Site, browser: Browser) -> None:
    visitor = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Ana", reduced_motion="reduce")
    page, keys = visitor.page, visitor.page.keyboard
    await page.reload()
    await expect(visitor.test("question-input")).to_be_visible()

    # Past the head of the page at once, to what to listen to.
    await keys.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await keys.press("Enter")
    await tab_to(page, "channel", limit=1)
    for _ in range(3):  # as fast as fingers are
        await keys.press("Enter")
        await expect(page.get_by_role("radio", name="Floor")).to_be_focused(timeout=1)
        await keys.press("Escape")
        await expect(visitor.test("channel")).to_be_focused(timeout=1)
    await keys.press("Enter")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(visitor.test("channel", '[data-lang="es"]')).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_role("radio", name="Español")).to_be_focused(timeout=1)
    for _ in range(2):  # past the loudness of the floor, out of the menu: it shuts
        await keys.press("Tab")
    await expect(page.locator(":popover-open")).to_have_count(0)

    # Captions, larger.
    await tab_to(page, "caption-timing")
    await keys.press("Enter")
    await expect(page.get_by_role("radio", name="Medium")).to_be_focused(timeout=1)
    await keys.press("ArrowRight")
    await keys.press("Escape")
    await expect(page.locator(".captions.large")).to_be_attached()
    await expect(visitor.test("caption-timing")).to_be_focused()

    # A question, and two of others whose order changes under the focus.
    await tab_to(page, "question-input")
    await keys.type("Who owns the archive?")
    await keys.press("Control+Enter")
    own = visitor.test("own-question")
    await expect(own).to_contain_text("Who owns the archive?")
    await expect(visitor.test("question-input")).to_be_focused()
    async with site.talk("moderator") as staff, site.talk(person="ben") as ben, site.talk(person="cem") as cem:
        first, second = await ben.ask("What of sound?"), await cem.ask("What of light?")
        for question in (first, second):
            await staff.do("question.publish", question=question)
        await expect(visitor.test("question-item")).to_have_count(2)
        await tab_to(page, "question-vote")
        await keys.press("Space")
        voted = page.locator('[data-testid="question-vote"][aria-pressed="true"]')
        await expect(voted).to_be_focused()
        chosen = await page.evaluate("document.activeElement.closest('[data-question]').dataset.question")
        other = second if chosen == first else first
        for talk in (ben, cem):
            await talk.do("question.vote", question=other, on=True)
        await expect(visitor.test("question-item").first).to_have_attribute("data-question", other)
        await expect(voted).to_be_focused()

        # What becomes of hers is said; so is a poll that opens, and she votes in it.
        mine = next(id for id, one in staff.staff["questions"].items() if one["text"].startswith("Who owns"))
        await staff.do("question.publish", question=mine)
        await expect(visitor.test("told")).to_have_text("Your question “Who owns the archive?”: Published")
        await expect(page.locator('[role="status"]', has=visitor.test("caption"))).to_have_count(0)
        await staff.do("poll.open", poll="one")
        await expect(visitor.test("told")).to_have_text("A poll is open: Which?")
        await expect(voted).to_be_focused()
        poll = visitor.test("poll")
        await tab_to(page, "poll-option", key="Shift+Tab")
        await keys.press("Space")
        await keys.press("ArrowUp")
        while not await poll.get_by_role("radio", name="B").is_checked():
            await keys.press("ArrowDown")
        await tab_to(page, "poll-vote", limit=1)
        await keys.press("Enter")
        await expect(poll.get_by_role("status")).to_have_text("Your vote is counted.")
        await expect(poll.get_by_role("radio", name="B")).to_be_checked()
    assert visitor.errors == []


@pytest.mark.browser
async def test_a_moderator_works_with_the_keys_and_never_loses_the_place(site: Site, browser: Browser) -> None:
    async with site.talk() as asker:
        texts = ("What of sound?", "What of light?", "What of colour?")
        for text in texts:
            await asker.ask(text)
        size = {"width": 1440, "height": 900}
        visitor = await Visitor.enter(browser, site.server, SESSION, Role.MODERATOR, "Mo", viewport=size, reduced_motion="reduce")
        keys = visitor.page.keyboard
        waiting, out = (visitor.test(f"column-{name}").locator("[data-card]") for name in ("pending", "approved"))
        await expect(waiting).to_have_count(3)

        for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
            await keys.press(key)
            await expect(waiting.nth(place)).to_be_focused()
        # Another question comes in, and the focus stays.
        await asker.ask("What of the dark?")
        await expect(waiting).to_have_count(4)
        await expect(waiting.nth(1)).to_be_focused()
        # Published: on to the next one. Dismissed as well, once a reason is chosen.
        await keys.press("p")
        await expect(out).to_have_count(1)
        await expect(waiting.filter(has_text=texts[2])).to_be_focused()
        await keys.press("d")
        await expect(waiting.get_by_test_id("dismiss-reason").first).to_be_focused()
        await keys.press("Escape")
        await expect(waiting.get_by_test_id("dismiss").nth(1)).to_be_focused()
        await keys.press("d")
        await expect(waiting.get_by_test_id("dismiss-reason").first).to_be_focused()
        await keys.press("Enter")
        await expect(visitor.test("column-dismissed").locator("[data-card]")).to_have_count(1)
        await expect(waiting.filter(has_text="dark")).to_be_focused()
        # Merged by the list that opens in the card, and undone.
        await keys.press("m")
        await keys.press("Tab")
        await keys.press("Enter")
        await expect(waiting).to_have_count(1)
        await keys.press("u")
        await expect(waiting).to_have_count(2)
        assert visitor.errors == []


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["en", "ar"])
async def test_a_screen_reader_finds_its_way(site: Site, browser: Browser, locale: str) -> None:
    said = heard(locale)
    visitor = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Ana", locale, reduced_motion="reduce")
    async with site.talk("moderator") as staff:
        await staff.do("poll.open", poll="one")
        question = await staff.ask("What of sound?")
        await staff.do("question.publish", question=question)
        await expect(visitor.test("question-item")).to_be_visible()
        await expect(visitor.page.locator("body")).to_match_aria_snapshot(said)

        # A dialog holds the focus, and gives it back.
        await visitor.test("share").focus()
        await visitor.page.keyboard.press("Enter")
        for _ in range(12):
            await visitor.page.keyboard.press("Tab")
            assert await visitor.page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
        await visitor.page.keyboard.press("Escape")
        await expect(visitor.test("share")).to_be_focused()
