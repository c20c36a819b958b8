"""Captions from the publisher's sound to the reader, through a whole server with real engines."""

import asyncio
import time
from pathlib import Path

import pytest

from server.captioning import hearing, interpreting
from server.patch import Doc
from sessions.loading import CUES_LIMIT
from tests.journeys.browser import SPEECH
from tests.realtime.relay.clients import publishing, until
from tests.server.site import SESSION, Site, Talk, opened, site
from tests.translation.servers import vosk_server
from translation import sources
from translation.breaker import Breaker
from translation.engines.moonshine import Moonshine

__all__ = ["site"]

OPENING = "it was the best of times"


def state(talk: Talk, lang: str = "en") -> Doc:
    return talk.states[f"{SESSION}/captions/{lang}"]


def cues(talk: Talk, lang: str = "en") -> list[Doc]:
    return list(state(talk, lang)["cues"].values())


def partial(talk: Talk, lang: str = "en") -> Doc:
    found: Doc = state(talk, lang).get("partial", {})
    return found


async def follow(talk: Talk, *langs: str) -> None:
    for lang in langs:
        await talk.do("channel.subscribe", channel=f"{SESSION}/captions/{lang}")
    await talk.until(lambda talk: all(f"{SESSION}/captions/{lang}" in talk.states for lang in langs))


async def kept(site: Site, lang: str) -> Doc:
    await site.services.store.write()  # a reader may know a line before its row is there
    answer = await site.http.get(f"/api/sessions/{SESSION}/captions.json?lang={lang}", headers=site.bearer("attendee"))
    found: Doc = answer.json()["cues"]
    return found


def typed(site: Site, text: str, lang: str = "en", final: bool = True) -> None:
    site.services.captioning.commit(SESSION, lang, text, final)


async def test_speech_is_read_in_each_language_and_a_human_keeps_the_machine_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "HOLD", 3.0)
    begun = time.time() * 1000
    async with site.talk("captioner", captions="en") as reader, asyncio.timeout(60):
        await follow(reader, "es", "zh")
        async with publishing(site.signal("whip", "speaker"), video=None, speech=SPEECH):
            await reader.until(lambda talk: partial(talk))
            assert (partial(reader)["origin"], "end" in partial(reader)) == ("recognizer", False)
            await reader.until(lambda talk: cues(talk, "es") and cues(talk, "zh"))
            english, spanish, chinese = (cues(reader, lang)[0] for lang in ("en", "es", "zh"))
            assert english["text"].lower().startswith(OPENING)
            assert (english["via"], english["origin"], english["lang"]) == ("original", "recognizer", "en")
            assert begun < english["start"] < english["end"] < time.time() * 1000
            assert (spanish["via"], spanish["lang"]) == ("machine", "es")
            assert spanish["text"].startswith("Era el mejor de")
            assert (chinese["via"], chinese["lang"], chinese["text"]) == ("untranslated", "en", english["text"])
            assert spanish["start"] == chinese["start"] == english["start"]

            await reader.do("caption.commit", lang="en", text="A human is writing", final=False)
            await reader.until(lambda talk: partial(talk).get("text") == "A human is writing")
            since = time.monotonic()
            await reader.until(lambda talk: partial(talk).get("origin") == "recognizer")
            assert time.monotonic() - since > 2.5
        await reader.until(lambda talk: not partial(talk))  # the line that was in the making when the publisher left is ended
        assert cues(reader)[-1]["origin"] == "recognizer"
    assert (await kept(site, "en"))["1"] == english
    assert (await kept(site, "zh"))["1"] == chinese


async def test_a_recognizer_that_dies_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "BACKOFF", (0.2, 0.4))
    engine = Moonshine()
    try:
        block = vosk_server(engine)
        url = await block.__aenter__()
        async with (
            opened(tmp_path, vosk={"en": url}, hook_hosts=["127.0.0.1"]) as site,
            site.talk(captions="en") as reader,
            asyncio.timeout(40),
        ):
            async with publishing(site.signal("whip", "speaker"), video=None, speech=SPEECH):
                await reader.until(lambda talk: partial(talk))
                await block.__aexit__(None, None, None)
                died = time.time() * 1000
                await asyncio.sleep(0.7)  # long enough to be refused
                async with vosk_server(engine, int(url.rsplit(":", 1)[1])):
                    await reader.until(lambda talk: partial(talk).get("start", 0) > died)
            await until(lambda: not site.live)
    finally:
        await engine.close()


async def test_a_final_replaces_the_line_in_the_making_in_each_language(site: Site) -> None:
    async with site.talk(captions="en") as reader:
        await follow(reader, "es")
        typed(site, "The house", final=False)
        await reader.until(lambda talk: partial(talk, "es").get("via") == "machine")
        assert partial(reader)["text"] == "The house"
        typed(site, "The house is big.")
        await reader.until(lambda talk: cues(talk, "es"))
        await reader.until(lambda talk: not partial(talk, "es"))
        assert not partial(reader)
        assert [cue["text"] for cue in cues(reader, "es")] == ["La casa es grande."]
    assert list(await kept(site, "es")) == list(await kept(site, "en")) == ["1"]


