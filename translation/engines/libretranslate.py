"""Translation by a LibreTranslate server (its HTTP API), for the languages Apertium does not know."""

import httpx

from translation.engines import EngineError, base

TIMEOUT = 5.0
"""Seconds one text may take."""


class LibreTranslate:
    """`url` is the server's. Which pairs it knows is asked once, by `open`."""

    def __init__(self, url: str, pairs: frozenset[tuple[str, str]], http: httpx.AsyncClient) -> None:
        self._url, self._pairs, self._http = url, pairs, http

    @classmethod
    async def open(cls, url: str) -> "LibreTranslate":
        """Raises EngineError when the server does not say what it can."""
        http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT)
        try:
            languages = (await http.get("/languages")).raise_for_status().json()
            pairs = frozenset((str(one["code"]), str(target)) for one in languages for target in one["targets"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            await http.aclose()
            raise EngineError(f"LibreTranslate at {url}: {error}") from error
        return cls(url, pairs, http)

    def can(self, source: str, target: str) -> bool:
        return (base(source), base(target)) in self._pairs

    async def translate(self, text: str, source: str, target: str) -> str:
        body = {"q": text, "source": base(source), "target": base(target), "format": "text"}
        try:
            answer = (await self._http.post("/translate", json=body)).raise_for_status().json()
            return str(answer["translatedText"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"LibreTranslate: {error}") from error

    async def close(self) -> None:
        await self._http.aclose()
