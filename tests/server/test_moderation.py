"""Fair moderation over the socket: acts are logged and undone, a conflict shows what is there, askers follow what becomes of their own."""

import json
from functools import partial
from pathlib import Path

import httpx
import pytest

from server.serving import running
from server.settings import Settings
from sessions import loading
from sessions.people import Role
from tests.server.site import SESSION, Site, opened, seed, site
from tests.sessions.making import question

__all__ = ["site"]


async def published(site: Site, *texts: str) -> list[str]:
    async with site.talk(person="asker") as asker, site.talk("moderator") as moderator:
        ids = [await asker.ask(text) for text in texts]
        for id in ids:
            assert await moderator.do("question.publish", question=id) == {}
    return ids


async def rows(site: Site) -> loading.Held:
    return await site.services.store.read(partial(loading.held, session=SESSION))


async def test_the_asker_follows_their_question_and_appeals_once(site: Site) -> None:
    async with site.talk() as asker, site.talk("moderator") as moderator:
        id = await asker.ask()
        await moderator.do("question.dismiss", question=id, reason="unclear")
        await asker.until(lambda talk: talk.me["questions"][id]["state"] == "dismissed")
        assert asker.me["questions"][id]["reason"] == "unclear"
        assert await asker.do("question.appeal", question=id, text="I mean the film archive.") == {}
        await moderator.until(lambda talk: talk.staff["questions"][id].get("appeal"))
        assert moderator.staff["questions"][id]["state"] == "pending"
        assert moderator.staff["questions"][id]["reason"] == "unclear"
        await moderator.do("question.dismiss", question=id, reason="off_topic")
        refused = await asker.do("question.appeal", question=id, text="Please!")
        assert (refused["code"], refused["current"]["reason"]) == ("conflict", "off_topic")


async def test_an_edit_keeps_the_original_for_staff_and_author_and_no_one_else(site: Site) -> None:
    async with site.talk() as asker, site.talk("moderator") as moderator, site.talk(person="reader") as reader:
        id = await asker.ask()
        await moderator.do("question.publish", question=id)
        await reader.until(lambda talk: id in talk.public["questions"])
        assert await asker.do("question.edit", question=id, text="Who keeps the archive?", lang="en") == {}
        await reader.until(lambda talk: id not in talk.public["questions"])
        await moderator.do("question.publish", question=id)
        await reader.until(lambda talk: id in talk.public["questions"])
        assert reader.public["questions"][id]["text"] == "Who keeps the archive?"
        assert "original" not in reader.public["questions"][id]
        await moderator.until(lambda talk: "original" in talk.staff["questions"][id])
        assert moderator.staff["questions"][id]["original"] == asker.me["questions"][id]["original"] == "Who owns the archive?"
        assert await asker.do("question.withdraw", question=id) == {}
        await reader.until(lambda talk: id not in talk.public["questions"])
        assert asker.me["questions"][id]["state"] == "withdrawn"


async def test_an_act_on_what_has_changed_is_a_conflict_that_shows_it(site: Site) -> None:
    (id,) = await published(site, "Why?")
    async with site.talk("moderator") as one, site.talk("organiser") as other:
        seen = one.staff["questions"][id]["version"]
        assert await other.do("question.answer", question=id, text="Because.", expected_version=seen) == {}
        problem = await one.do("question.archive", question=id, expected_version=seen)
        assert (problem["code"], problem["status"]) == ("conflict", 409)
        await other.until(lambda talk: talk.staff["questions"][id]["version"] > seen)
        assert problem["current"].keys() == other.staff["questions"][id].keys()
        # The answer is being translated meanwhile.
        assert {key for key, value in other.staff["questions"][id].items() if value != problem["current"][key]} <= {"answer_translations"}
        assert problem["current"]["answer"] == "Because."
        assert await one.do("question.archive", question=id, expected_version=problem["current"]["version"]) == {}


