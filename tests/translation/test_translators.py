"""What holds for every translator, on the pairs that the tests' packages bring."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from tests.translation.servers import Manner, Manners, chat_server, deepl_server, libretranslate_server
from translation.engines import EngineError, Translator, apertium
from translation.engines.apertium import Apertium
from translation.engines.chat import Chat
from translation.engines.deepl import DeepL
from translation.engines.libretranslate import LibreTranslate
from translation.engines.outgoing import Outgoing

Serve = Callable[[Translator, Manners], AbstractAsyncContextManager[str]]

SERVED: dict[str, Serve] = {
    "libretranslate": lambda engine, manners: libretranslate_server(engine, ("en", "es", "fr"), manners),
    "deepl": deepl_server,
    "chat": chat_server,
}


@asynccontextmanager
async def client(kind: str, url: str) -> AsyncIterator[Translator]:
    here = Outgoing(["127.0.0.1"])
    match kind:
        case "libretranslate":
            engine: Translator = await LibreTranslate.open(here, url)
        case "deepl":
            engine = await DeepL.open(here, url, "secret")
        case _:
            engine = Chat(here, url, "any", "secret", frozenset((a, b) for a in ("en", "es", "fr") for b in ("en", "es", "fr")))
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def served(kind: str, manners: Manners) -> AsyncIterator[Translator]:
    """The client of a server that has Apertium behind it, or Apertium itself."""
    async with AsyncExitStack() as stack:
        engine: Translator = Apertium()
        stack.push_async_callback(engine.close)
        if kind in SERVED:
            url = await stack.enter_async_context(SERVED[kind](engine, manners))
            engine = await stack.enter_async_context(client(kind, url))
        try:
            yield engine
        finally:
            manners.now = "well"


@pytest.fixture(params=["apertium", *SERVED])
async def translator(request: pytest.FixtureRequest) -> AsyncIterator[Translator]:
    async with served(request.param, Manners()) as engine:
        yield engine


async def test_english_becomes_spanish(translator: Translator) -> None:
    assert translator.can("en", "es")
    assert await translator.translate("We build bridges between cultures.", "en-GB", "es-MX") == "Construimos puentes entre culturas."


async def test_a_language_without_a_pair_is_reached_over_another(translator: Translator) -> None:
    assert translator.can("en", "fr")
    assert "cinéma" in await translator.translate("The cinema is here.", "en", "fr")


async def test_what_it_cannot_is_said(translator: Translator) -> None:
    assert not translator.can("en", "zh")
    assert not translator.can("en", "en")
    with pytest.raises(EngineError):
        await translator.translate("Hello.", "en", "zh")


@pytest.mark.parametrize(
    "text",
    [
        "^[brackets]$ {and} <tags> / \\slashes\\ @ # *",
        "One line.\nAnother line.",
        "\0NUL\0",
        "كيف نموّل الأفلام؟ 🎬 ^$",
        "[][\n]",
        "so funny ^^",
        "^_^ ~ ^",
    ],
)
async def test_signs_with_a_meaning_for_the_engine_are_text(translator: Translator, text: str) -> None:
    await translator.translate(text, "en", "es")
    assert await translator.translate("The house is big.", "en", "es") == "La casa es grande."


async def test_many_at_once_each_get_their_own(translator: Translator) -> None:
    numbers = range(100, 140)
    answers = await asyncio.gather(*(translator.translate(f"The number is {number}.", "en", "es") for number in numbers))
    assert all(str(number) in answer for number, answer in zip(numbers, answers, strict=True))


async def test_one_that_is_cancelled_does_not_disturb_the_next(translator: Translator) -> None:
    for delay in (0, 0.001, 0.005, 0.02):
        lost = asyncio.create_task(translator.translate("This answer is wanted by nobody. " * 20, "en", "es"))
        await asyncio.sleep(delay)
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
        assert await translator.translate("The house is big.", "en", "es") == "La casa es grande."


async def test_what_people_draw_with_signs_comes_back_as_drawn(translator: Translator) -> None:
    answer = await translator.translate("I like it ^_^ ~ @wfic *", "en", "es")
    assert answer.startswith("Me gusta")
    assert answer.endswith("^_^ ~ @wfic *")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_program_that_dies_costs_one_text_on_either_loop(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """uvloop says RuntimeError of a dead pipe, where asyncio says OSError."""

    async def story() -> None:
        engine = Apertium()
        for _ in range(5):
            assert await engine.translate("The house is big.", "en", "es") == "La casa es grande."
            for program in programs():
                with contextlib.suppress(ProcessLookupError):  # some end by themselves when their neighbour does
                    os.kill(program, signal.SIGKILL)
            for _ in range(2):  # this one is lost, or the next where the pipe is not known to be dead yet
                try:
                    await engine.translate("This one is lost.", "en", "es")
                except EngineError:
                    break
        await engine.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())


async def test_a_program_that_is_stopped_costs_one_text_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Apertium()
    assert await engine.translate("The house is big.", "en", "es") == "La casa es grande."
    stopped = programs()
    for program in stopped:
        os.kill(program, signal.SIGSTOP)
    patience = apertium.TIMEOUT
    monkeypatch.setattr(apertium, "TIMEOUT", 0.2)
    with pytest.raises(EngineError):
        await engine.translate("This one is lost.", "en", "es")
    monkeypatch.setattr(apertium, "TIMEOUT", patience)
    assert await engine.translate("The house is small.", "en", "es") == "La casa es pequeña."
    assert stopped
    assert not set(stopped) & set(programs())
    await engine.close()


def programs() -> list[int]:
    """The Apertium programs that this process has started, by way of a shell."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            shell = Path(f"/proc/{fields[1]}/stat").read_text().rpartition(")")[2].split()
            if int(shell[1]) == os.getpid() and b"apertium" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


async def test_a_machine_without_apertium_can_nothing(tmp_path: Path) -> None:
    engine = Apertium(tmp_path)
    assert not engine.can("en", "es")
    await engine.close()


@pytest.mark.parametrize("kind", SERVED)
async def test_a_server_that_is_not_there_is_an_engine_error(kind: str) -> None:
    with pytest.raises(EngineError):
        async with client(kind, "http://127.0.0.1:9") as engine:
            await engine.translate("The house is big.", "en", "es")


@pytest.mark.parametrize("kind", SERVED)
@pytest.mark.parametrize("manner", ["500", "babble", "hang", "slow"])
async def test_a_server_that_misbehaves_is_an_engine_error_and_is_asked_again(kind: str, manner: Manner) -> None:
    manners = Manners()
    async with served(kind, manners) as engine:
        patience, engine._http.timeout = engine._http.timeout, 0.3  # type: ignore[attr-defined]
        manners.now = manner
        with pytest.raises(EngineError):
            await engine.translate("The house is big.", "en", "es")
        manners.now, engine._http.timeout = "well", patience  # type: ignore[attr-defined]
        assert await engine.translate("The house is small.", "en", "es") == "La casa es pequeña."


async def test_deepl_is_asked_in_its_own_codes() -> None:
    async with served("deepl", Manners()) as engine:
        assert engine.can("es-MX", "en-US")
        assert engine.can("es", "en")
        assert await engine.translate("La casa es grande.", "es-MX", "en-US") == "The house is big."