async def test_a_human_interpreter_keeps_the_machine_out_of_their_language_only(site: Site) -> None:
    async with site.talk(captions="es") as reader:
        await follow(reader, "en", "zh")
        typed(site, "Buenas tardes a todos.", "es")
        typed(site, "Good afternoon, everyone.")
        await reader.until(lambda talk: cues(talk, "zh"))
        assert [(cue["text"], cue["via"]) for cue in cues(reader, "es")] == [("Buenas tardes a todos.", "original")]
        assert [cue["text"] for cue in cues(reader, "en")] == ["Good afternoon, everyone."]


async def test_who_comes_late_gets_the_last_lines_and_the_transcript_has_all(tmp_path: Path) -> None:
    lines = [f"This is line {number}." for number in range(1, CUES_LIMIT + 11)]
    async with opened(tmp_path) as site, site.talk(captions="en") as early:
        for line in lines:
            typed(site, line)
        await early.until(lambda talk: cues(talk)[-1:] and cues(talk)[-1]["text"] == lines[-1])
        async with site.talk(captions="en", person="late") as late:
            assert [cue["text"] for cue in cues(late)] == lines[-CUES_LIMIT:]
            assert state(late) == state(early)
    async with opened(tmp_path) as site, site.talk(captions="en") as back:
        assert state(back)["cues"] == state(early)["cues"]
        typed(site, "Another day.")
        await back.until(lambda talk: cues(talk)[-1]["text"] == "Another day.")
        await until(lambda: site.services.store._waiting == 0)
        assert [cue["text"] for cue in (await kept(site, "en")).values()] == [*lines, "Another day."]


async def test_files_have_typed_lines_in_the_order_they_were_said_however_long_they_took(site: Site) -> None:
    """When a whole line was begun is a guess by its length: never before the one it follows."""
    captioning, now = site.services.captioning, int(time.time() * 1000)
    typed(site, "Yes.")
    typed(site, "Then we are going to see the whole of the film with all of our friends.")
    typed(site, " ".join(["And a very long line of many words that is cut into several."] * 7))
    for text, at in (("One from a tool.", now - 5000), ("Two from a tool.", now - 9000)):
        captioning.commit(SESSION, "en", text, True, at=at)
    typed(site, "The end.")
    await until(lambda: site.services.store._waiting == 0)
    written = [cue["text"] for cue in (await kept(site, "en")).values()]
    assert len(written) > 6
    for form in ("vtt", "srt"):
        answer = await site.http.get(f"/api/sessions/{SESSION}/captions.{form}?lang=en", headers=site.bearer("attendee"))
        read = " ".join(answer.text.split())
        places = [read.index(text[:20]) for text in ("Yes.", "Then we are going to", "One from a tool.", "Two from a tool.", "The end.")]
        assert places == sorted(places)


async def test_lines_past_the_queue_go_untranslated_and_are_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreting, "QUEUE_LIMIT", 3)
    async with site.talk(captions="es") as reader:
        for _ in range(8):
            typed(site, "The house is big.")
        await reader.until(lambda talk: len(cues(talk, "es")) == 8)
        translated = {number: cue["text"] for number, cue in state(reader, "es")["cues"].items() if cue["via"] == "machine"}
        assert translated == dict.fromkeys(("1", "2", "3"), "La casa es grande.")
        left = [cue for cue in cues(reader, "es") if cue["via"] == "untranslated"]
        assert [(cue["text"], cue["lang"]) for cue in left] == [("The house is big.", "en")] * 5
        typed(site, "The house is small.")
        await reader.until(lambda talk: state(talk, "es")["cues"].get("9", {}).get("via") == "machine")
    assert len(await kept(site, "es")) == 9


class Slow:
    """A translator into Chinese that says nothing until it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    def can(self, source: str, target: str) -> bool:
        return target == "zh"

    async def translate(self, text: str, source: str, target: str) -> str:
        await self.may.wait()
        return f"中文 {text}"

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_language_whose_translator_is_slow_keeps_no_other_waiting_and_has_its_lines_in_their_order(site: Site) -> None:
    slow = Slow()
    site.services.captioning._translations._engines.insert(0, (slow, Breaker()))
    async with site.talk(captions="es") as reader:
        await follow(reader, "zh")
        for number in range(3):
            typed(site, f"The house is big {number}.")
        await reader.until(lambda talk: len(cues(talk, "es")) == 3)
        assert not cues(reader, "zh")
        slow.may.set()
        await reader.until(lambda talk: len(cues(talk, "zh")) == 3)
        assert [cue["text"] for cue in cues(reader, "zh")] == [f"中文 The house is big {number}." for number in range(3)]
