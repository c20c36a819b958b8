"""axe-core at every page: each role, from its first moment to a lost connection, dark and light, in English and Arabic, at every size."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from server.demo.programme import seed
from server.serving import Running, running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.access import NARROW, Line, violations
from tests.journeys.browser import chromium
from tests.server.site import SESSION

ARTIFACTS = Path("artifacts/pages")
"""Every page as it was looked at, for people to look at."""

LAPTOP, PHONE, SMALL = (1280, 800), (390, 844), (320, 640)
"""The last is also a laptop's page at four times its size."""

SOON = 20_000
"""Ms that a page may take on a machine that does much else."""

DESKS = [Role.ATTENDEE, Role.MODERATOR, Role.SPEAKER, Role.INTERPRETER, Role.CAPTIONER, Role.ORGANISER]
QUIET = "many-screens"
"""A session that is over, and in which nothing was said."""

CONTRAST = "color-contrast"
"""The one rule that the theme has to do with."""

LAPSE = "(kept) => sessionStorage.setItem(kept, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(kept)), token: 'lapsed' }))"
"""Makes what a tab was given at the door a token that opens nothing."""


class Look:
    """A page under examination, and what was found wrong with it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.wrong: dict[str, list[str]] = {}

    async def at(self, state: str, size: tuple[int, int], *, keep: bool = False) -> None:
        """Examine the page in a state: all rules in the dark, contrast by light as well."""
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme, rules in (("dark", ()), ("light", (CONTRAST,))):
            await self.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            self._note(f"{state}, {theme}", await violations(self.page, *rules))
            if keep:
                await self.page.screenshot(path=ARTIFACTS / f"{self.name}-{state}-{theme}-{size[0]}.png".replace(" ", "-"))

    async def narrow(self, state: str) -> None:
        await self.page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
        self._note(f"{state}, {SMALL[0]} px", await self.page.evaluate(NARROW))

    def _note(self, state: str, found: list[str]) -> None:
        if found:
            self.wrong[f"{self.name}: {state}"] = found


class Examiner:
    """One server, one browser, and a person of their own for each page."""

    def __init__(self, browser: Browser, server: Running) -> None:
        self.browser, self.server = browser, server
        self.wrong: dict[str, list[str]] = {}

    @asynccontextmanager
    async def page(self, name: str, locale: str = "en", line: Line | None = None) -> AsyncIterator[Look]:
        context = await self.browser.new_context(locale=locale, reduced_motion="reduce", permissions=["camera", "microphone"])
        if line is not None:
            await context.route_web_socket("**/ws", line.answer)
        yield (look := Look(await context.new_page(), name))
        self.wrong |= look.wrong
        await context.close()

    async def enter(self, page: Page, role: Role, session: str = SESSION) -> None:
        await page.goto(f"{self.server.url}/j/{self.server.services.invite(session, role).code}")
        await page.get_by_test_id("enter").click()
        await page.wait_for_url(lambda url: f"/s/{session}" in url)

    async def desk(self, role: Role) -> None:
        """A role's page from its first moment to a lost connection, with each of its tabs."""
        line = Line()
        async with self.page(role, line=line) as look:
            page, state = look.page, look.page.get_by_test_id("connection-state")
            line.held = True
            await self.enter(page, role)
            await expect(state).to_be_attached(timeout=SOON)  # the frame that is painted first has gone
            await expect(page.locator("main")).to_be_visible(timeout=SOON)
            await look.at("loading", PHONE)
            line.release()
            await expect(state).to_have_attribute("data-state", "online", timeout=SOON)
            await expect(page.get_by_test_id("presence")).not_to_have_attribute("data-count", "0", timeout=SOON)
            await look.at("in English", LAPTOP, keep=True)
            tabs = await page.get_by_role("tab").all()
            for tab in tabs:
                await tab.click()
                await look.at(await tab.get_attribute("data-testid") or "", LAPTOP)
            await speak(page, "ar")
            await look.at("in Arabic", PHONE, keep=True)
            await look.narrow("in Arabic")
            await line.cut()
            await expect(state).to_have_attribute("data-state", "reconnecting", timeout=SOON)
            await look.at("reconnecting", PHONE)

    async def quiet(self, role: Role) -> None:
        """A role's page where nothing was asked, said or voted on."""
        async with self.page(f"{role}, nothing there", "ar") as look:
            await self.enter(look.page, role, QUIET)
            await expect(look.page.get_by_test_id("connection-state")).to_have_attribute("data-state", "online", timeout=SOON)
            await expect(look.page.get_by_test_id("presence")).not_to_have_attribute("data-count", "0", timeout=SOON)
            await look.page.wait_for_load_state("networkidle")  # the desk's own chunk may come after the welcome
            await expect(look.page.locator("main")).to_be_visible(timeout=SOON)
            await look.at("in Arabic", LAPTOP, keep=True)

    async def hall(self, locale: str) -> None:
        async with self.page("screen", locale) as look:
            await self.enter(look.page, Role.SCREEN)
            await expect(look.page.get_by_test_id("poll")).to_be_visible(timeout=SOON)
            await look.at(locale, LAPTOP, keep=True)

    async def lapsed(self, locale: str) -> None:
        """What somebody finds whose place has lapsed."""
        async with self.page("closed", locale) as look:
            await self.enter(look.page, Role.ATTENDEE)
            # Before its desk is there, the page would take the lapsed place itself, and forget it.
            await expect(look.page.get_by_test_id("connection-state")).to_have_attribute("data-state", "online", timeout=SOON)
            await look.page.evaluate(LAPSE, f"marquee:{SESSION}")
            await look.page.reload()
            await expect(look.page.locator('[data-testid="connection-state"][role="alert"]')).to_be_visible(timeout=SOON)
            await look.at(f"lapsed {locale}", PHONE, keep=True)
            await look.narrow(f"lapsed {locale}")

    async def ways_in(self, locale: str) -> None:
        """The programme and the door, with their answers, on the way, refused and not at all."""
        answers = Answers()
        async with self.page("ways in", locale) as look:
            page = look.page
            await page.route("**/api/**", answers.give)
            answers.held = asyncio.Event()
            await page.goto(self.server.url)
            await expect(page.get_by_test_id("code-input")).to_be_visible(timeout=SOON)
            await look.at(f"programme on its way {locale}", PHONE, keep=True)
            answers.held.set()
            await expect(page.locator("[data-session]").first).to_be_visible(timeout=SOON)
            await look.at(f"programme {locale}", LAPTOP, keep=True)
            await look.narrow(f"programme {locale}")
            await page.goto(f"{self.server.url}/j/{self.server.services.invite(SESSION, Role.ATTENDEE).code}")
            await expect(page.get_by_test_id("enter")).to_be_visible(timeout=SOON)
            await look.at(f"door {locale}", PHONE, keep=True)
            await look.narrow(f"door {locale}")
            await page.goto(f"{self.server.url}/j/NOPE")
            await expect(page.get_by_test_id("code-input")).to_be_visible(timeout=SOON)
            await look.at(f"no such door {locale}", PHONE, keep=True)
            answers.lost = True
            await page.goto(self.server.url)
            await expect(page.get_by_role("alert")).to_be_visible(timeout=SOON)
            await look.at(f"no programme {locale}", PHONE, keep=True)


