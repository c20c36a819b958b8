"""Who writes a language is chosen live, told to its readers, and kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from server.captioning import captioning, readers
from server.captioning.captioning import TYPING
from server.serving import running
from server.settings import Settings
from tests.server.site import SESSION, Site, Talk, opened, seed, site

__all__ = ["site"]

EN, ES, ZH = (f"{SESSION}/captions/{lang}" for lang in ("en", "es", "zh"))


def texts(talk: Talk, channel: str) -> list[str]:
    return [cue["text"] for cue in talk.states[channel]["cues"].values()]


async def say(talk: Talk, text: str, lang: str = "en", final: bool = True) -> object:
    return await talk.do("caption.commit", lang=lang, text=text, final=final)


async def test_a_person_who_takes_over_a_translation_does_not_take_the_lines_said_before(site: Site) -> None:
    async with site.talk("captioner", captions="es") as captioner:
        await say(captioner, "The house is big.")
        await captioner.do("caption.source", lang="es", source="human")
        await say(captioner, "The house is small.")
        await say(captioner, "La casita.", "es")
        await captioner.until(lambda talk: len(texts(talk, ES)) == 2)
        assert sorted(texts(captioner, ES)) == ["La casa es grande.", "La casita."]
        assert captioner.states[ES]["source"] == {"kind": "human", "state": "active", "choice": "human"}
        await captioner.do("caption.source", lang="es", source="auto")
        await say(captioner, "The house is old.")
        await captioner.until(lambda talk: "La casa es vieja." in texts(talk, ES))


async def test_a_line_in_the_making_is_let_to_its_end(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner:
        await say(captioner, "It was the best", final=False)
        await captioner.do("caption.source", lang="en", source="recognizer")
        assert await say(captioner, "It was the best of times.") == {}
        assert await say(captioner, "It was the worst.") != {}
        await captioner.until(lambda talk: texts(talk, EN) == ["It was the best of times."])


async def test_a_language_that_nobody_can_say_is_degraded(site: Site) -> None:
    async with site.talk("captioner", captions="zh") as captioner:
        await say(captioner, "The house is big.")
        await captioner.until(lambda talk: talk.states[ZH].get("source") == {"kind": "translation", "state": "degraded"})


async def test_only_the_floor_has_a_recognizer_and_only_captioners_choose(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner, site.talk(captions="en") as viewer:
        assert (await captioner.do("caption.source", lang="es", source="recognizer"))["code"] == "invalid"
        assert (await captioner.do("caption.source", lang="fr", source="human"))["code"] == "invalid"
        assert (await viewer.do("caption.source", lang="en", source="off"))["code"] == "forbidden"


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[Site]:
    async with (
        running(Settings(port=0, data=folder), seed()) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        yield Site(http, server)


async def test_a_choice_outlives_the_process(tmp_path: Path) -> None:
    async with site_in(tmp_path) as first, first.talk("captioner", captions="en") as captioner:
        await captioner.do("caption.source", lang="en", source="off")
    async with site_in(tmp_path) as second, second.talk("captioner", captions="en") as captioner:
        assert (await captioner.do("caption.commit", lang="en", text="Hello."))["code"] == "conflict"


async def test_a_line_in_the_making_that_is_left_leaves_its_readers_and_may_still_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ABANDONED", 0.1)
    monkeypatch.setattr(captioning, "WATCH", 0.05)
    async with opened(tmp_path) as site, site.talk("captioner", captions="es") as captioner:
        await captioner.do("channel.subscribe", channel=EN)
        await say(captioner, "The house", final=False)
        await captioner.until(lambda talk: "partial" in talk.states[EN])
        for channel in (EN, ES):
            await captioner.until(lambda talk, channel=channel: "partial" not in talk.states[channel])
        await say(captioner, "The house is big.")
        await captioner.until(lambda talk: texts(talk, ES) == ["La casa es grande."])
        (cue,) = captioner.states[EN]["cues"].values()
        assert cue["end"] - cue["start"] <= TYPING * 1000 * len(cue["text"])


async def test_of_two_people_who_type_in_one_language_one_line_is_in_the_making_and_both_are_kept(site: Site) -> None:
    async with site.talk("captioner", captions="en", person="cleo") as cleo, site.talk("captioner", captions="en", person="dara") as dara:
        await say(cleo, "It was the best", final=False)
        await say(dara, "Good", final=False)
        await say(dara, "Good evening.")
        await say(cleo, "It was the best of times.")
        await cleo.until(lambda talk: texts(talk, EN) == ["Good evening.", "It was the best of times."])
        told = [message.get("data", {}).get("partial") or {} for message in cleo.heard]
        assert "Good" not in [partial.get("text") for partial in told]
        await say(dara, "Now it is my", final=False)
        await cleo.until(lambda talk: talk.states[EN]["partial"]["text"] == "Now it is my")
