"""What the web client costs an attendee's phone, beside a page of plain Svelte with the same list of questions.

    python -m tests.load.web [--soak MINUTES] [--quick]

Opens the session's page in Chromium over a line of 1.6 Mbit/s with 150 ms, on a processor four times slower than this one: ms until it
paints, until the questions are there, and until a picture of the film is shown (published by WHIP; DevTools slow down the signalling, not
the media). Then sixty questions change places by votes, four times a second: ms of script, and of style and layout, that a round of votes
takes the page's thread, on this processor and on the slow one. At last what is left of memory after minutes of such updates. The best
of some openings counts; run it on a quiet machine. A minute, and the soak; it needs the built web client and its node_modules.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from server.demo.programme import SUMMIT
from server.serving import Running, running
from server.settings import Settings
from tests.journeys.browser import chromium
from tests.load.web.hall import build_plain, film, guest, served, sixty, voting
from tests.load.web.measure import SLOW, Cost, Grown, Opened, visit


async def opened(browser: Browser, site: Running, plain: str | None, openings: int) -> Opened:
    """The quickest of some openings, each by a browser that has nothing kept."""
    found = []
    for _ in range(openings):
        joined = await guest(site)
        async with visit(browser, None if plain else joined, slow=True) as page:
            found.append(await page.open(address(site, joined, plain), wants_frame=plain is None))
    return min(found, key=lambda one: one.content)


async def updated(browser: Browser, site: Running, plain: str | None, seconds: float) -> tuple[Cost, Cost]:
    joined = await guest(site)
    async with visit(browser, None if plain else joined) as page, voting(site):
        await page.open(address(site, joined, plain))
        return await page.cost(seconds), await page.cost(seconds, SLOW)


async def soaked(browser: Browser, site: Running, minutes: float) -> Grown:
    joined = await guest(site)
    async with visit(browser, joined) as page, voting(site):
        await page.open(address(site, joined, None))
        await page.cost(min(20, minutes * 60))  # what is made once has been made
        return await page.grown(minutes)


def address(site: Running, joined: dict[str, str], plain: str | None) -> str:
    if plain is None:
        return f"{site.url}/s/{SUMMIT}"
    return f"{plain}/#ws={site.url.replace('http', 'ws')}/ws&token={joined['token']}"


async def bench(soak: float, openings: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dist = await asyncio.to_thread(build_plain, Path(folder))
        settings = Settings(port=0, data=Path(folder) / "data")
        async with served(dist) as plain, running(settings.model_copy(update={"origins": [plain]}), sixty()) as site, chromium() as browser:
            async with film(site):
                ours = await opened(browser, site, None, openings)
            theirs = await opened(browser, site, plain, openings)
            print(f"web plain {told(theirs)}", flush=True)
            print(f"web marquee {told(ours)}", flush=True)
            cost, slow = await updated(browser, site, None, seconds)
            base, base_slow = await updated(browser, site, plain, seconds)
            for name, one in (("plain", base), ("plain_4x", base_slow), ("marquee", cost), ("marquee_4x", slow)):
                print(f"web {name} script_ms={one.script:.2f} layout_ms={one.layout:.2f} messages={one.messages:.1f}", flush=True)
            grown = await soaked(browser, site, soak)
            print(
                f"web first_paint_ms={ours.paint:.0f} first_frame_ms={ours.frame:.0f} js_kb={ours.first_kb:.1f} "
                f"update_ms={cost.script:.2f} heap_growth_kb={grown.heap_kb:.0f} nodes_growth={grown.nodes:.0f} soak_min={soak:g} "
                f"vs_plain_paint={ours.paint / theirs.paint:.2f} vs_plain_update={cost.script / base.script:.2f}"
            )


def told(one: Opened) -> str:
    frame = f" frame_ms={one.frame:.0f}" if one.frame else ""
    return f"paint_ms={one.paint:.0f} questions_ms={one.content:.0f}{frame} js_kb={one.first_kb:.1f} all_js_kb={one.all_kb:.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.load.web")
    parser.add_argument("--soak", type=float, default=1, metavar="MINUTES", help="how long updates go on for the memory's sake")
    parser.add_argument("--quick", action="store_true", help="once and briefly, to see that it runs")
    asked = parser.parse_args()
    asyncio.run(bench(0.1, 1, 3) if asked.quick else bench(asked.soak, 3, 20))
