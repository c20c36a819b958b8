"""Pages with the WHIP and WHEP clients of others, on a site that is not ours, in a real Chromium."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, async_playwright

from tests.realtime.relay.test_chromium import FLAGS

WEB = Path(__file__).parents[2] / "server" / "web"
BUNDLE = """
import { build } from 'vite';
const lib = { entry: 'tests/players.js', formats: ['es'], fileName: () => 'players.js' };
await build({ configFile: false, logLevel: 'error', build: { lib, outDir: process.argv[1] } });
"""
HOME = "http://localhost"
"""Another origin than the server's, and a secure one, else there is no camera."""

OPEN = ["--disable-features=LocalNetworkAccessChecks"]
"""A page that was never fetched counts as far away, and would have to ask its guest before it speaks to this machine."""

HTML = """<!doctype html><video autoplay muted></video><script type="module">
  import * as players from './players.js';
  Object.assign(window, players);
</script>"""

Visit = Callable[[], Awaitable[Page]]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("players")
    subprocess.run(["node", "--input-type=module", "-e", BUNDLE, str(folder)], cwd=WEB, check=True, timeout=60)
    return (folder / "players.js").read_text()


@pytest.fixture
async def visit(bundle: str) -> AsyncIterator[Visit]:
    """Opens a page with `MedoozeWhip`, `MedoozeWhep` and `EyevinnWhip`."""

    async def serve(route: Route) -> None:
        if route.request.url.endswith("/players.js"):
            await route.fulfill(body=bundle, content_type="text/javascript")
        else:
            await route.fulfill(body=HTML, content_type="text/html")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=False, args=[*FLAGS, *OPEN])

        async def visit() -> Page:
            page = await browser.new_page()
            await page.route(f"{HOME}/**", serve)
            await page.goto(f"{HOME}/")
            await page.wait_for_function("() => window.EyevinnWhip !== undefined")
            return page

        yield visit
        await browser.close()


STATS = """async () => {
  const reports = [...(await pc.getStats()).values()];
  const video = reports.find(r => r.type === 'inbound-rtp' && r.kind === 'video') || {};
  const transport = reports.find(r => r.type === 'transport') || {};
  const pair = reports.find(r => r.id === transport.selectedCandidatePairId) || {};
  const local = reports.find(r => r.id === pair.localCandidateId) || {};
  const { usernameFragment: ufrag = '', candidateType: candidate = '' } = local;
  return { decoded: video.framesDecoded || 0, ufrag, candidate, state: pc.connectionState };
}"""


async def stats_when(page: Page, condition: Callable[[dict[str, Any]], bool], seconds: float = 20.0) -> dict[str, Any]:
    """The first statistics of the page's `pc` that meet the condition."""
    latest: dict[str, Any] = {}
    try:
        async with asyncio.timeout(seconds):
            while not condition(latest := await page.evaluate(STATS)):  # noqa: ASYNC110 - what is waited for is another program's doing
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"the last statistics were {latest}") from None
    return latest
