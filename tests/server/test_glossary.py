"""A session's words are set live, by command: the next line says them so, and they outlive the process."""

from pathlib import Path

from server.patch import Doc
from tests.server.site import SESSION, Site, Talk, site
from tests.server.test_sources import site_in

__all__ = ["site"]

CHANNEL, ES = f"{SESSION}/glossary", f"{SESSION}/captions/es"
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
        assert await follow(captioner) == {"terms": {}, "wanted": 0, "hit": 0}
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
