"""Translation by a LibreTranslate server (its HTTP API), for the languages Apertium does not know."""

from typing import Any

from translation.engines import EngineError, base
from translation.engines.outgoing import Http, Outgoing

TIMEOUT = 5.0
"""Seconds one text may take."""


class LibreTranslate:
    """`url` is the server's. Which pairs it knows is asked once, by `open`."""

    def __init__(self, pairs: frozenset[tuple[str, str]], http: Http) -> None:
        self._pairs, self._http = pairs, http

    @classmethod
    async def open(cls, outgoing: Outgoing, url: str) -> "LibreTranslate":
        """Raises EngineError when the server does not say what it can."""
        http = outgoing.http(url, TIMEOUT)
        try:
            return cls(_pairs(await http.ask("GET", "/languages")), http)
        except BaseException:
            await http.close()
            raise

    def can(self, source: str, target: str) -> bool:
        return (base(source), base(target)) in self._pairs

    async def translate(self, text: str, source: str, target: str) -> str:
        body = {"q": text, "source": base(source), "target": base(target), "format": "text"}
        try:
            answer = await self._http.ask("POST", "/translate", json=body)
            return str(answer["translatedText"])
        except (KeyError, TypeError) as error:
            raise EngineError("LibreTranslate answered in another shape") from error

    async def close(self) -> None:
        await self._http.close()


def _pairs(languages: Any) -> frozenset[tuple[str, str]]:
    try:
        return frozenset((str(one["code"]), str(target)) for one in languages for target in one["targets"])
    except (KeyError, TypeError) as error:
        raise EngineError("LibreTranslate does not say which languages it knows") from error
