"""A session from beginning to end, with four people at four Chromium pages."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Request, expect

from server.serving import Running, running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import until
from tests.server.site import SESSION, seed

ARABIC = "كيف نموّل الأفلام المستقلة في المنطقة؟"
ENGLISH = re.compile(r"times|wisdom|foolishness|belief|season|winter|before us|heaven", re.IGNORECASE)
SPANISH = re.compile(r"tiempo|sabiduría|época|temporada|invierno|antes|cielo|estación", re.IGNORECASE)


async def grows(visitor: Visitor) -> None:
    """Their picture moves."""
    await expect(visitor.test("video", '[data-status="playing"]')).to_be_visible(timeout=20_000)
    await visitor.sees_more(15)


async def in_sizes(server: Running) -> bool:
    return len({layer.rid for layer in await server.services.relay.layers(SESSION)} & {"q", "h", "f"}) > 1


def shows(asked: Request) -> bool:
    return asked.method == "POST" and asked.url.endswith("/layer")


async def gets(server: Running, resource: str, rid: str) -> bool:
    return (await server.services.relay.view(resource)).gets == rid


@pytest.mark.browser
async def test_a_session_is_published_watched_asked_voted_and_captioned(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:

        async def enter(role: Role, name: str, locale: str = "en-US") -> Visitor:
            return await Visitor.enter(browser, server, SESSION, role, name, locale)

        publisher = await enter(Role.SPEAKER, "The hall")
        attendee = await enter(Role.ATTENDEE, "Layla")
        moderator = await enter(Role.MODERATOR, "Mo")
        speaker = await enter(Role.SPEAKER, "Sofia")

        # Publish and watch.
        await publisher.test("go-live").click()
        await expect(publisher.test("publish-status", '[data-state="live"]')).to_be_attached(timeout=20_000)
        await grows(attendee)
        await grows(moderator)

        # The page sends a large picture in several sizes, of which anybody may choose a small one.
        await until(lambda: in_sizes(server), 30)
        await attendee.test("quality").focus()
        async with attendee.page.expect_request(shows) as asking:
            await attendee.test("quality").select_option("low")
        asked = await asking.value
        rid, resource = asked.post_data_json["rid"], asked.url.split("/")[-2]
        assert rid in {"q", "h"}
        await until(lambda: gets(server, resource, rid), 20)
        await grows(attendee)

        # Who wants the sound alone gets no picture until they want it again.
        await attendee.test("quality").select_option("sound")
        await expect(attendee.page.get_by_text("You chose to hear only.")).to_be_visible()
        await attendee.test("quality").select_option("auto")
        await grows(attendee)

        # A question in Arabic goes by the moderator to the stage.
        await attendee.test("question-input").fill(ARABIC)
        await attendee.test("question-ask").click()
        pending = moderator.test("pending-item").filter(has_text=ARABIC)
        await pending.get_by_test_id("publish").click()
        await expect(attendee.test("question-item").filter(has_text=ARABIC)).to_be_visible()
        await moderator.test("question-item").filter(has_text=ARABIC).get_by_test_id("highlight").click()
        await expect(attendee.test("stage")).to_contain_text(ARABIC)
        await expect(speaker.test("stage")).to_contain_text(ARABIC)
        await attendee.test("question-vote").click()
        await expect(attendee.test("question-vote")).to_contain_text("1")

        # A poll is opened, voted, closed, revealed.
        await speaker.page.get_by_role("tab", name="Polls").click()
        first = '[data-poll="one"]'
        await speaker.test("poll", first).get_by_test_id("poll-open").click()
        await attendee.test("poll", first).get_by_test_id("poll-option").nth(1).click()
        await attendee.test("poll", first).get_by_test_id("poll-vote").click()
        await expect(speaker.test("poll", first).get_by_test_id("poll-voters")).to_contain_text("1")
        await expect(attendee.test("poll", first).get_by_test_id("poll-result")).to_have_count(0)
        await speaker.test("poll", first).get_by_test_id("poll-close").click()
        await speaker.test("poll", first).get_by_test_id("poll-reveal").click()
        await expect(attendee.test("poll", first).get_by_test_id("poll-result")).to_contain_text("100%")

        # What is said is read, in the floor's language and in Spanish.
        await attendee.test("caption-language").select_option("en")
        await expect(attendee.test("caption", '[data-lang="en"]')).to_contain_text(ENGLISH, timeout=30_000)
        await attendee.test("caption-language").select_option("es")
        await expect(attendee.test("caption", '[data-lang="es"]')).to_contain_text(SPANISH, timeout=30_000)

        # It can be taken home.
        await attendee.page.get_by_role("tab", name="Transcript").click()
        await expect(attendee.page.get_by_role("log", name="Transcript")).to_contain_text(SPANISH, timeout=30_000)
        await attendee.test("transcript-search").fill("zzz")
        await expect(attendee.page.get_by_role("log", name="Transcript")).not_to_contain_text(SPANISH)
        await attendee.test("transcript-search").fill("")
        async with attendee.page.expect_download() as saving:
            await attendee.page.get_by_role("button", name="SRT").click()
        saved = await saving.value
        assert saved.suggested_filename == f"{SESSION}.es.srt"
        assert SPANISH.search(await asyncio.to_thread(Path(await saved.path()).read_text))

        assert [visitor.errors for visitor in (publisher, attendee, moderator, speaker)] == [[], [], [], []]
