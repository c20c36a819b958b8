"""Which engines a process has: what is in its packages and on its machine, and the servers an operator names."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import ParamSpec, TypeVar

from server.settings import Settings
from translation.engines import EngineError, Recognizer, Translator
from translation.engines.apertium import Apertium
from translation.engines.chat import Chat
from translation.engines.ctranslate2 import CTranslate2
from translation.engines.deepgram import Deepgram
from translation.engines.deepl import DeepL
from translation.engines.libretranslate import LibreTranslate
from translation.engines.moonshine import Moonshine
from translation.engines.outgoing import Outgoing
from translation.engines.sherpa import Sherpa
from translation.engines.transcriptions import Transcriptions
from translation.engines.vosk import Vosk
from translation.engines.whisper import Whisper

logger = logging.getLogger(__name__)

P = ParamSpec("P")
E = TypeVar("E")


def recognizers(settings: Settings, floors: Iterable[str]) -> dict[str, list[Recognizer]]:
    """By base language of the floor, in the order they are asked: what the operator names for that language, our own, a server for all."""
    outgoing = Outgoing(settings.hook_hosts)
    found: dict[str, list[Recognizer]] = {floor: [] for floor in sorted({floor.split("-")[0].lower() for floor in floors})}
    for lang, engines in found.items():
        if lang in settings.deepgram:
            engines.append(Deepgram(outgoing, settings.deepgram[lang], settings.deepgram_key.get_secret_value(), lang))
        if lang in settings.vosk:
            engines.append(Vosk(outgoing, settings.vosk[lang]))
        if lang in settings.sherpa:
            engines += _made(Sherpa, settings.sherpa[lang])
        if lang in settings.whisper:
            engines += _made(Whisper, settings.whisper[lang], lang)
        if lang == "en":
            engines.append(Moonshine())
        if settings.transcriptions:
            key = settings.transcriptions_key.get_secret_value()
            engines.append(Transcriptions(outgoing, settings.transcriptions, settings.transcriptions_model, key, lang))
    return found


async def translators(settings: Settings) -> list[Translator]:
    """In the order they are asked. A server that is not there is left out, and the log says so."""
    outgoing = Outgoing(settings.hook_hosts)
    found: list[Translator] = []
    if settings.deepl:
        found += await _there(DeepL.open(outgoing, settings.deepl, settings.deepl_key.get_secret_value()))
    if settings.ctranslate2 is not None:
        found += _made(CTranslate2, settings.ctranslate2)
    found.append(Apertium())
    if settings.libretranslate:
        found += await _there(LibreTranslate.open(outgoing, settings.libretranslate))
    if settings.chat:
        found.append(Chat(outgoing, settings.chat, settings.chat_model, settings.chat_key.get_secret_value()))
    return found


def _made(engine: Callable[P, E], *args: P.args, **kwargs: P.kwargs) -> list[E]:
    """An engine that needs files or a library; without them it is left out, and the log says so."""
    try:
        return [engine(*args, **kwargs)]
    except EngineError as error:
        logger.error("%s", error)
        return []


async def _there(opening: Awaitable[Translator]) -> list[Translator]:
    try:
        return [await opening]
    except EngineError as error:
        logger.error("%s", error)
        return []
