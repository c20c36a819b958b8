"""Translation by DeepL's HTTP API (version 2), or a server that speaks it."""

from translation.engines import EngineError, base
from translation.engines.outgoing import Http, Outgoing

TIMEOUT = 5.0
"""Seconds one text may take."""


class DeepL:
    """`url` is the server's (`https://api.deepl.com`). Which languages it knows is asked once, by `open`."""

    def __init__(self, sources: frozenset[str], targets: dict[str, str], http: Http) -> None:
        self._sources, self._targets, self._http = sources, targets, http

    @classmethod
    async def open(cls, outgoing: Outgoing, url: str, key: str) -> "DeepL":
        """Raises EngineError when the server does not say what it can. The key goes into the header and nowhere else."""
        http = outgoing.http(url, TIMEOUT, {"Authorization": f"DeepL-Auth-Key {key}"})
        try:
            sources, targets = [await _languages(http, type) for type in ("source", "target")]
        except BaseException:
            await http.close()
            raise
        return cls(frozenset(map(base, sources)), _by_tag(targets), http)

    def can(self, source: str, target: str) -> bool:
        return base(source) != base(target) and base(source) in self._sources and self._target(target) is not None

    async def translate(self, text: str, source: str, target: str) -> str:
        code = self._target(target)
        if code is None or not self.can(source, target):
            raise EngineError(f"DeepL does not translate from {source} to {target}")
        body = {"text": [text], "source_lang": base(source).upper(), "target_lang": code}
        try:
            answer = await self._http.ask("POST", "/v2/translate", json=body)
            return str(answer["translations"][0]["text"])
        except (KeyError, IndexError, TypeError) as error:
            raise EngineError("DeepL answered in another shape") from error

    async def close(self) -> None:
        await self._http.close()

    def _target(self, tag: str) -> str | None:
        """Their code: of the very tag, else of its language (they have `EN-GB` and `EN-US`, but no `EN`)."""
        return self._targets.get(tag.lower()) or self._targets.get(base(tag))


async def _languages(http: Http, type: str) -> list[str]:
    answer = await http.ask("GET", "/v2/languages", params={"type": type})
    try:
        return [str(one["language"]) for one in answer]
    except (KeyError, TypeError) as error:
        raise EngineError("DeepL does not say which languages it knows") from error


def _by_tag(codes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for code in codes:
        found[code.lower()] = code
        found.setdefault(base(code), code)
    return found
