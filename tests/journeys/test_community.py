"""What people say to each other at real pages: an announcement, the chat, a problem and its solutions, and taking one's leave."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import until
from tests.server.site import SESSION
from tests.server.test_community import forum
from tests.server.test_personal import traces


@pytest.mark.browser
async def test_people_are_told_talk_propose_vote_and_leave_nothing_behind(tmp_path: Path) -> None:
    async with forum(tmp_path) as site, chromium() as browser:
        moderator = await Visitor.enter(
            browser, site.server, SESSION, Role.MODERATOR, "Mo", "en-US", viewport={"width": 1440, "height": 900}
        )
        ana = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Ana", "es-ES", viewport={"width": 390, "height": 844})
        screen = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Hall", "en-US", viewport={"width": 1280, "height": 720})
        await screen.page.goto(f"{site.server.url}/s/{SESSION}/screen")

        # Urgent words reach the phone in its language, marked as the machine's, and the hall's screen.
        await moderator.test("desk-announcements").locator("summary").first.click()
        await moderator.test("announcement-severity").select_option("urgent")
        await moderator.test("announcement-text").fill("The house is big.")
        await moderator.test("announcement-send").click()
        await expect(screen.test("urgent")).to_contain_text("The house is big.")
        await expect(ana.test("announcement")).to_contain_text("La casa es grande.")
        await expect(ana.test("announcement")).to_contain_text("automática")
        await ana.test("acknowledge").click()
        await expect(ana.test("announcement")).to_have_count(0)
        await moderator.test("acknowledge").click()
        await expect(moderator.test("announcement-read")).to_contain_text("2 people")
        await moderator.test("announcement-withdraw").click()
        await expect(screen.test("urgent")).to_have_count(0)

        # A chat whose message is hidden with a reason, which its author learns, and shown again by undoing that.
        await ana.test("tab-chat").click()
        await moderator.test("desk-chat").locator("summary").first.click()
        await ana.test("chat-text").fill("La casa es grande.")
        await ana.test("chat-text").press("Enter")
        await expect(moderator.test("chat-message")).to_contain_text("The house is big.")
        await moderator.test("chat-hide").click()
        await moderator.test("chat-reason").first.click()
        await expect(ana.test("chat-message")).to_have_count(0)
        await expect(ana.test("chat")).to_contain_text("Se ocultó un mensaje tuyo")
        await moderator.test("moderation-log").locator("summary").click()
        await moderator.test("undo").first.click()
        await expect(ana.test("chat-message")).to_have_count(1)

        # A question becomes a bulletin; a solution is proposed and voted for.
        await ana.test("tab-questions").click()
        await ana.test("question-input").fill("¿De quién es el archivo?")
        await ana.test("question-ask").click()
        await moderator.test("publish").click()
        await moderator.test("more").first.click()
        await moderator.test("promote").click()
        await moderator.test("desk-problems").locator("summary").first.click()
        await moderator.test("problem-publish").click()
        await ana.test("tab-problems").click()
        await ana.test("propose-text").fill("Un fideicomiso.")
        await ana.test("propose-send").click()
        await ana.test("solution-vote").click()
        await expect(moderator.test("solution-vote")).to_contain_text("1")

        # Files for who runs it; and Ana goes, with all that was hers.
        await moderator.test("desk-exports").locator("summary").first.click()
        for button, ends in (("export-csv", ".csv"), ("export-research", ".zip")):
            async with moderator.page.expect_download() as download:
                await moderator.test(button).click()
            assert (await download.value).suggested_filename.endswith(ends)
        await ana.test("my-data").locator("summary").click()
        await ana.test("my-data-ask").click()
        await ana.test("my-data-erase").click()
        await expect(ana.test("my-data")).to_have_count(0)
        await expect(moderator.test("solution")).to_have_count(0)
        await until(lambda: traces(tmp_path, "fideicomiso", "Ana") == [])
