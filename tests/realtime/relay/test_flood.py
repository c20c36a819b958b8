"""Thousands of offers, restarts and goodbyes: nothing of them stays."""

import asyncio
import contextlib
import gc
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.relay import BadOffer, UnacceptableOffer
from realtime.relay.counteroffer import LIFETIME, CounterOffers
from realtime.relay.dtls import Certificate
from realtime.relay.offer import read_offer
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_offer import CHROMIUM, GOOD

VIEWS = GOOD.replace("sendonly", "recvonly")
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def visit(house: House) -> None:
    """Join, restart ICE, leave; and be made a counter-offer that is declined."""
    viewer = await house.relay.watch("summit", VIEWS)
    number = os.urandom(12).hex()
    fragment = f"a=ice-ufrag:{number[:8]}\r\na=ice-pwd:{number}\r\n"
    assert await house.relay.update_ice(viewer.resource_id, fragment) is not None
    await house.relay.end(viewer.resource_id)
    await house.relay.end((await house.relay.counter_offer("summit")).resource_id)


async def visits(house: House, sender: LightPeer, count: int) -> None:
    """So many, while the session stays live."""
    for number in range(count):
        if number % 20 == 0:
            sender.send(96, number, number * 3_000, 1, b"picture")
            await asyncio.sleep(0.001)
        await visit(house)
    await asyncio.sleep(0.1)


async def test_two_thousand_viewers_come_and_go_and_leave_nothing_behind(house: House, certificate: Certificate) -> None:
    sender = await LightPeer(certificate).open(house.publish, "sendonly", {"audio": 111, "VP8": 96})
    sender.send(96, 0, 0, 1, b"first")
    await until(lambda: house.live)
    await visits(house, sender, 300)
    before, open_before = resident(), descriptors()
    await visits(house, sender, 2_000)
    assert descriptors() == open_before
    assert resident() - before < 8 * 1024 * 1024
    assert house.relay.viewers("summit") == 0
    await sender.close()


def test_a_counter_offer_is_over_when_its_time_is() -> None:
    offers = CounterOffers()
    offer = offers.make("summit", None)
    assert offers.expired(offer.made_at + LIFETIME - 1) == []
    assert offers.expired(offer.made_at + LIFETIME + 1) == [offer.resource_id]


LINES = [*GOOD.splitlines(), *CHROMIUM.splitlines()]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=40), max_size=60), st.sampled_from(["sends", "receives"]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_is_offered_is_read_or_refused(lines: list[str], direction: str) -> None:
    try:
        offer = read_offer("\r\n".join(lines), direction)  # type: ignore[arg-type]
    except (BadOffer, UnacceptableOffer):
        return
    assert offer.ice.readable


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_good_offer_with_one_thing_wrong_is_read_or_refused(data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[at])))
    line = lines[at]
    lines[at] = data.draw(st.sampled_from([line[:cut], line[:cut] + "\x00", line * 2, line[cut:], line + " 99999"]))
    with contextlib.suppress(BadOffer, UnacceptableOffer):
        assert read_offer("\r\n".join(lines), "sends").ice.readable
