"""Who speaks, as people see it: a hand that goes up to the stage and is seen by all, and a summit by the chair's clock."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from server.demo.programme import SUMMIT, seed
from server.serving import running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import until
from tests.server.test_demo import NOW

FORUM = "second-film"
STATUS = "data-state"


async def sees(visitor: Visitor) -> bool:
    return await visitor.frames_decoded() > 5


@pytest.mark.browser
async def test_a_hand_goes_to_the_stage_and_a_delegate_to_the_floor(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed(NOW)) as site, chromium() as browser:
        moderator = await Visitor.enter(browser, site, FORUM, Role.MODERATOR, "Mo")
        guest = await Visitor.enter(browser, site, FORUM, Role.ATTENDEE, "Ana", viewport={"width": 390, "height": 844})
        await guest.test("hand-raise").click()
        await moderator.test("floor-invite").click()
        await guest.test("hand-accept").click()
        await moderator.test("floor-call").click()
        await guest.test("guest-start").click()
        await expect(guest.test("guest-status")).to_have_attribute(STATUS, "live")
        await expect(guest.page.locator(".chip.live").first).to_be_visible()
        await until(lambda: sees(guest), 20)  # their own picture comes back
        await moderator.test("floor-down").click()
        await expect(guest.test("hand-raise")).to_be_visible()
        await expect(guest.test("guest-status")).to_have_count(0)

        await moderator.test("policy").locator("summary").click()
        await moderator.test("policy-hands").select_option("nobody")
        await expect(guest.test("hand-raise")).to_have_count(0)

        chair = await Visitor.enter(browser, site, SUMMIT, Role.MODERATOR, "Chair")
        delegate = await Visitor.enter(browser, site, SUMMIT, Role.DELEGATE, "Ben", "fr-FR", viewport={"width": 390, "height": 844})
        await delegate.test("summit-point").click()
        await chair.test("summit-call").click()
        await expect(delegate.test("speech-clock")).to_have_attribute(STATUS, "waiting")
        await chair.test("summit-start").click()
        await expect(delegate.test("speech-clock")).to_have_attribute(STATUS, "speaking")
        await chair.test("motion-text").fill("That all archives be open.")
        await chair.test("motion-put").click()
        await delegate.test("motion-yes").click()
        await expect(delegate.test("motion-yes")).to_have_attribute("aria-pressed", "true")
        await chair.test("motion-close").click()
        await expect(delegate.test("motion-count").first).to_contain_text("Oui 1")
        assert [visitor.errors for visitor in (moderator, guest, chair, delegate)] == [[]] * 4
