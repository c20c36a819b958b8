"""Translation by CTranslate2 with models of the operator's: OPUS-MT, a folder per pair (`en-es`), and NLLB, a folder `nllb` for all.

An OPUS folder holds model.bin, source.spm and target.spm, NLLB's model.bin and sentencepiece.bpe.model. Nothing is fetched.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from translation.engines import EngineError, base
from translation.engines.extras import extra

NLLB = "nllb"

THREADS = 2
"""Of the CPU that one model takes."""

LONGEST = 256
"""Pieces of words in a translation; a model that says more repeats itself."""

_PIECES = ("source.spm", "target.spm"), ("sentencepiece.bpe.model", "sentencepiece.bpe.model")
_END = "</s>"
# NLLB's names (FLORES-200) for the languages that conferences ask for.
_NAMES = {
    "ar": "arb_Arab", "ca": "cat_Latn", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fa": "pes_Arab", "fr": "fra_Latn",
    "he": "heb_Hebr", "hi": "hin_Deva", "id": "ind_Latn", "it": "ita_Latn", "ja": "jpn_Jpan", "ko": "kor_Hang", "nl": "nld_Latn",
    "pl": "pol_Latn", "pt": "por_Latn", "ru": "rus_Cyrl", "sv": "swe_Latn", "sw": "swh_Latn", "th": "tha_Thai", "tr": "tur_Latn",
    "uk": "ukr_Cyrl", "vi": "vie_Latn", "zh": "zho_Hans",
}  # fmt: skip


class CTranslate2:
    """All models of a folder, each loaded with its first text; one thread. Raises EngineError without the libraries or any model."""

    def __init__(self, folder: Path) -> None:
        self._models = {found.parent.name: found.parent for found in sorted(folder.glob("*/model.bin"))}
        if not self._models:
            raise EngineError(f"{folder} holds no models: no folder in it has a model.bin")
        self._library, self._pieces = extra("ctranslate2", "ctranslate2"), extra("sentencepiece", "ctranslate2")
        self._thread = ThreadPoolExecutor(1, "ctranslate2")
        self._loaded: dict[str, tuple[Any, Any, Any]] = {}

    def can(self, source: str, target: str) -> bool:
        return self._model(source, target) is not None

    async def translate(self, text: str, source: str, target: str) -> str:
        name = self._model(source, target)
        if name is None:
            raise EngineError(f"no CTranslate2 model from {source} to {target}")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._translate, name, text, base(source), base(target))
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"CTranslate2 {name}: {error}") from error

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True)

    def _model(self, source: str, target: str) -> str | None:
        pair = f"{base(source)}-{base(target)}"
        if pair in self._models:
            return pair
        known = NLLB in self._models and base(source) in _NAMES and base(target) in _NAMES
        return NLLB if known and base(source) != base(target) else None

    def _translate(self, name: str, text: str, source: str, target: str) -> str:
        model, into, out_of = self._load(name)
        pieces, prefix = into.encode(text, out_type=str), None
        if name == NLLB:
            pieces, prefix = [_NAMES[source], *pieces], [[_NAMES[target]]]
        (found,) = model.translate_batch([[*pieces, _END]], target_prefix=prefix, beam_size=2, max_decoding_length=LONGEST)
        said = found.hypotheses[0]
        return str(out_of.decode(said[1:] if prefix else said)).strip()

    def _load(self, name: str) -> tuple[Any, Any, Any]:
        if name not in self._loaded:
            folder = self._models[name]
            into, out_of = (self._pieces.SentencePieceProcessor(model_file=str(folder / file)) for file in _PIECES[name == NLLB])
            model = self._library.Translator(str(folder), device="cpu", compute_type="int8", intra_threads=THREADS)
            self._loaded[name] = model, into, out_of
        return self._loaded[name]
