"""Which engines a process has: what is in its packages and on its machine, and the servers an operator names."""

import logging

from server.settings import Settings
from translation.engines import EngineError, Recognizer, Translator
from translation.engines.apertium import Apertium
from translation.engines.libretranslate import LibreTranslate
from translation.engines.moonshine import Moonshine
from translation.engines.vosk import Vosk

logger = logging.getLogger(__name__)


def recognizers(settings: Settings) -> dict[str, list[Recognizer]]:
    """By base language of the floor, in the order they are asked."""
    found: dict[str, list[Recognizer]] = {lang: [Vosk(url)] for lang, url in settings.vosk.items()}
    found.setdefault("en", []).append(Moonshine())
    return found


async def translators(settings: Settings) -> list[Translator]:
    """In the order they are asked. A server that is not there is left out, and the log says so."""
    found: list[Translator] = [Apertium()]
    if settings.libretranslate:
        try:
            found.append(await LibreTranslate.open(settings.libretranslate))
        except EngineError as error:
            logger.error("%s", error)
    return found
