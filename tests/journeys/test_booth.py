"""An interpreter at the booth and somebody who listens, each at a Chromium page."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from server.serving import running
from server.settings import Settings
from sessions.people import Role
from tests.journeys.access import tab_to
from tests.journeys.browser import Visitor, chromium
from tests.server.site import SESSION, seed

SOON = 20_000
"""ms in which media begins, or its end is told, also on a machine that has much else to do."""

SILENCE = 0.01
"""Of a stream's energy per second: a hundred times less than somebody who reads aloud."""


async def energy(listener: Visitor) -> float:
    """Of what was heard so far, by the browser's own count."""
    return float(await listener.page.evaluate("window.__marquee.watching.soundEnergy()"))


async def hears(listener: Visitor, voice: bool) -> None:
    """Soon there is a second with a voice in it, or one without."""
    async with asyncio.timeout(SOON / 1000):
        while True:
            before = await energy(listener)
            await asyncio.sleep(1.0)
            if (await energy(listener) - before > SILENCE) is voice:
                return


async def choose(listener: Visitor, lang: str) -> dict[str, str | None]:
    """Pick a channel; what the server says to it."""
    async with listener.page.expect_response(lambda response: response.url.endswith("/language")) as answering:
        await listener.test("channel").click()
        await listener.page.locator(f':popover-open input[type="radio"][value="{lang}"]').click()
    answer: dict[str, str | None] = json.loads(await (await answering.value).body())
    await expect(listener.test("channel", f'[data-lang="{lang}"]')).to_be_visible()
    return answer


