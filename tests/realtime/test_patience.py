"""Who takes too long is given up, in order, and who does not is left alone."""

import asyncio

from realtime.patience import Patience


async def test_only_what_has_not_ended_in_time_is_late_and_the_longest_waiting_comes_first() -> None:
    late: list[str] = []
    patience: Patience[str] = Patience(late.append)
    for name in ("first", "punctual", "second", "again"):
        patience.begin(name, 0.05)
    patience.end("punctual")
    patience.end("never begun")
    await asyncio.sleep(0.02)
    patience.begin("again", 0.05)
    await asyncio.sleep(0.04)
    assert late == ["first", "second"]
    await asyncio.sleep(0.05)
    assert late == ["first", "second", "again"]


async def test_an_item_with_less_time_is_not_held_up_by_an_empty_wait_for_a_longer_one() -> None:
    late: list[str] = []
    patience: Patience[str] = Patience(late.append)
    patience.begin("long", 60)
    patience.end("long")
    patience.begin("short", 0.02)
    await asyncio.sleep(0.05)
    assert late == ["short"]


async def test_after_a_stop_nothing_is_late() -> None:
    late: list[str] = []
    patience: Patience[str] = Patience(late.append)
    patience.begin("forgotten", 0.01)
    patience.stop()
    await asyncio.sleep(0.03)
    assert late == []
