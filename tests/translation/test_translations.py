"""Several translators as one: the next when one fails, nobody waits for one that keeps failing, each text once."""

import asyncio

import pytest

from translation import breaker, translations
from translation.breaker import FAILURES, PAUSE, Breaker
from translation.engines import EngineError
from translation.translations import Translations


class Engine:
    """A translator that does as it is told."""

    def __init__(self, name: str, manner: str = "well") -> None:
        self.name, self.manner, self.asked, self.closed = name, manner, 0, False

    def can(self, source: str, target: str) -> bool:
        return target != "xx"

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked += 1
        if self.manner == "fail":
            raise EngineError("no")
        if self.manner == "hang":
            await asyncio.sleep(60)
        said = {"mute": "", "signs": "-- …", "endless": "Certainly! " * 100_000}.get(self.manner, f"{self.name}: {text}")
        return f"\u202e{said}\x00" if self.manner == "controls" else said

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("manner", ["fail", "hang", "mute", "signs", "endless"])
async def test_the_next_engine_is_asked(manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "TIMEOUT", 0.1)
    assert await Translations([Engine("a", manner), Engine("b")]).translate("Hello", "en", "es") == "b: Hello"


@pytest.mark.parametrize("manner", ["mute", "endless"])
async def test_one_that_never_says_anything_of_use_is_left_alone_too(manner: str) -> None:
    first = Engine("a", manner)
    service = Translations([first, Engine("b")])
    assert [await service.translate(f"{number}", "en", "es") for number in range(9)] == [f"b: {number}" for number in range(9)]
    assert first.asked == FAILURES


async def test_what_shows_nothing_may_stay_so_and_what_would_turn_the_page_around_is_left_out() -> None:
    assert await Translations([Engine("a", "signs")]).translate("¿…?", "es", "en") == "-- …"
    assert await Translations([Engine("a", "controls")]).translate("Hello", "en", "ar") == "a: Hello"


async def test_one_that_keeps_failing_is_left_alone_and_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "PAUSE", (0.2, 1.0))
    first, second = Engine("a", "fail"), Engine("b")
    service = Translations([first, second])
    for entry in (entry for _, entry in service._engines):
        entry.pause = 0.2
    for number in range(FAILURES + 5):
        assert await service.translate(f"{number}", "en", "es") == f"b: {number}"
    assert first.asked == FAILURES
    first.manner = "well"
    await asyncio.sleep(0.25)
    assert await service.translate("Back", "en", "es") == "a: Back"


def test_a_breakers_pause_doubles_to_a_limit_and_one_at_a_time_tries() -> None:
    tried, now = Breaker(), 0.0
    for _ in range(FAILURES):
        assert tried.take(now)
        tried.failed(now)
    for pause in (5, 10, 20, 40, 80, 120, 120):
        assert not tried.take(now + pause - 0.1)
        now += pause
        assert tried.take(now)
        assert not tried.take(now)
        tried.failed(now)
    tried.succeeded()
    assert tried == Breaker(0, PAUSE[0], tried.until)
    assert tried.take(now)


async def test_each_text_is_translated_once_per_language() -> None:
    engine = Engine("a")
    service = Translations([engine])
    for _ in range(3):
        await service.translate("Hello", "en-GB", "es")
        await service.translate("Hello", "en", "fr")
    assert engine.asked == 2


async def test_the_text_used_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "CACHE_LIMIT", 2)
    engine = Engine("a")
    service = Translations([engine])
    for text in ("1", "2", "1", "3", "1", "2"):
        await service.translate(text, "en", "es")
    assert engine.asked == 4


async def test_what_nobody_can_say_is_none_and_the_same_language_is_as_it_was() -> None:
    engine = Engine("a", "fail")
    service = Translations([engine])
    assert await service.translate("Hello", "en", "xx") is None
    assert await service.translate("Hello", "en", "es") is None
    assert await service.translate("Hello", "en-GB", "en-US") == "Hello"
    await service.close()
    assert engine.closed
