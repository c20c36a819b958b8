"""What a page is like for people who do not use it with eyes and a mouse: axe-core's verdict, what is pressed, where the focus is."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Locator, Page, WebSocketRoute

AXE = Path("server/web/node_modules/axe-core/axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """async ([tags, rules]) => {
  const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: tags };
  const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}"""

NARROW = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  return wide > 0 ? [`the page is ${wide} px too wide`] : [];
}"""

FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const outlined = (one) => one && getComputedStyle(one).outlineStyle !== 'none' && parseFloat(getComputedStyle(one).outlineWidth) >= 2;
  const seen = [at, at.parentElement, at.closest('label, li')].some(outlined);
  const name = at.dataset.testid ?? at.closest('[data-testid]')?.dataset.testid ?? at.outerHTML.slice(0, 80);
  return { name, seen, id: at.dataset.testid ?? at.closest('label')?.dataset.testid ?? '' };
}"""
"""Where the focus is, and whether it can be seen there: on the element, or on what is drawn for it."""


@cache
def _axe() -> str:
    return AXE.read_text()


async def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds wrong on the page as it is: by all rules of WCAG 2.2 A and AA and its best practices, or by those named."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    found: list[str] = await page.evaluate(RUN, [TAGS, list(rules) or None])
    return found


async def tab_to(page: Page, testid: str, *, key: str = "Tab", limit: int = 60) -> None:
    """Press Tab until the focus is on what has this id. Every stop on the way must show that it has the focus."""
    hidden = []
    for _ in range(limit):
        await page.keyboard.press(key)
        at: dict[str, Any] | None = await page.evaluate(FOCUSED)
        if at is not None and not at["seen"]:
            hidden.append(at["name"])
        if at is not None and at["id"] == testid:
            assert not hidden, f"nobody sees the focus on {hidden}"
            return
    raise AssertionError(f"{limit} x {key} does not lead to {testid}")


async def has_focus(locator: Locator) -> bool:
    return bool(await locator.evaluate("(element) => element === document.activeElement"))


class Line:
    """The sockets of a page, to be held (nothing comes back), let through, or cut. Give it to a context before its pages."""

    def __init__(self) -> None:
        self.held = False
        self.broken = False
        self._waiting: list[Callable[[], None]] = []
        self._routes: list[WebSocketRoute] = []

    async def answer(self, route: WebSocketRoute) -> None:
        if self.broken:
            await route.close(code=1011)
            return
        self._routes.append(route)
        route.connect_to_server().on_message(lambda message: self._hear(route, message))

    def _hear(self, route: WebSocketRoute, message: str | bytes) -> None:
        if self.held:
            self._waiting.append(lambda: route.send(message))
        else:
            route.send(message)

    def release(self) -> None:
        self.held = False
        for send in self._waiting:
            send()
        self._waiting.clear()

    async def cut(self) -> None:
        """Every socket breaks, and no other comes about."""
        self.broken = True
        for route in self._routes:
            with suppress(Error):  # a page that is gone has taken its sockets along
                await route.close(code=1011)
        self._routes.clear()
