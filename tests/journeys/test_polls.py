"""Polls of every kind made by a speaker at their page, voted in at a phone, and shown in the hall."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from server.serving import running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, seed


async def make(speaker: Visitor, kind: str, text: str, *options: str, visibility: str = "always", anonymity: str = "pseudonymous") -> None:
    """A poll, by the editor, and opened."""
    await speaker.test("poll-new").click()
    editor = speaker.test("poll-editor")
    await editor.get_by_test_id("poll-kind").select_option(kind)
    await editor.get_by_test_id("poll-text").fill(text)
    for place, option in enumerate(options):
        if place >= 2:
            await editor.get_by_test_id("poll-add").click()
        await editor.get_by_test_id("poll-option-text").nth(place).fill(option)
    await editor.get_by_test_id("poll-visibility").select_option(visibility)
    if anonymity != "pseudonymous":
        await editor.get_by_test_id("poll-anonymity").select_option(anonymity)
    await editor.get_by_test_id("poll-save").click()
    await of(speaker, text).get_by_test_id("poll-open").click()


def of(visitor: Visitor, text: str) -> Locator:
    return visitor.test("poll").filter(has_text=text)


async def vote(attendee: Visitor, text: str, *given: str | int) -> None:
    """Clicks the options with these numbers, or fills what is to be filled."""
    card = of(attendee, text)
    for one in given:
        if isinstance(one, int):
            await card.get_by_test_id("poll-option").nth(one).click()
        else:
            await card.get_by_test_id("poll-option").first.fill(one)
    await card.get_by_test_id("poll-vote").click()
    await expect(card.get_by_role("status")).to_be_visible()


@pytest.mark.browser
async def test_a_speaker_makes_polls_and_a_phone_votes_in_them(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:
        speaker = await Visitor.enter(browser, server, SESSION, Role.SPEAKER, "Sofia", "en-US")
        attendee = await Visitor.enter(browser, server, SESSION, Role.ATTENDEE, "Layla", "en-US")
        await attendee.page.set_viewport_size({"width": 390, "height": 844})
        await speaker.page.get_by_role("tab", name="Polls").click()

        await make(speaker, "rating", "How was the film?")
        await vote(attendee, "How was the film?", 3)
        await expect(of(speaker, "How was the film?").locator('[data-option="4"] [data-count="1"]')).to_be_visible()

        await make(speaker, "ranking", "In which order?", "Sound", "Picture", "Story")
        await vote(attendee, "In which order?", 2, 0, 0)
        await expect(of(speaker, "In which order?").locator("[data-option]").first).to_contain_text("Story")

        await make(speaker, "words", "One word?")
        await vote(attendee, "One word?", "Kino")
        await expect(of(speaker, "One word?")).to_contain_text("Kino")
        await of(speaker, "One word?").get_by_role("button", name="Hold back").click()
        await expect(of(attendee, "One word?")).not_to_contain_text("Kino", use_inner_text=True)

        await make(speaker, "budget", "Where does it go?", "Archives", "Cinemas")
        await vote(attendee, "Where does it go?", "60")
        await expect(of(speaker, "Where does it go?").locator('[data-option] [data-count="60"]')).to_be_visible()

        await make(speaker, "yesno", "Shall we?", anonymity="secret")
        await vote(attendee, "Shall we?", 0)
        await expect(of(attendee, "Shall we?").get_by_test_id("poll-receipt")).to_be_visible()
        await expect(of(speaker, "Shall we?").get_by_test_id("poll-result")).to_have_count(0)
        await of(speaker, "Shall we?").get_by_test_id("poll-close").click()
        await attendee.page.get_by_role("tab", name="Polls").click()  # those that run stand above it
        await of(attendee, "Shall we?").get_by_test_id("poll-check").click()
        await expect(of(attendee, "Shall we?").get_by_role("status")).to_contain_text("among the counted")
        wide = await attendee.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, "nothing hangs over the edge of a phone"
        assert [visitor.errors for visitor in (speaker, attendee)] == [[], []]