async def test_every_act_is_in_the_log_with_who_why_and_when_and_its_count_is_public(site: Site) -> None:
    (id,) = await published(site, "Why?")
    async with site.talk("moderator") as moderator, site.talk(person="reader") as reader:
        await moderator.do("question.dismiss", question=id, reason="off_topic")
        await moderator.until(lambda talk: "2" in talk.staff["log"])
        act = moderator.staff["log"]["2"]
        assert {key: act[key] for key in act if key != "at"} == {
            "act": "question.dismiss",
            "person": "a-moderator",
            "name": "Moderator",
            "role": "moderator",
            "question": id,
            "reason": "off_topic",
        }
        assert await moderator.do("moderation.undo", entry=2) == {}
        await reader.until(lambda talk: talk.public["moderation"]["acts"].get("moderation.undo") == 1)
        assert reader.public["questions"][id]["state"] == "published"
        assert reader.public["moderation"]["reasons"] == {"off_topic": 1}
        assert "log" not in reader.public
        assert (await moderator.do("moderation.undo", entry=2))["code"] == "conflict"
    kept = (await rows(site)).log
    assert [entry.act for entry in kept.entries.values()] == ["question.publish", "question.dismiss", "moderation.undo"]
    assert kept.entries[3].undoes == 2
    assert kept.acts == reader.public["moderation"]["acts"]


async def test_an_act_that_changes_nothing_is_not_in_the_log(site: Site) -> None:
    (id,) = await published(site, "Why?")
    async with site.talk("moderator") as moderator:
        assert await moderator.do("question.publish", question=id) == {}
        assert list(moderator.staff["log"]) == ["1"]


async def test_the_whole_log_is_read_by_staff_only(site: Site) -> None:
    await published(site, *(f"Question {number}?" for number in range(3)))
    answer = await site.http.get(f"/api/sessions/{SESSION}/moderation", headers=site.bearer("moderator"))
    assert [(act["number"], act["act"]) for act in answer.json()["acts"]] == [(number, "question.publish") for number in (1, 2, 3)]
    assert (await site.http.get(f"/api/sessions/{SESSION}/moderation", headers=site.bearer("attendee"))).status_code == 403


async def test_an_anonymous_author_is_named_to_nobody_whatever_happens_to_the_question(site: Site) -> None:
    async with site.talk(person="secret-person") as asker, site.talk("moderator") as moderator, site.talk(person="reader") as reader:
        id = await asker.ask("Who decides?", anonymous=True)
        other = await reader.ask("Who decides on this?")
        for text in ("Who really decides?", "Who decides, really?"):
            await moderator.do("question.publish", question=id)
            await asker.do("question.edit", question=id, text=text, lang="en")
        await moderator.do("question.dismiss", question=id, reason="unclear")
        await asker.do("question.appeal", question=id, text="I wish to know.")
        await moderator.do("question.merge", question=id, into=other)
        await moderator.do("question.unmerge", question=id)
        await moderator.do("question.publish", question=id)
        await asker.do("question.withdraw", question=id)
        await moderator.until(lambda talk: talk.staff["questions"][id]["state"] == "withdrawn")
        for told in (moderator.heard, reader.heard):
            assert "secret-person" not in json.dumps(told)
        log = await site.http.get(f"/api/sessions/{SESSION}/moderation", headers=site.bearer("moderator"))
        assert "secret-person" not in log.text
        assert "secret-person" not in repr((await rows(site)).log.entries)


async def test_merged_questions_count_each_person_once_and_come_apart_again(site: Site) -> None:
    first, second = await published(site, "Who owns the archive?", "¿De quién es el archivo?")
    async with site.talk(person="both") as both, site.talk(person="one") as one, site.talk("moderator") as moderator:
        for question in (first, second):
            await both.do("question.vote", question=question, on=True)
        await one.do("question.vote", question=second, on=True)
        assert await moderator.do("question.merge", question=second, into=first) == {}
        await one.until(lambda talk: second not in talk.public["questions"] and talk.public["questions"][first]["votes"] == 3)
        await one.until(lambda talk: talk.me["voted"].get(first))
        assert (await rows(site)).questions.find(second).merged_into == first
        async with site.talk(person="one") as again:
            assert again.me["voted"][first] is True
        assert await moderator.do("question.unmerge", question=second) == {}
        await one.until(lambda talk: second in talk.public["questions"] and first not in talk.me["voted"])
        await one.until(lambda talk: talk.public["questions"][first]["votes"] == 1)
        assert one.public["questions"][second]["votes"] == 2


async def test_a_question_asked_again_in_other_words_is_suggested_to_the_moderator_alone(site: Site) -> None:
    async with site.talk() as asker, site.talk("moderator") as moderator:
        first = await asker.ask("How do we fund independent films?")
        second = await asker.ask("How can we fund independent films?")
        await moderator.until(lambda talk: second in talk.staff["questions"])
        assert moderator.staff["questions"][second]["similar"] == [first]
        assert "similar" not in asker.me["questions"][second]


