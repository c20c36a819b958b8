"""Questions and polls in the languages of the captions: what can be said is, and what cannot stays as it was written."""

import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec
import pytest

from server import translating
from server.patch import Doc
from server.seeding import Seed
from server.serving import running
from server.settings import Settings
from sessions import polls
from sessions.kinds.form import Form
from tests.realtime.relay.clients import until
from tests.server.site import SESSION, Site, Talk, opened, seed, site
from tests.server.test_live import held_up
from translation.engines.apertium import Apertium

__all__ = ["site"]


async def ask(talk: Talk, text: str, lang: str = "en") -> str:
    return str((await talk.do("question.ask", text=text, lang=lang))["question"])


async def translated(talk: Talk, question: str) -> dict[str, str]:
    """The translations of a question, once there is one."""
    await talk.until(lambda talk: talk.staff["questions"].get(question, {}).get("translations"))
    found: dict[str, str] = talk.staff["questions"][question]["translations"]
    return found


def said_in_spanish(talk: Talk) -> list[str]:
    return [id for id, question in talk.staff["questions"].items() if "es" in question["translations"]]


def kill(site: Site) -> None:
    """End every pipeline that runs, as the kernel does when memory is short."""
    (engine,) = (engine for engine, _ in site.services.captioning._translations._engines if isinstance(engine, Apertium))
    for pipeline in engine._pipelines.values():
        assert pipeline._starting is not None
        os.killpg(pipeline._starting.result().pid, signal.SIGKILL)


async def test_a_question_is_translated_into_what_somebody_can_say(site: Site) -> None:
    async with site.talk() as attendee, site.talk("moderator") as moderator:
        english, spanish = await ask(attendee, "The house is big."), await ask(attendee, "La casa es grande.", "es")
        assert await translated(moderator, english) == {"es": "La casa es grande."}  # and not zh
        assert await translated(moderator, spanish) == {"en": "The house is big."}


async def test_a_translation_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, site.talk() as attendee, site.talk("moderator") as moderator:
        question = await ask(attendee, "The house is big.")
        told = await translated(moderator, question)
    async with opened(tmp_path) as site, site.talk("moderator") as moderator:
        assert moderator.staff["questions"][question]["translations"] == told


async def test_an_engine_that_dies_costs_one_translation(site: Site) -> None:
    async with site.talk() as attendee, site.talk("moderator") as moderator:
        await translated(moderator, await ask(attendee, "The house is big."))
        kill(site)
        lost = await ask(attendee, "Which film was the first?")
        await moderator.until(lambda talk: lost in talk.staff["questions"])
        assert await translated(moderator, await ask(attendee, "The house is small.")) == {"es": "La casa es pequeña."}
        assert moderator.staff["questions"][lost]["translations"] == {}


async def test_questions_past_the_queue_stay_as_they_were_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(translating, "QUEUE_LIMIT", 2)
    async with opened(tmp_path) as site, site.talk("moderator") as moderator, AsyncExitStack() as stack:
        people = [await stack.enter_async_context(site.talk(person=f"person-{number}")) for number in range(6)]
        with held_up(tmp_path):  # so that all are committed at once
            for person in people:
                await person.say("question.ask", text="The house is big.", lang="en")
            await until(lambda: len(site.services.lives[SESSION]._underway) == len(people))
        await moderator.until(lambda talk: len(said_in_spanish(talk)) >= 2)
        assert f"{translating.QUEUE_LIMIT} wait already" in caplog.text
        assert await translated(moderator, await ask(people[0], "The house is small.")) == {"es": "La casa es pequeña."}
        assert len(said_in_spanish(moderator)) <= 4  # one that was begun, two that waited, and the last


def form(house: str, **spanish: str) -> Doc:
    options = [{"id": "a", "texts": {"en": house}}, {"id": "b", "texts": {"en": "The cinema."} | spanish}]
    return {"kind": "single", "texts": {"en": "Which house is big?"}, "options": options}


async def test_a_poll_is_told_in_the_languages_its_author_did_not_write_and_kept_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, site.talk("speaker") as speaker:
        poll = (await speaker.do("poll.create", form=form("The house is big.", es="El teatro.")))["poll"]
        await speaker.until(lambda talk: len(talk.staff["polls"][poll].get("translations", {}).get("es", {})) == 2)
        assert speaker.staff["polls"][poll]["translations"] == {"es": {"": "Qué casa es grande?", "a": "La casa es grande."}}  # and not zh
        assert speaker.staff["polls"][poll]["texts"] == {"en": "Which house is big?"}

        await speaker.do("poll.edit", poll=poll, form=form("The house is small."))
        await speaker.until(lambda talk: len(talk.staff["polls"][poll].get("translations", {}).get("es", {})) == 3)
        told = speaker.staff["polls"][poll]["translations"]
        assert told["es"]["a"] == "La casa es pequeña."
    async with opened(tmp_path) as site, site.talk("moderator") as moderator, site.talk() as attendee:
        await moderator.do("poll.open", poll=poll)
        await attendee.until(lambda talk: poll in talk.public["polls"])
        assert attendee.public["polls"][poll]["translations"] == told


async def test_a_poll_that_came_with_the_programme_is_translated_too(tmp_path: Path) -> None:
    english = polls.poll("one", msgspec.convert(form("The house is big."), Form), 1)
    planted = Seed(seed().event, polls={SESSION: [english]})
    async with (
        running(Settings(port=0, data=tmp_path), planted) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        Site(http, server).talk("moderator") as moderator,
    ):
        await moderator.until(lambda talk: talk.staff["polls"]["one"].get("translations", {}).get("es"))
