"""What a page costs its browser, by Chromium's own account (Chrome DevTools Protocol)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, CDPSession, Page

from server.demo.programme import SUMMIT
from tests.load.web.hall import PERIOD

SLOW = 4
"""Times slower than this machine's processor: a phone of the middle class."""
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
PHONE = {"width": 390, "height": 800}
WITHIN = 60.0
"""Seconds that a page has for all of it."""

WATCH = """(() => {
  const seen = (window.__seen = {});
  const look = () => {
    if (!seen.content && document.querySelector('[data-testid="question-item"]')) seen.content = performance.now();
    const video = document.querySelector('video');
    if (video && !seen.video) {
      seen.video = true;
      video.requestVideoFrameCallback((now) => (seen.frame = now));
    }
    if (!seen.content || !seen.frame) setTimeout(look, 10);
  };
  look();
})();"""
TOLD = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  content: window.__seen.content ?? 0,
  frame: window.__seen.frame ?? 0,
  scripts: performance.getEntriesByType('resource')
    .filter(({ name }) => name.endsWith('.js'))
    .map(({ name, encodedBodySize }) => [name, encodedBodySize]),
  first: [...document.querySelectorAll('script[src]')].map(({ src }) => src),
})"""


@dataclass(frozen=True)
class Opened:
    """ms from the navigation on; `first_kb` is the packed JavaScript that the first paint waits for, `all_kb` all that was loaded."""

    paint: float
    content: float
    frame: float
    first_kb: float
    all_kb: float


@dataclass(frozen=True)
class Cost:
    """ms of the page's thread for one round of votes, which comes as so many `messages`."""

    script: float
    layout: float
    messages: float


@dataclass(frozen=True)
class Grown:
    """What is held more after the updates than before them, when all garbage is collected."""

    heap_kb: float
    nodes: float


class Visit:
    """A page with the session open in it. `messages` counts updates of the public channel that its socket brought."""

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self.page, self.cdp, self.messages = page, cdp, 0
        page.on("websocket", lambda ws: ws.on("framereceived", self._heard))

    def _heard(self, payload: str | bytes) -> None:
        self.messages += isinstance(payload, str) and f'"channel":"{SUMMIT}/public"' in payload

    async def open(self, url: str, wants_frame: bool = False) -> Opened:
        await self.page.goto(url)
        async with asyncio.timeout(WITHIN):
            while not (told := await self.page.evaluate(TOLD))["content"] or (wants_frame and not told["frame"]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        scripts: dict[str, float] = dict(told["scripts"])
        first = sum(scripts[name] for name in told["first"] if name in scripts)
        return Opened(told["paint"], told["content"], told["frame"], first / 1000, sum(scripts.values()) / 1000)

    async def cost(self, seconds: float, slow: int = 1) -> Cost:
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": slow})
        await asyncio.sleep(2)
        before, count = await self._metrics(), self.messages
        await asyncio.sleep(seconds)
        after, count = await self._metrics(), self.messages - count
        rounds = seconds / PERIOD
        spent = {name: (after[name] - before[name]) * 1000 / rounds for name in after}
        return Cost(spent["ScriptDuration"], spent["LayoutDuration"] + spent["RecalcStyleDuration"], count / rounds)

    async def grown(self, minutes: float) -> Grown:
        before = await self._held()
        await asyncio.sleep(minutes * 60)
        after = await self._held()
        return Grown((after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 1000, after["Nodes"] - before["Nodes"])

    async def _held(self) -> dict[str, float]:
        for _ in range(3):  # what a finaliser lets go is garbage only then
            await self.cdp.send("HeapProfiler.collectGarbage")
        return await self._metrics()

    async def _metrics(self) -> dict[str, float]:
        told: dict[str, Any] = await self.cdp.send("Performance.getMetrics")
        return {one["name"]: one["value"] for one in told["metrics"]}


@contextlib.asynccontextmanager
async def visit(browser: Browser, joined: dict[str, Any] | None = None, slow: bool = False) -> AsyncIterator[Visit]:
    """A new browser's page; `joined` is what it got at the door, `slow` a phone with a slow line."""
    async with await browser.new_context(locale="en-US", viewport=PHONE) as context:  # type: ignore[arg-type]
        await context.add_init_script(WATCH)
        if joined is not None:
            kept = json.dumps(json.dumps(joined))
            await context.add_init_script(f"sessionStorage.setItem('marquee:{joined['session']}', {kept})")
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        if slow:
            await cdp.send("Network.enable")
            await cdp.send("Network.emulateNetworkConditions", LINE)
            await cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
        yield Visit(page, cdp)