async def test_a_correction_of_a_translation_reaches_all_readers(site: Site) -> None:
    (id,) = await published(site, "Where is the future of cinema?")
    async with site.talk(person="reader") as reader, site.talk("interpreter") as interpreter:
        text = "¿Dónde está el porvenir del cine?"
        assert await interpreter.do("question.translate", question=id, lang="es", text=text) == {}
        await reader.until(lambda talk: talk.public["questions"][id]["translations"].get("es") == text)
        assert reader.public["questions"][id]["corrected"] == ["es"]
    async with site.talk("moderator") as moderator, site.talk("interpreter") as interpreter:
        waiting = await moderator.ask("Not yet seen")
        assert (await interpreter.do("question.translate", question=waiting, lang="es", text="No"))["code"] == "not_found"


async def test_a_written_answer_is_read_in_every_language(site: Site) -> None:
    (id,) = await published(site, "Where is the future of cinema?")
    async with site.talk("speaker") as speaker, site.talk() as reader:
        assert await speaker.do("question.answer", question=id, text="In small towns.") == {}
        await reader.until(lambda talk: "es" in talk.public["questions"][id].get("answer_translations", {}))
        seen = reader.public["questions"][id]
        assert (seen["answer"], seen["answer_lang"]) == ("In small towns.", "en")
        assert "pueblos" in seen["answer_translations"]["es"] or "ciudades" in seen["answer_translations"]["es"]
        last = next(reversed(site.services.lives[SESSION].log.entries))
        async with site.talk("moderator") as moderator:
            await moderator.do("moderation.undo", entry=last)
            await reader.until(lambda talk: "answer" not in talk.public["questions"][id])
            assert "answer_translations" not in reader.public["questions"][id]
            await moderator.do("moderation.undo", entry=last + 1)
            await reader.until(lambda talk: "es" in talk.public["questions"][id].get("answer_translations", {}))


async def test_what_waited_for_translation_when_the_service_stopped_is_translated_at_the_next_start(tmp_path: Path) -> None:
    asked = question(text="Where is the future of cinema?", state="published")
    planted = seed()
    planted.questions[SESSION] = [asked]
    async with (
        running(Settings(port=0, data=tmp_path), planted) as server,
        httpx.AsyncClient() as http,
        Site(http, server).talk() as reader,
    ):
        await reader.until(lambda talk: "es" in talk.public["questions"][asked.id]["translations"])
        assert "cine" in reader.public["questions"][asked.id]["translations"]["es"]


async def test_a_watched_word_is_a_hint_to_staff_and_changes_nothing_else(site: Site) -> None:
    (id,) = await published(site, "Where did the Money go?")
    async with site.talk("moderator") as moderator, site.talk(person="reader") as reader:
        assert await moderator.do("moderation.watch", lang="en", words=["money", "gold"]) == {}
        await moderator.until(lambda talk: talk.staff["questions"][id].get("flagged") == ["money"])
        assert moderator.staff["watched"] == {"en": ["money", "gold"]}
        later = await reader.ask("Is all that glitters gold?")
        await moderator.until(lambda talk: later in talk.staff["questions"])
        assert (moderator.staff["questions"][later]["state"], moderator.staff["questions"][later]["flagged"]) == ("pending", ["gold"])
        await moderator.do("moderation.undo", entry=next(reversed(site.services.lives[SESSION].log.entries)))
        await moderator.until(lambda talk: "flagged" not in talk.staff["questions"][id] and talk.staff["watched"] == {})
        assert "flagged" not in json.dumps(reader.heard)
        assert "gold" not in json.dumps([message for message in reader.heard if message["type"] != "my"])
    assert (await rows(site)).questions.watched == {}


async def test_slow_mode_is_told_to_all_and_says_how_long_to_wait(site: Site) -> None:
    async with site.talk() as asker, site.talk("moderator") as moderator:
        assert await moderator.do("question.slow", seconds=60) == {}
        await asker.until(lambda talk: talk.public.get("slow") == 60)
        await asker.ask()
        problem = await asker.do("question.ask", text="And?", lang="en")
        assert (problem["code"], problem["status"]) == ("too_soon", 429)
        assert 55 <= problem["retry_after"] <= 60
        assert await moderator.do("question.slow", seconds=0) == {}
        await asker.until(lambda talk: "slow" not in talk.public)
        await asker.ask()