class Answers:
    """What becomes of a page's requests: held until the event, lost, or let through."""

    def __init__(self) -> None:
        self.held: asyncio.Event | None = None
        self.lost = False

    async def give(self, route: Route) -> None:
        if self.held is not None:
            await self.held.wait()
        await (route.abort() if self.lost else route.continue_())


async def speak(page: Page, locale: str) -> None:
    """The page in another language, as its reader chooses it."""
    await page.get_by_test_id("view").click()
    await page.locator(f':popover-open input[value="{locale}"]').click()
    await expect(page.locator(f'html[lang="{locale}"]')).to_be_attached()


@pytest.fixture
async def examiner(tmp_path: Path) -> AsyncIterator[Examiner]:
    async with running(Settings(port=0, data=tmp_path), seed(time.time_ns() // 1_000_000)) as server, chromium() as browser:
        yield Examiner(browser, server)


@pytest.mark.browser
@pytest.mark.parametrize("role", DESKS)
async def test_nothing_is_wrong_at_a_desk_in_any_state_by_dark_and_by_light(examiner: Examiner, role: Role) -> None:
    await examiner.desk(role)
    if role in (Role.ATTENDEE, Role.MODERATOR):
        await examiner.quiet(role)
    assert not examiner.wrong


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["en", "ar"])
async def test_nothing_is_wrong_in_the_hall_and_on_the_ways_in(examiner: Examiner, locale: str) -> None:
    await examiner.hall(locale)
    await examiner.lapsed(locale)
    await examiner.ways_in(locale)
    assert not examiner.wrong
