"""What holds for every recognizer, heard on a real reading of Dickens."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from difflib import SequenceMatcher
from pathlib import Path

import moonshine_voice
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.translation.servers import Manner, Manners, deepgram_server, transcription_server, vosk_server
from translation.engines import RATE, EngineError, Heard, Recognizer, Sound, deepgram, transcriptions
from translation.engines.deepgram import Deepgram
from translation.engines.moonshine import Moonshine, _Stream
from translation.engines.outgoing import Outgoing
from translation.engines.transcriptions import Transcriptions
from translation.engines.vosk import Vosk

SECONDS = 12
OPENING = "it was the best of times it was the worst of times"


def reading(seconds: int = SECONDS) -> NDArray[np.int16]:
    with wave.open(str(Path(str(moonshine_voice.get_assets_path())) / "two_cities.wav")) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
    places = np.arange(0, seconds, 1 / RATE) * rate
    return np.interp(places, np.arange(len(samples)), samples).astype(np.int16)


async def pieces(samples: NDArray[np.int16], seconds: float = 0.1) -> Sound:
    step = int(RATE * seconds)
    for begin in range(0, len(samples), step):
        yield samples[begin : begin + step]
        await asyncio.sleep(0)


async def listen(recognizer: Recognizer, samples: NDArray[np.int16]) -> list[Heard]:
    return [heard async for heard in recognizer.recognize(pieces(samples))]


def words(heard: list[Heard]) -> str:
    said = " ".join(item.text for item in heard if item.final).lower()
    return " ".join("".join(letter for letter in said if letter.isalpha() or letter == " ").split())


SERVED = {"vosk": lambda engine, _: vosk_server(engine), "deepgram": deepgram_server, "transcriptions": transcription_server}


def client(kind: str, url: str) -> Recognizer:
    here = Outgoing(["127.0.0.1"])
    match kind:
        case "vosk":
            return Vosk(here, url)
        case "deepgram":
            return Deepgram(here, url, "secret", "en")
        case _:
            return Transcriptions(here, url, "whisper", "secret", "en")


@asynccontextmanager
async def served(kind: str, manners: Manners) -> AsyncIterator[Recognizer]:
    """The client of a server that has Moonshine behind it, or Moonshine itself."""
    async with AsyncExitStack() as stack:
        engine: Recognizer = Moonshine()
        stack.push_async_callback(engine.close)
        if kind in SERVED:
            engine = client(kind, await stack.enter_async_context(SERVED[kind](engine, manners)))
            stack.push_async_callback(engine.close)
        try:
            yield engine
        finally:
            manners.now = "well"


@pytest.fixture(params=["moonshine", *SERVED])
async def recognizer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recognizer]:
    # A machine that runs other things too may take its time; who hangs is another test.
    monkeypatch.setattr(deepgram, "ANSWERS", 60.0)
    monkeypatch.setattr(transcriptions, "TIMEOUT", 60.0)
    async with served(request.param, Manners()) as engine:
        yield engine


async def test_a_reading_is_understood_line_by_line(recognizer: Recognizer) -> None:
    heard = await listen(recognizer, reading())
    assert OPENING in words(heard)
    assert not heard[0].final, "a line is guessed at before it is finished"
    assert all(0 <= item.start <= item.end <= SECONDS + 1 for item in heard)
    finals = [item for item in heard if item.final]
    assert [item.start for item in finals] == sorted(item.start for item in finals)


async def test_two_rooms_do_not_hear_each_other(recognizer: Recognizer) -> None:
    whole = reading()
    first, second = await asyncio.gather(listen(recognizer, whole[: 6 * RATE]), listen(recognizer, whole[6 * RATE :]))
    assert "best of times" in words(first)
    assert "best of times" not in words(second)
    assert words(second)


async def test_a_stream_that_is_renewed_loses_no_word_and_keeps_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cost would grow for as long as a publisher speaks; each renewal hears again what came after the last finished line."""
    engine = Moonshine()
    whole = await listen(engine, reading(20))
    monkeypatch.setattr("translation.engines.moonshine.RENEW", 3.0)
    renewals = 0
    renew = _Stream._renew

    def counted(stream: _Stream, since: float) -> list[Heard]:
        nonlocal renewals
        renewals += 1
        return renew(stream, since)

    monkeypatch.setattr(_Stream, "_renew", counted)
    parts = await listen(engine, reading(20))
    await engine.close()
    assert renewals >= 2
    expected, found = words(whole).split(), words(parts).split()
    assert SequenceMatcher(None, expected, found, autojunk=False).ratio() > 0.93
    ends = [item.end for item in parts if item.final]
    assert ends == sorted(ends)
    assert 18 < ends[-1] < 21


async def test_silence_says_nothing(recognizer: Recognizer) -> None:
    assert words(await listen(recognizer, np.zeros(3 * RATE, np.int16))) == ""


async def test_one_that_is_left_in_the_middle_leaves_the_engine_to_others(recognizer: Recognizer) -> None:
    async with aclosing(recognizer.recognize(pieces(reading()))) as heard:  # type: ignore[type-var]
        await anext(heard)
    listening = asyncio.create_task(listen(recognizer, reading()))
    await asyncio.sleep(0.3)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert OPENING in words(await listen(recognizer, reading()))


@pytest.mark.parametrize("kind", SERVED)
async def test_a_server_that_is_not_there_is_an_engine_error(kind: str) -> None:
    engine = client(kind, "ws://127.0.0.1:9" if kind != "transcriptions" else "http://127.0.0.1:9")
    with pytest.raises(EngineError):
        await listen(engine, reading()[: 4 * RATE])
    await engine.close()


@pytest.mark.parametrize("kind", ["deepgram", "transcriptions"])
@pytest.mark.parametrize("manner", ["500", "babble", "hang", "slow"])
async def test_a_server_that_misbehaves_is_an_engine_error(kind: str, manner: Manner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepgram, "PATIENCE", 0.2)
    monkeypatch.setattr(deepgram, "ANSWERS", 1.0)
    monkeypatch.setattr(transcriptions, "TIMEOUT", 0.2)
    manners = Manners()
    manners.now = manner
    async with served(kind, manners) as engine:
        with pytest.raises(EngineError):
            async for _ in engine.recognize(slowly(reading())):
                ...


async def slowly(samples: NDArray[np.int16]) -> Sound:
    async for piece in pieces(samples):
        yield piece
        await asyncio.sleep(0.05)