async def test_edits_push_no_moderators_act_out_of_sight_nor_do_their_numbers_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.moderation.ENTRIES_LIMIT", 20)
    async with opened(tmp_path) as site, site.talk() as asker, site.talk("moderator") as moderator:
        id = await asker.ask()
        assert await moderator.do("question.label", question=id, labels=["money"]) == {}
        for number in range(30):
            assert await asker.do("question.edit", question=id, text=f"Why {number}?", lang="en") == {}
        assert await moderator.do("question.label", question=id, labels=["law"]) == {}
        await moderator.until(lambda talk: "32" in talk.staff["log"])
        assert [entry["act"] for entry in moderator.staff["log"].values() if "role" in entry] == ["question.label"] * 2
    async with opened(tmp_path) as site, site.talk("moderator") as moderator:
        assert [entry["act"] for entry in moderator.staff["log"].values() if "role" in entry] == ["question.label"] * 2
        assert await moderator.do("moderation.undo", entry=32) == {}
        await moderator.until(lambda talk: "33" in talk.staff["log"])
        newest = await site.services.store.read(partial(loading.log, session=SESSION, limit=4))
        assert (list(newest.entries), newest.last) == ([1, 31, 32, 33], 33), "moderators' acts come first, then the newest of authors"


async def test_staff_acts_at_the_floor_and_on_the_policy_are_in_the_log(site: Site) -> None:
    async with site.talk() as guest, site.talk("moderator") as moderator:
        await guest.do("floor.raise")
        hand = next(iter(site.services.lives[SESSION].podium.floor.hands))
        assert await moderator.do("floor.invite", hand=hand) == {}
        assert await guest.do("floor.accept") == {}
        assert await moderator.do("floor.call", hand=hand) == {}
        assert await moderator.do("floor.down", hand=hand) == {}
        assert await moderator.do("policy.pick", format="seminar") == {}
        await moderator.until(lambda talk: len(talk.staff["log"]) == 4)
        acts = [(entry["act"], entry["role"]) for entry in moderator.staff["log"].values()]
        assert acts == [(act, "moderator") for act in ("floor.invite", "floor.call", "floor.down", "policy.set")]


async def test_two_moderators_at_the_stage_do_not_clear_what_they_did_not_see(site: Site) -> None:
    one, two, three = await published(site, "One?", "Two?", "Three?")
    async with site.talk("moderator", person="mo") as mo, site.talk("moderator", person="jo") as jo:
        assert await mo.do("question.highlight", question=one, expected_stage=None) == {}
        assert (await jo.do("question.highlight", question=two, expected_stage=None))["code"] == "conflict"
        assert await jo.do("question.highlight", question=two, expected_stage=one) == {}
        for wanted in (None, three):
            refused = await mo.do("question.highlight", question=wanted, expected_stage=one)
            assert (refused["code"], refused["current"]["id"]) == ("conflict", two)
        assert await mo.do("question.highlight", question=two, expected_stage=one) == {}, "it is as wanted"
        assert await mo.do("question.highlight", question=None, expected_stage=two) == {}
        assert await jo.do("question.highlight", question=None, expected_stage=two) == {}, "it is as wanted"
        await jo.until(lambda talk: "stage" not in talk.staff)


async def test_the_fair_order_follows_the_regions_people_declared_and_tells_them_to_nobody(site: Site) -> None:
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    people = {}
    for name, region in (("Ines", "Patagonia"), ("Juan", "Patagonia"), ("Kofi", "Ashanti")):
        joined = await site.http.post(f"/api/join/{code}", json={"lang": "en", "name": name, "region": region})
        people[name] = joined.json()["token"]
    ids = {}
    for name, token in people.items():
        async with site.talk(token=token) as talk:
            ids[name] = await talk.ask(f"{name} asks: why?")
    async with site.talk("moderator") as moderator, site.talk(person="reader") as reader:
        for id in ids.values():
            await moderator.do("question.publish", question=id)
        await moderator.until(lambda talk: talk.staff["next"] == [ids["Ines"], ids["Kofi"], ids["Juan"]])
        await moderator.do("question.highlight", question=ids["Ines"])
        await moderator.until(lambda talk: talk.staff["next"] == [ids["Kofi"], ids["Juan"]])
        await reader.until(lambda talk: talk.public["next"] == [ids["Kofi"], ids["Juan"]])
        assert "Patagonia" not in json.dumps(reader.heard)
        for message in moderator.heard:  # how many of each region are here is counted for staff; who they are is not said
            message.get("data", {}).pop("presence", None)
        assert "Patagonia" not in json.dumps(moderator.heard)
