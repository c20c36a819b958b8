"""The life of questions at real pages: merged, dismissed and appealed, edited, read in one's own language, every act logged and undone."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, expect

from server.serving import Running, running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, seed

PAST = re.compile("past|pasado")
"""A question about the past, before and after it is translated."""


class Desk:
    """A moderator at their desk, who works with the keys."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    def card(self, column: str, text: str | re.Pattern[str]) -> Locator:
        return self.visitor.test(f"column-{column}").locator("[data-card]").filter(has_text=text)

    async def press(self, column: str, text: str | re.Pattern[str], key: str) -> Locator:
        """Put the focus on a card and press a key."""
        card = self.card(column, text)
        await card.focus()
        await self.visitor.page.keyboard.press(key)
        return card


async def ask(visitor: Visitor, text: str) -> Locator:
    """Ask; one's own question as it is shown to oneself."""
    await visitor.test("question-input").fill(text)
    await visitor.test("question-ask").click()
    return visitor.test("own-question").filter(has_text=text)


async def entering(browser: Browser, server: Running, role: Role, name: str, locale: str = "en-US") -> Visitor:
    return await Visitor.enter(browser, server, SESSION, role, name, locale, viewport={"width": 1440, "height": 900})


@pytest.mark.browser
async def test_a_moderator_merges_dismisses_and_undoes_with_the_keys_and_askers_see_what_becomes_of_theirs(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:
        ana = await entering(browser, server, Role.ATTENDEE, "Ana")
        ben = await entering(browser, server, Role.ATTENDEE, "Ben")
        moderator = await entering(browser, server, Role.MODERATOR, "Mo")
        desk = Desk(moderator)
        first, second, third = "How do we fund independent films?", "How can we fund independent films?", "Who owns the archive?"

        # Two ask the same; both are published, and voted on by one person and by another.
        of_ana, of_ben = await ask(ana, first), await ask(ben, second)
        for text in (first, second):
            await desk.press("pending", text, "p")
            await expect(desk.card("approved", text)).to_be_visible()
        for visitor, texts in ((ana, (first, second)), (ben, (second,))):
            for text in texts:
                await visitor.test("question-item").filter(has_text=text).get_by_test_id("question-vote").click()
        await expect(desk.card("approved", second)).to_contain_text("2 votes")

        # Merged, each counts once; the asker is told; undone, nothing is lost.
        card = await desk.press("approved", second, "m")
        await card.get_by_test_id("merge-into").filter(has_text="May ask the same").click()
        await expect(desk.card("approved", second)).to_have_count(1)  # the one that stands for both names it
        await expect(desk.card("approved", first)).to_contain_text("2 votes")
        await expect(ben.test("question-item").filter(has_text=second)).to_have_count(0)
        await expect(of_ben).to_contain_text("Joined with a question that asks the same")
        await moderator.page.keyboard.press("u")
        await expect(ben.test("question-item").filter(has_text=second).get_by_test_id("question-vote")).to_contain_text("2")
        await expect(of_ben).not_to_contain_text("Joined")

        # Dismissed for a reason, appealed, published.
        await moderator.test("watched-words").locator("summary").click()
        await moderator.test("watch-text").fill("archive")
        await moderator.test("watch-save").click()
        of_third = await ask(ana, third)
        await expect(desk.card("pending", third).get_by_test_id("flagged")).to_contain_text("archive")
        card = await desk.press("pending", third, "d")
        await card.locator('[data-reason="unclear"]').click()
        await expect(of_third.get_by_test_id("own-status")).to_have_text("Dismissed: Unclear")
        await of_third.get_by_test_id("own-appeal").click()
        await of_third.get_by_test_id("own-text").fill("I mean the archive of the festival.")
        await of_third.get_by_test_id("own-send").click()
        await expect(desk.card("pending", third).get_by_test_id("appeal")).to_contain_text("the archive of the festival")
        await desk.press("pending", third, "p")

        # On the stage, answered in writing, reopened by undoing.
        await desk.press("approved", third, "h")
        await expect(ben.test("stage")).to_contain_text(third)
        card = await desk.press("live", third, "a")
        await card.get_by_test_id("answer-text").fill("Its members do.")
        await card.get_by_test_id("answer-done").click()
        await expect(ben.test("question-item").filter(has_text=third)).to_contain_text("Its members do.")
        await expect(of_third.get_by_test_id("own-status")).to_have_text("Answered")
        await moderator.page.keyboard.press("c")
        await expect(desk.card("answered", third)).to_be_visible()

        # Edited, it waits again; withdrawn, it is gone.
        await of_ana.get_by_test_id("own-edit").click()
        await of_ana.get_by_test_id("own-text").fill("Who funds independent films?")
        await of_ana.get_by_test_id("own-send").click()
        await expect(desk.card("pending", "Who funds independent films?")).to_be_visible()
        await expect(ben.test("question-item").filter(has_text=first)).to_have_count(0)
        renamed = ana.test("own-question").filter(has_text="Who funds independent films?")
        await renamed.get_by_test_id("own-withdraw").click()
        await renamed.get_by_test_id("own-withdraw-sure").click()
        await expect(renamed).to_have_count(0)
        await expect(desk.card("pending", "Who funds")).to_have_count(0)

        # All of it is in the log, and the audience sees how often.
        await moderator.test("moderation-log").locator("summary").click()
        acts = await moderator.test("log-entry").evaluate_all("entries => entries.map(entry => entry.dataset.act)")
        assert acts[:3] == ["question.withdraw", "question.edit", "question.highlight"]
        assert acts.count("question.publish") == 3
        await ben.test("public-moderation").locator("summary").click()
        await expect(ben.test("public-moderation")).to_contain_text("Unclear")
        assert [visitor.errors for visitor in (ana, ben, moderator)] == [[], [], []]


@pytest.mark.browser
async def test_a_question_is_read_in_ones_own_language_and_a_translation_is_put_right_for_all(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:
        asker = await entering(browser, server, Role.ATTENDEE, "Ana")
        reader = await entering(browser, server, Role.ATTENDEE, "Rocío", "es-ES")
        moderator = await entering(browser, server, Role.MODERATOR, "Mo", "es-ES")
        desk = Desk(moderator)
        text = "Where is the future of cinema?"

        await ask(asker, text)
        await expect(desk.card("pending", "cine")).to_be_visible(timeout=20_000)
        await desk.press("pending", "cine", "p")
        item = reader.test("question-item")
        await expect(item).to_contain_text("cine")
        await item.get_by_test_id("show-original").click()
        await expect(item).to_contain_text(text)
        await item.get_by_test_id("show-original").click()

        card = desk.card("approved", "cine")
        await card.get_by_test_id("correct").click()
        await card.get_by_test_id("correction-text").fill("¿Dónde está el porvenir del cine?")
        await card.get_by_test_id("correction-save").click()
        await expect(item).to_contain_text("¿Dónde está el porvenir del cine?")
        await expect(item).to_contain_text("Traducida por una persona")
        await item.get_by_test_id("show-original").click()
        await expect(item).to_contain_text(text)

        # A written answer as well is read in one's own language.
        card = await desk.press("approved", "cine", "a")
        await card.get_by_test_id("answer-text").fill("En los pueblos pequeños.")
        await card.get_by_test_id("answer-done").click()
        await expect(item).to_contain_text("En los pueblos pequeños.")
        await expect(asker.test("question-item")).to_contain_text(re.compile("small", re.IGNORECASE), timeout=20_000)
        await asker.test("question-item").get_by_test_id("show-original").click()
        await expect(asker.test("question-item")).to_contain_text("En los pueblos pequeños.")

        # One at a time, every region in turn, oldest first: how a list is read is one's own choice.
        await moderator.test("slow-mode").select_option("60")
        await expect(asker.test("slow-note")).to_contain_text("60 seconds")
        await asker.test("question-input").fill("And the past?")
        await asker.test("question-ask").click()
        await expect(asker.page.get_by_text("you can ask again in")).to_be_visible()
        await moderator.test("slow-mode").select_option("0")
        await expect(asker.test("slow-note")).to_have_count(0)
        await asker.test("question-ask").click()
        await desk.press("pending", PAST, "p")
        for order, wanted in (("old", text), ("new", "And the past?"), ("fair", "And the past?")):
            await asker.test(f"order-{order}").click()
            await expect(asker.test("question-item").first).to_contain_text(wanted)
        assert [visitor.errors for visitor in (asker, reader, moderator)] == [[], [], []]
