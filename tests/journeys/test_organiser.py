"""An organiser at real pages: a session is added, its clash is seen and mended, people find it, come in, and are counted."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from realtime.relay.dtls import Certificate
from sessions.people import Role
from tests.journeys.access import violations
from tests.journeys.browser import Visitor, chromium
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.server.site import SDP, SESSION, Site, opened
from tests.server.test_venues import filming

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


async def desk(browser: Browser, site: Site, name: str, viewport: dict[str, int], locale: str = "en-US") -> Visitor:
    """An organiser at the programme, far from where the event is."""
    visitor = await Visitor.enter(browser, site.server, SESSION, Role.ORGANISER, name, locale, viewport=viewport, timezone_id="Asia/Tokyo")
    await visitor.test("tab-programme").click()
    await expect(visitor.test("programme-editor")).to_be_visible()
    return visitor


async def published(site: Site, offer: str) -> str:
    headers = SDP | site.bearer("publisher", "young-cinema")
    return (await site.http.post("/whip/young-cinema", content=offer, headers=headers)).raise_for_status().text


async def counted(site: Site, viewers: int) -> None:
    """Until a sample has so many viewers."""
    async with asyncio.timeout(20):
        while site.services.dashboard.series("young-cinema", 0)["viewers"][-1:] != [viewers]:
            await site.services.dashboard.sample()
            await asyncio.sleep(0.1)


@pytest.mark.browser
async def test_a_session_is_added_mended_found_and_entered(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, chromium() as browser:
        olga = await desk(browser, site, "Olga", DESKTOP)
        guest = Visitor(await (await browser.new_context(locale="en-US", timezone_id="America/Lima", viewport=PHONE)).new_page())
        await guest.page.goto(site.server.url)

        # The place has a clock of its own.
        await olga.test("event-edit").click()
        await olga.test("event-zone").fill("Europe/Paris")
        await olga.test("event-save").click()
        await expect(olga.test("programme-editor")).to_contain_text("Times are those of the place: Europe/Paris")

        # Two sessions in one room at one time: the clash leads to the field, where it is mended.
        other = olga.page.locator('[data-session="other"]')
        await other.get_by_test_id("session-edit").click()
        begins = await olga.test("field-starts_at").input_value()
        await olga.test("field-room").fill("Hall 1")
        await olga.test("session-save").click()
        await expect(olga.test("unsaved")).to_have_text("")
        await olga.test("panel-close").click()
        await olga.test("session-add").click()
        await olga.test("field-title").fill("Young cinema")
        await olga.test("field-format").select_option("seminar")
        await olga.test("field-starts_at").fill(begins)
        await olga.test("field-room").fill("hall 1")
        await olga.test("speakers-add").click()
        await olga.test("speaker-name").fill("Ana Nogués")
        await expect(olga.test("issue", '[data-code="room_clash"]')).to_contain_text("“Summit”")
        await expect(olga.test("unsaved")).to_have_text("Not saved yet")
        await olga.page.keyboard.press("Control+s")
        await expect(olga.test("unsaved")).to_have_text("")
        await olga.test("panel-close").click()
        await olga.test("issues").locator('[data-code="room_clash"]').click()
        await expect(olga.test("field-room")).to_be_focused()
        assert await violations(olga.page) == []
        await olga.test("field-room").fill("Hall 2")
        await olga.test("session-save").click()
        await expect(olga.test("issues").locator('[data-code="room_clash"]')).to_have_count(0)

        # It is on the page of whoever looks at the programme, at their hours and at those of the place.
        card = guest.page.locator('[data-session="young-cinema"]')
        await expect(guest.page.locator('[data-session="other"]')).to_contain_text("Hall 2", timeout=20_000)
        await expect(card).to_contain_text("Young cinema")
        before = await card.locator("time").inner_text()
        await guest.test("zone").select_option(index=1)
        await expect(card.locator("time")).not_to_have_text(before)

        # Its link lets them in.
        await olga.test("panel-close").click()
        await olga.page.locator('[data-session="young-cinema"]').get_by_test_id("session-links").click()
        await olga.test("qr-attendee").click()
        await expect(olga.test("session-links-panel").locator("svg[role=img]")).to_be_visible()
        code = await olga.test("audience-code").inner_text()
        await guest.page.goto(f"{site.server.url}/j/{code}")
        await guest.test("enter").click()
        await guest.test("question-input").fill("Who pays?")
        await guest.test("question-ask").click()
        await expect(guest.page.get_by_text("Your question is with the moderator.")).to_be_visible()

        # They watch, and are counted.
        peer = await LightPeer(Certificate.generateCertificate()).open(partial(published, site), "sendonly", {"VP8": 96})
        async with asyncio.TaskGroup() as group:
            film = group.create_task(filming(peer))
            await counted(site, 1)
            await olga.test("tab-dashboard").click()
            await expect(olga.test("tile-viewers")).to_have_text("1")
            await expect(olga.test("board-sessions").locator('[data-session="young-cinema"]')).to_contain_text("Live")
            await expect(olga.test("plot")).to_have_count(5)
            await expect(olga.test("plot").first.locator("canvas")).to_be_visible()
            await expect(olga.test("regions")).to_contain_text("withheld")
            await olga.test("board-session").select_option("young-cinema")
            await expect(olga.test("tile-people")).to_have_text("1")
            await expect(olga.test("board-questions")).to_contain_text("waiting")
            assert await violations(olga.page) == []
            film.cancel()
        await peer.close()
        await until(lambda: not site.services.lives["young-cinema"].live)

        # They see what is changed while they are there.
        await olga.test("tab-programme").click()
        await olga.page.locator('[data-session="young-cinema"]').get_by_test_id("session-edit").click()
        await olga.test("field-title").fill("Cinema of the young")
        await olga.test("session-save").click()
        await expect(guest.page.locator("h1")).to_contain_text("Cinema of the young")
        await olga.test("session-cancel").click()
        await expect(guest.page.locator("header")).to_contain_text("Cancelled")
        assert [olga.errors, guest.errors] == [[], []]


@pytest.mark.browser
async def test_two_organisers_meet_and_a_file_is_looked_at_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, chromium() as browser:
        olga, amal = await desk(browser, site, "Olga", DESKTOP), await desk(browser, site, "Amal", PHONE, "ar")
        for one in (olga, amal):
            await one.page.locator('[data-session="other"]').get_by_test_id("session-edit").click()
        await amal.test("field-room").fill("قاعة ١")
        await olga.test("field-room").fill("Hall 1")
        await olga.test("session-save").click()
        await expect(olga.test("unsaved")).to_have_text("")
        await amal.test("session-save").click()
        await expect(amal.test("conflict")).to_contain_text("Hall 1")
        await expect(amal.test("conflict")).to_contain_text("قاعة ١")
        assert await violations(amal.page) == []
        await amal.test("conflict-keep").click()
        await expect(amal.test("conflict")).to_have_count(0)
        await expect(amal.test("unsaved")).to_have_text("")
        assert site.services.programme.session("other").room == "قاعة ١"

        await olga.test("files").click()
        async with olga.page.expect_download() as saving:
            await olga.test("export-csv").click()
        table = await asyncio.to_thread(Path(await (await saving.value).path()).read_bytes)
        changed = table.replace("قاعة ١".encode(), b"Hall 3") + b",Fresh,film,seminar,2026-11-28 10:00,2026-11-28 11:00,en,en,,,,no\r\n"
        await olga.test("import-file").set_input_files({"name": "programme.csv", "mimeType": "text/csv", "buffer": changed})
        await expect(olga.test("import-report")).to_contain_text("Fresh")
        assert await violations(olga.page) == []
        assert site.services.programme.session("other").room == "قاعة ١"
        await olga.test("import-apply").click()
        await expect(olga.page.locator('[data-session="fresh"]')).to_be_visible()
        assert site.services.programme.session("other").room == "Hall 3"
        assert [olga.errors, amal.errors] == [[], []]
