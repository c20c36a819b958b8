"""Engines for models that an operator brings: CTranslate2 and sherpa-onnx run here on models made here, faster-whisper on none."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from server.engines import recognizers, translators
from server.settings import Settings
from tests.translation import transducer
from tests.translation.models import make
from translation.engines import RATE, EngineError, Heard
from translation.engines.ctranslate2 import CTranslate2
from translation.engines.sherpa import Sherpa
from translation.engines.spoken import GUESS, by_utterance
from translation.engines.whisper import Whisper


@pytest.fixture
async def translator(tmp_path: Path) -> AsyncIterator[CTranslate2]:
    make(tmp_path / "en-es", {"<s>": "La casa es grande."})
    make(tmp_path / "nllb", {"fra_Latn": "La maison est grande.", "zho_Hans": "大房子"}, names=("eng_Latn", "fra_Latn", "zho_Hans"))
    engine = CTranslate2(tmp_path)
    yield engine
    await engine.close()


async def test_a_pairs_own_model_is_asked_and_nllb_for_the_rest(translator: CTranslate2) -> None:
    assert await translator.translate("The house is big.", "en-GB", "es-MX") == "La casa es grande."
    assert await translator.translate("The house is big.", "en", "fr") == "La maison est grande."
    assert await translator.translate("The house is big.", "en", "zh-Hans") == "大房子"


async def test_what_it_cannot_is_said(translator: CTranslate2) -> None:
    assert not translator.can("en", "en")
    assert not translator.can("en", "tlh")
    with pytest.raises(EngineError, match="no CTranslate2 model"):
        await translator.translate("Hello.", "en", "tlh")


async def test_a_text_that_is_cancelled_does_not_disturb_the_next(translator: CTranslate2) -> None:
    lost = asyncio.create_task(translator.translate("The house is big. " * 50, "en", "es"))
    await asyncio.sleep(0)
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    assert await translator.translate("The house is big.", "en", "fr") == "La maison est grande."


async def test_a_model_that_is_broken_is_an_engine_error(tmp_path: Path) -> None:
    make(tmp_path / "en-es", {"<s>": "La casa es grande."})
    (tmp_path / "en-es" / "model.bin").write_bytes(b"nonsense")
    engine = CTranslate2(tmp_path)
    with pytest.raises(EngineError, match="CTranslate2 en-es"):
        await engine.translate("The house is big.", "en", "es")
    await engine.close()


def noise(seconds: float, loudness: int = 6_000) -> NDArray[np.int16]:
    return (np.random.default_rng(1).standard_normal(int(seconds * RATE)) * loudness).astype(np.int16)


async def in_pieces(*sounds: NDArray[np.int16]) -> AsyncIterator[NDArray[np.int16]]:
    whole = np.concatenate(sounds)
    for begin in range(0, len(whole), RATE // 10):
        yield whole[begin : begin + RATE // 10]


async def test_sherpa_hears_two_rooms_line_by_line_with_their_times(tmp_path: Path) -> None:
    transducer.make(tmp_path, ["good", "evening"])
    engine = recognizers(Settings(sherpa={"fr": tmp_path}), ["fr-CA"])["fr"][0]
    still = noise(2, 0)

    async def heard(*sounds: NDArray[np.int16]) -> list[Heard]:
        return [line async for line in engine.recognize(in_pieces(*sounds))]

    first, second = await asyncio.gather(heard(still, noise(1.5), still, noise(1)), heard(still))
    assert second == []
    finals = [line for line in first if line.final]
    assert [(round(line.start), round(line.end, 0)) for line in finals] == [(2, 4), (6, 7)]
    assert all(line.text.startswith(("good evening good", "evening good evening")) for line in finals)
    lengths = [len(line.text) for line in first[: first.index(finals[0]) + 1]]
    assert len(lengths) > 5, "a line is guessed at before it is finished"
    assert lengths == sorted(lengths)
    await engine.close()


async def test_a_model_of_sherpas_that_is_broken_is_an_engine_error(tmp_path: Path) -> None:
    transducer.make(tmp_path, ["good", "evening"])
    (tmp_path / "joiner.onnx").write_bytes(b"nonsense")
    engine = Sherpa(tmp_path)
    with pytest.raises(EngineError, match="sherpa-onnx"):
        await anext(engine.recognize(in_pieces(noise(1))))
    await engine.close()


def whisper(folder: Path) -> Whisper:
    (folder / "model.bin").touch()
    return Whisper(folder, "es")


def sherpa(folder: Path) -> Sherpa:
    for name in ("tokens.txt", "encoder.onnx", "decoder.onnx", "joiner.onnx"):
        (folder / name).touch()
    return Sherpa(folder)


def ctranslate2(folder: Path) -> CTranslate2:
    (folder / "en-es").mkdir()
    (folder / "en-es" / "model.bin").touch()
    return CTranslate2(folder)


@pytest.mark.parametrize(
    ("engine", "module", "name"),
    [(whisper, "faster_whisper", "whisper"), (sherpa, "sherpa_onnx", "sherpa"), (ctranslate2, "ctranslate2", "ctranslate2")],
)
def test_a_library_that_is_not_there_is_named_with_what_installs_it(
    engine: Callable[[Path], object], module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match=rf"{module} is not installed here: pip install 'marquee\[{name}\]'"):
        engine(tmp_path)


async def test_a_service_without_them_says_so_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(whisper={"es": tmp_path}, sherpa={"fr": tmp_path}, ctranslate2=tmp_path)
    found = recognizers(settings, ["es", "fr"])
    for engine in await translators(settings):
        await engine.close()
    assert found == {"es": [], "fr": []}
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [f"{tmp_path} holds no model" in line for line in said] == [True] * 3


async def test_an_utterance_is_guessed_at_while_it_is_spoken() -> None:
    said = np.random.default_rng(1).integers(-9000, 9000, int(2.5 * GUESS * RATE)).astype(np.int16)

    async def sound() -> AsyncIterator[np.ndarray]:  # type: ignore[type-arg]
        for begin in range(0, len(said), RATE // 10):
            yield said[begin : begin + RATE // 10]
        yield np.zeros(RATE, np.int16)

    async def counts(samples: np.ndarray) -> tuple[str, float]:  # type: ignore[type-arg]
        return f"{len(samples) / RATE:.0f} seconds", 0.7

    async def nothing(samples: np.ndarray) -> tuple[str, None]:  # type: ignore[type-arg]
        return "", None

    heard = [item async for item in by_utterance(sound(), counts)]
    assert [(item.final, item.confidence) for item in heard] == [(False, 0.7), (False, 0.7), (True, 0.7)]
    assert [item async for item in by_utterance(sound(), nothing)] == []
