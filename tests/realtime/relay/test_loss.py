"""What people see over a bad network, by Chromium's own counts."""

import asyncio

import pytest

from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.lossy import Path, through
from tests.realtime.relay.test_chromium import PUBLISH, WATCH, Open, chromium, open_page, stats_when

__all__ = ["chromium", "open_page"]

pytestmark = pytest.mark.browser

SECONDS = 8.0


@pytest.mark.parametrize(
    "path",
    [Path(loss=0.05, delay=0.04), Path(loss=0.01, delay=0.1, jitter=0.03)],
    ids=["5 % lost, 80 ms there and back", "1 % lost and much out of order, 200 ms there and back"],
)
async def test_nearly_every_picture_that_was_sent_is_seen(house: House, open_page: Open, path: Path) -> None:
    publisher = await open_page(house.publish)
    await publisher.evaluate(PUBLISH, "VP8")
    await until(lambda: house.live)
    async with through(path, house.relay.port, house.watch) as watch:
        viewer = await open_page(watch)
        await viewer.evaluate(WATCH)
        before = await stats_when(viewer, lambda s: s["decoded"] > 30 and s["heard"] > 10)
        sent = (await stats_when(publisher, lambda s: s["encoded"] > 0))["encoded"]
        await asyncio.sleep(SECONDS)
        sent = (await stats_when(publisher, lambda s: True))["encoded"] - sent
        seen = (await stats_when(viewer, lambda s: True))["decoded"] - before["decoded"]
    assert path.lost > 5
    assert sent > SECONDS * 5
    assert seen >= 0.95 * sent - 5, f"{seen} of {sent} pictures, {path.lost} of {path.passed + path.lost} datagrams lost"


async def test_a_client_whose_nat_gives_it_another_port_sees_on(house: House, open_page: Open) -> None:
    publisher = await open_page(house.publish)
    await publisher.evaluate(PUBLISH, "VP8")
    await until(lambda: house.live)
    path = Path()
    async with through(path, house.relay.port, house.watch) as watch:
        viewer = await open_page(watch)
        await viewer.evaluate(WATCH)
        before = await stats_when(viewer, lambda s: s["decoded"] > 20)
        await path.rebind()
        await stats_when(viewer, lambda s: s["decoded"] > before["decoded"] + 30, 20.0)
    assert house.relay.viewers("summit") == 1
