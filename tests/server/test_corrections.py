"""A final line changes only by a correction, and that one reaches who watches, who comes late, the transcript and the files."""

from collections.abc import Callable

import webvtt

from server.patch import Doc
from sessions.loading import CUES_LIMIT
from tests.server.site import SESSION, Site, Talk, site

__all__ = ["site"]

EN, ES, ZH = (f"{SESSION}/captions/{lang}" for lang in ("en", "es", "zh"))
WRONG, RIGHT = "The house is pig.", "The house is big."


def cue(channel: str, number: int = 1) -> Callable[[Talk], Doc]:
    return lambda talk: talk.states[channel]["cues"].get(str(number), {})


def reads(channel: str, text: str) -> Callable[[Talk], bool]:
    return lambda talk: cue(channel)(talk).get("text") == text


async def follow(talk: Talk, *langs: str) -> None:
    for lang in langs:
        await talk.do("channel.subscribe", channel=f"{SESSION}/captions/{lang}")
        await talk.until(lambda talk: f"{SESSION}/captions/{lang}" in talk.states)  # noqa: B023 - used at once


async def say(talk: Talk, text: str, lang: str = "en") -> Doc:
    return await talk.do("caption.commit", lang=lang, text=text)


async def correct(talk: Talk, text: str, *, lang: str = "en", number: int = 1, revision: int = 0, **fields: str) -> Doc:
    return await talk.do("caption.correct", lang=lang, number=number, revision=revision, text=text, **fields)


async def test_a_correction_reaches_viewers_late_comers_and_every_file(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner, site.talk(captions="en") as viewer:
        await say(captioner, WRONG)
        await viewer.until(reads(EN, WRONG))
        before = dict(cue(EN)(viewer))
        assert await correct(captioner, RIGHT) == {"revision": 1}
        await viewer.until(reads(EN, RIGHT))
        assert cue(EN)(viewer) == before | {"text": RIGHT, "revision": 1}
        assert viewer.heard[-1]["type"] == "caption.corrected"
        async with site.talk(captions="en") as late:
            assert late.states[EN] == viewer.states[EN]
    for format in ("vtt", "srt", "txt", "json"):
        file = (await site.http.get(f"/api/sessions/{SESSION}/captions.{format}?lang=en", headers=site.bearer("attendee"))).text
        assert RIGHT in file
        assert WRONG not in file


async def test_a_corrected_floor_line_is_translated_anew(site: Site) -> None:
    async with site.talk("captioner", captions="es") as captioner:
        await follow(captioner, "zh")
        await say(captioner, "The house is small.")
        await captioner.until(reads(ES, "La casa es pequeña."))
        await correct(captioner, RIGHT)
        await captioner.until(reads(ES, "La casa es grande."))
        assert (cue(ES)(captioner)["via"], cue(ES)(captioner)["revision"]) == ("machine", 1)
        await captioner.until(reads(ZH, RIGHT))
        assert cue(ZH)(captioner)["via"] == "untranslated"


async def test_a_translation_that_a_person_put_right_is_theirs(site: Site) -> None:
    async with site.talk("captioner", captions="es") as captioner:
        await follow(captioner, "zh")
        await say(captioner, WRONG)
        await captioner.until(lambda talk: cue(ES)(talk) and cue(ZH)(talk))
        await correct(captioner, "¡Qué casa!", lang="es")
        await correct(captioner, RIGHT)
        await captioner.until(reads(ZH, RIGHT))
        assert cue(ES)(captioner)["text"] == "¡Qué casa!"
        assert cue(ES)(captioner)["via"] == "human"


async def test_two_corrections_never_meet_unseen(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner:
        await say(captioner, WRONG)
        await correct(captioner, RIGHT)
        assert (await correct(captioner, "The horse is big."))["code"] == "conflict"
        await captioner.until(reads(EN, RIGHT))
        assert await correct(captioner, "The house was big.", revision=1, speaker="Amina") == {"revision": 2}
        await captioner.until(lambda talk: cue(EN)(talk).get("speaker") == "Amina")


async def test_a_repeated_correction_is_done_once(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner:
        await say(captioner, WRONG)
        for _ in range(2):
            assert await correct(captioner, RIGHT, id="the-same-key") == {"revision": 1}


async def test_what_cannot_be_corrected_is_said(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner, site.talk() as viewer:
        await say(captioner, WRONG)
        assert (await correct(viewer, RIGHT))["code"] == "forbidden"
        assert (await correct(captioner, RIGHT, number=2))["code"] == "not_found"
        assert (await correct(captioner, RIGHT, lang="fr"))["code"] == "not_found"
        assert (await correct(captioner, "  "))["code"] == "invalid"


async def test_a_late_comer_gets_the_part_of_the_transcript_they_lack(site: Site) -> None:
    captioning = site.services.captioning
    for number in range(1, CUES_LIMIT + 11):
        captioning.commit(SESSION, "en", f"Line {number}.", True)
    await site.services.store.write()
    path, bearer = f"/api/sessions/{SESSION}/captions", site.bearer("attendee")
    cues = (await site.http.get(f"{path}.json?lang=en", headers=bearer)).json()["cues"]
    assert list(cues) == [str(number) for number in range(1, CUES_LIMIT + 11)]
    rest = (await site.http.get(f"{path}.json?lang=en&after=58", headers=bearer)).json()["cues"]
    assert [cue["text"] for cue in rest.values()] == ["Line 59.", "Line 60."]
    since = cues["31"]["end"]
    part = (await site.http.get(f"{path}.vtt?lang=en&since={since - 1}&until={since + 1}", headers=bearer)).text
    assert "Line 31." in part
    recorded = (await site.http.get(f"{path}.vtt?lang=en&zero={cues['31']['start'] - 2000}", headers=bearer)).text
    (line,) = (caption for caption in webvtt.from_string(recorded) if "Line 31." in caption.text)
    assert line.start_in_seconds >= 2, "and not before: it may wait for the lines before it"
    empty = await site.http.get(f"{path}.json?lang=en&until=1", headers=bearer)
    assert empty.json() == {"lang": "en", "cues": {}}