EAR = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (this instanceof GainNode && to instanceof AudioDestinationNode) {
    const ear = new AnalyserNode(this.context);
    connect.call(this, ear);
    window.__beneath = () => {
      const wave = new Float32Array(ear.fftSize);
      ear.getFloatTimeDomainData(wave);
      return Math.hypot(...wave) / Math.sqrt(wave.length);
    };
  }
  return connect.call(this, to, ...more);
};
"""
"""For a page, before it is loaded: how loud what its mixer gives to the loudspeaker is, as the root of the mean square."""


async def mix(listener: Visitor, percent: int) -> bool:
    """Set how loud the floor is beneath the interpretation; whether the relay is asked for it."""
    async with listener.page.expect_request(lambda request: request.url.endswith("/language")) as asking:
        await listener.test("original").fill(f"{percent}")
    return bool(json.loads((await asking.value).post_data or "")["original"])


async def beneath(listener: Visitor, least: float, most: float) -> None:
    """Soon what is heard beneath the interpretation is that loud."""
    async with asyncio.timeout(SOON / 1000):
        while not least <= float(await listener.page.evaluate("window.__beneath?.() ?? -1")) <= most:  # noqa: ASYNC110  (a loudness is looked at)
            await asyncio.sleep(0.05)


def status(interpreter: Visitor, state: str) -> Locator:
    return interpreter.test("booth-status", f'[data-state="{state}"]')


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.browser
async def test_a_session_is_interpreted_and_the_floor_returns(tmp_path: Path) -> None:
    async with running(Settings(port=0, data=tmp_path), seed()) as server, chromium() as browser:
        phone = {"viewport": {"width": 320, "height": 640}}
        speaker = await Visitor.enter(browser, server, SESSION, Role.SPEAKER, "The hall")
        interpreter = await Visitor.enter(browser, server, SESSION, Role.INTERPRETER, "Inés", "es-ES")
        listener = await Visitor.enter(browser, server, SESSION, Role.ATTENDEE, "Luz", "en-US", **phone)
        await speaker.test("go-live").click()
        await expect(listener.test("video", '[data-status="playing"]')).to_be_visible(timeout=SOON)
        await hears(listener, voice=True)

        # Nobody interprets yet: who chooses Spanish is told, and hears the floor.
        assert await choose(listener, "es") == {"lang": "es", "hears": None}
        await expect(listener.page.locator(":popover-open")).to_have_count(0)
        await expect(listener.test("channel-told")).to_contain_text("You hear the floor")
        await expect(listener.test("channel-told")).to_be_visible()
        await hears(listener, voice=True)
        assert await fits(listener.page)

        # On air, into her own language without a choice. What she silences is silent to who listens: it is her they hear.
        await expect(interpreter.test("booth-language")).to_have_value("es")
        await tab_to(interpreter.page, "on-air")
        await interpreter.page.keyboard.press("Enter")
        await expect(status(interpreter, "on")).to_be_visible(timeout=SOON)
        await expect(listener.test("channel-told")).to_have_text("You hear the interpretation: Spanish", timeout=SOON)
        await hears(listener, voice=True)
        await interpreter.test("booth-mute").click()
        await hears(listener, voice=False)
        await interpreter.page.keyboard.press("m")
        await hears(listener, voice=True)
        await interpreter.page.keyboard.down("c")
        await hears(listener, voice=False)
        await interpreter.page.keyboard.up("c")
        await hears(listener, voice=True)

        # The floor beneath her, as loud as is wanted: it is heard while she says nothing, and gone when nobody wants it.
        await listener.page.add_init_script(EAR)
        await listener.page.reload()
        await expect(listener.test("channel-told")).to_have_text("You hear the interpretation: Spanish", timeout=SOON)
        await listener.test("channel").click()
        assert await mix(listener, 20)
        await interpreter.test("booth-mute").click()
        await hears(listener, voice=False)
        await beneath(listener, 0.002, 0.2)
        assert not await mix(listener, 0)
        await beneath(listener, 0.0, 0.0001)
        await interpreter.test("booth-mute").click()
        await listener.page.keyboard.press("Escape")

        # Who comes back later comes back to the language; the floor is a choice away, and so is Spanish.
        await listener.page.reload()
        await expect(listener.test("channel", '[data-lang="es"]')).to_be_visible()
        await expect(listener.test("channel-told")).to_have_text("You hear the interpretation: Spanish", timeout=SOON)
        assert await choose(listener, "") == {"lang": None, "hears": None}
        async with listener.page.expect_request(lambda request: request.url.endswith("/language")) as asking:
            assert await choose(listener, "es") == {"lang": "es", "hears": "es"}

        # A stream that is lost is asked for anew in the language.
        resource = (await asking.value).url.split("/")[-2]
        async with listener.page.expect_request(
            lambda request: request.url.endswith(f"/whep/{SESSION}?lang=es&original=false"), timeout=SOON
        ):
            await server.services.relay.end(resource)
        await expect(listener.test("video", '[data-status="playing"]')).to_be_visible(timeout=SOON)

        # A colleague takes the microphone: she is told, and goes off air.
        colleague = await Visitor.enter(browser, server, SESSION, Role.INTERPRETER, "Iker", "es-ES")
        await expect(colleague.test("booth-taken")).to_be_visible(timeout=SOON)
        await colleague.test("on-air").click()
        await expect(status(colleague, "on")).to_be_visible(timeout=SOON)
        await expect(interpreter.test("booth-trouble")).to_be_visible(timeout=SOON)
        await expect(status(interpreter, "off")).to_be_visible()
        await hears(listener, voice=True)

        # Her turn ends after twenty minutes, and she is told.
        await colleague.page.clock.install()
        await expect(colleague.test("turn-due")).to_be_empty()
        await colleague.page.clock.fast_forward("20:00")
        await expect(colleague.test("turn-due")).to_have_text("Es hora del relevo")

        # Off air: the floor returns, and who listens is told.
        await tab_to(colleague.page, "off-air")
        await colleague.page.keyboard.press("Enter")
        await expect(listener.test("channel-told")).to_contain_text("You hear the floor", timeout=SOON)
        await expect(listener.test("channel", '[data-lang="es"]')).to_be_visible()
        await hears(listener, voice=True)
        assert [visitor.errors for visitor in (speaker, interpreter, colleague, listener)] == [[], [], [], []]
