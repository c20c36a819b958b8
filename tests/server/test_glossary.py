"""A session's words are set live, by command: the next line says them so, or does not say them, and they outlive the process."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.patch import Doc
from tests.server.site import SESSION, Site, Talk, site
from tests.server.test_sources import site_in

__all__ = ["site"]

CHANNEL, EN, ES = f"{SESSION}/glossary", f"{SESSION}/captions/en", f"{SESSION}/captions/es"
MARQUEE = {"texts": {"en": "marquee", "es": "Marquesina del Cine"}}


async def edit(talk: Talk, term: str, entry: Doc | None) -> Doc:
    return await talk.do("glossary.set", term=term, entry=entry)


async def follow(talk: Talk) -> Doc:
    await talk.do("channel.subscribe", channel=CHANNEL)
    await talk.until(lambda talk: CHANNEL in talk.states)
    return talk.states[CHANNEL]


async def says(talk: Talk, text: str, translated: str) -> None:
    await talk.do("caption.commit", lang="en", text=text)
    await talk.until(lambda talk: translated in [cue["text"] for cue in talk.states[ES]["cues"].values()])


async def test_the_next_line_says_it_so_and_the_hit_rate_is_shown(site: Site) -> None:
    async with site.talk("captioner", captions="es") as captioner:
        assert await follow(captioner) == {"terms": {}, "wanted": 0, "hit": 0, "profanity": "show"}
        await says(captioner, "The screening is here.", "La proyección es aquí.")
        assert await edit(captioner, "screening", {"texts": {"en": "screening", "es": "función"}}) == {}
        await says(captioner, "A screening is here.", "Una función es aquí.")
        await captioner.until(lambda talk: talk.states[CHANNEL]["hit"] == talk.states[CHANNEL]["wanted"] == 2)
        assert await edit(captioner, "screening", None) == {}
        await captioner.until(lambda talk: not talk.states[CHANNEL]["terms"])
        await says(captioner, "Our screening is here.", "Nuestra proyección es aquí.")


async def test_a_question_is_translated_with_the_sessions_words(site: Site) -> None:
    async with site.talk("captioner", captions="es") as captioner:
        await edit(captioner, "marquee", MARQUEE)
        said = await site.services.captioning.translate(SESSION, "The marquee is big.", "en", "es")
        assert said is not None
        assert "Marquesina del Cine" in said
        other = await site.services.captioning.translate("other", "The marquee is big.", "en", "es")
        assert other is not None
        assert "Marquesina del Cine" not in other


async def test_a_term_outlives_the_process(tmp_path: Path) -> None:
    async with site_in(tmp_path) as first, first.talk("captioner") as captioner:
        await edit(captioner, "marquee", MARQUEE)
        await edit(captioner, "gone", MARQUEE)
        await edit(captioner, "gone", None)
    async with site_in(tmp_path) as second, second.talk("captioner") as captioner:
        assert (await follow(captioner))["terms"] == {"marquee": MARQUEE}


async def test_what_is_no_term_is_refused(site: Site) -> None:
    async with site.talk("captioner") as captioner, site.talk() as viewer:
        assert (await edit(viewer, "marquee", MARQUEE))["code"] == "forbidden"
        assert (await viewer.do("channel.subscribe", channel=CHANNEL))["code"] == "unknown_channel"
        assert (await edit(captioner, "marquee", {"texts": {}}))["code"] == "bad_command"
        assert (await edit(captioner, "marquee", {"texts": {"not a tag": "x"}}))["code"] == "invalid"
        assert (await edit(captioner, "marquee", {"texts": {"en": "x" * 161}}))["code"] == "too_long"


@asynccontextmanager
async def staffed(site: Site) -> AsyncIterator[tuple[Talk, Talk]]:
    async with site.talk("moderator", captions="en") as moderator, site.talk("captioner", captions="es") as captioner:
        yield moderator, captioner


async def test_vulgar_words_are_masked_in_partials_finals_and_translations_and_staff_reads_what_was_said(tmp_path: Path) -> None:
    async with (
        site_in(tmp_path) as site,
        site.talk("moderator", captions="en") as moderator,
        site.talk("captioner", captions="es") as captioner,
    ):
        await follow(captioner)
        await says(captioner, "That is shit.", "Aquello es mierda .")
        assert await moderator.do("profanity.set", policy="mask") == {}
        await captioner.until(lambda talk: talk.states[CHANNEL]["profanity"] == "mask")
        await captioner.do("caption.commit", lang="en", text="The house is shit", final=False)
        await moderator.until(lambda talk: talk.states[EN]["partial"]["text"] == "The house is s***")
        await says(captioner, "The house is shit.", "La casa es s***.")
        await captioner.do("caption.correct", lang="en", number=2, revision=0, text="The house is bullshit.")
        await moderator.until(lambda talk: talk.states[EN]["cues"]["2"]["text"] == "The house is b*******.")
        assert "shit" not in json.dumps([message for message in moderator.heard if "The house" in json.dumps(message)])
        assert await moderator.do("profanity.set", policy="remove") == {}
        await captioner.do("caption.commit", lang="es", text="Es una puta casa.")
        await captioner.until(lambda talk: talk.states[ES]["cues"]["3"]["text"] == "Es una … casa.")
    async with site_in(tmp_path) as site, site.talk("captioner") as captioner:
        assert (await follow(captioner))["profanity"] == "remove"
        assert await read(site, "attendee", "en") == ["That is shit.", "The house is b*******."]
        assert await read(site, "captioner", "en", said="true") == ["That is shit.", "The house is bullshit."]
        assert await read(site, "moderator", "es", said="true") == ["Aquello es mierda .", "La casa es b*******.", "Es una puta casa."]
        address = f"/api/sessions/{SESSION}/captions.txt?lang=en&said=true"
        assert (await site.http.get(address, headers=site.bearer("attendee"))).status_code == 403
        async with site.talk() as viewer:
            assert (await viewer.do("profanity.set", policy="show"))["code"] == "forbidden"


async def read(site: Site, role: str, lang: str, **wanted: str) -> list[str]:
    answer = await site.http.get(f"/api/sessions/{SESSION}/captions.json", params={"lang": lang, **wanted}, headers=site.bearer(role))
    cues = answer.json()["cues"].values()
    assert all("said" not in cue for cue in cues)
    return [cue["text"] for cue in cues]
