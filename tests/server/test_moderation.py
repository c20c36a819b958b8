"""Fair moderation over the socket: acts are logged and undone, a conflict shows what is there, askers follow what becomes of their own."""

import asyncio
import json
import random
from functools import partial
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from server import wire
from server.patch import Doc
from server.serving import running
from server.settings import Settings
from sessions import loading
from sessions import moderation as rules
from sessions.people import RIGHTS, Role
from tests.server.site import SESSION, Site, Talk, seed, site
from tests.sessions.making import question

__all__ = ["site"]


async def ask(talk: Talk, text: str = "Who owns the archive?", **fields: Any) -> str:
    return str((await talk.do("question.ask", text=text, lang="en", **fields))["question"])


async def published(site: Site, *texts: str) -> list[str]:
    async with site.talk(person="asker") as asker, site.talk("moderator") as moderator:
        ids = [await ask(asker, text) for text in texts]
        for id in ids:
            assert await moderator.do("question.publish", question=id) == {}
    return ids


async def rows(site: Site) -> loading.Held:
    return await site.services.store.read(partial(loading.held, session=SESSION))


async def test_the_asker_follows_their_question_and_appeals_once(site: Site) -> None:
    async with site.talk() as asker, site.talk("moderator") as moderator:
        id = await ask(asker)
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
        id = await ask(asker)
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
        assert problem["current"] == other.staff["questions"][id]
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
        id = await ask(asker, "Who decides?", anonymous=True)
        other = await ask(reader, "Who decides on this?")
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
        first = await ask(asker, "How do we fund independent films?")
        second = await ask(asker, "How can we fund independent films?")
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
        waiting = await ask(moderator, "Not yet seen")
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
        later = await ask(reader, "Is all that glitters gold?")
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
        await ask(asker)
        problem = await asker.do("question.ask", text="And?", lang="en")
        assert (problem["code"], problem["status"]) == ("too_soon", 429)
        assert 55 <= problem["retry_after"] <= 60
        assert await moderator.do("question.slow", seconds=0) == {}
        await asker.until(lambda talk: "slow" not in talk.public)
        await ask(asker)


async def test_the_fair_order_follows_the_regions_people_declared_and_tells_them_to_nobody(site: Site) -> None:
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    people = {}
    for name, region in (("Ines", "Patagonia"), ("Juan", "Patagonia"), ("Kofi", "Ashanti")):
        joined = await site.http.post(f"/api/join/{code}", json={"lang": "en", "name": name, "region": region})
        people[name] = joined.json()["token"]
    ids = {}
    for name, token in people.items():
        async with site.talk(token=token) as talk:
            ids[name] = await ask(talk, f"{name} asks: why?")
    async with site.talk("moderator") as moderator:
        for id in ids.values():
            await moderator.do("question.publish", question=id)
        await moderator.until(lambda talk: talk.staff["next"] == [ids["Ines"], ids["Kofi"], ids["Juan"]])
        await moderator.do("question.highlight", question=ids["Ines"])
        await moderator.until(lambda talk: talk.staff["next"] == [ids["Kofi"], ids["Juan"]])
        assert "Patagonia" not in json.dumps(moderator.heard)


# ---- rights

COMMANDS: dict[str, Doc] = {
    "question.ask": {"text": "Why?", "lang": "en"},
    "question.edit": {"question": "mine", "text": "Why so?", "lang": "en"},
    "question.withdraw": {"question": "mine"},
    "question.appeal": {"question": "mine", "text": "Please."},
    "question.vote": {"question": "public", "on": True},
    "question.publish": {"question": "waiting"},
    "question.dismiss": {"question": "waiting", "reason": "time"},
    "question.archive": {"question": "public"},
    "question.restore": {"question": "archived"},
    "question.highlight": {"question": "public"},
    "question.take": {"question": "public"},
    "question.answer": {"question": "public"},
    "question.reopen": {"question": "public"},
    "question.label": {"question": "public", "labels": ["money"]},
    "question.merge": {"question": "public", "into": "other"},
    "question.unmerge": {"question": "public"},
    "question.translate": {"question": "public", "lang": "fr", "text": "Pourquoi ?"},
    "question.slow": {"seconds": 0},
    "moderation.watch": {"lang": "en", "words": ["money"]},
    "moderation.undo": {"entry": 1},
}
"""Each command with what makes it possible, so that only the right to it decides."""


def test_no_command_about_questions_is_left_out() -> None:
    tags = {command.__struct_config__.tag for command in get_args(wire.Command)}
    assert set(COMMANDS) == {tag for tag in tags if tag.split(".")[0] in ("question", "moderation")}


@pytest.mark.parametrize("role", [role for role in Role if "session.read" in RIGHTS[role]])
async def test_each_role_does_exactly_what_the_table_says(site: Site, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.sockets.BURST", 1_000)
    monkeypatch.setattr("sessions.asking.PENDING_LIMIT", 1_000)
    async with site.talk(role, person="caller") as caller:
        for type, fields in COMMANDS.items():
            async with site.talk("organiser", person=f"organiser-{type.replace('.', '-')}") as organiser:
                command = fields | await prepared(site, type, organiser, caller if "question.ask" in RIGHTS[role] else organiser)
                answer = await caller.do(type, **command)
            if type in RIGHTS[role]:
                assert "code" not in answer, (type, answer)
            else:
                assert (answer["code"], answer["status"]) == ("forbidden", 403), type


async def prepared(site: Site, type: str, organiser: Talk, author: Talk) -> Doc:
    """Make what a command is about; its fields that name it."""
    ids = {name: await ask(organiser, f"{type}: {name}?") for name in ("waiting", "public", "other", "archived")}
    ids["mine"] = await ask(author, f"{type}: mine?")
    for name in ("public", "other", "archived"):
        await organiser.do("question.publish", question=ids[name])
    await organiser.do("question.archive", question=ids["archived"])
    if type == "question.appeal":
        await organiser.do("question.dismiss", question=ids["mine"], reason="time")
    named = {key: ids[value] for key, value in COMMANDS[type].items() if key in ("question", "into")}
    if type == "moderation.undo":
        await organiser.do("question.label", question=ids["public"], labels=["money"])
        named["entry"] = next(reversed(site.services.lives[SESSION].log.entries))
    return named


async def test_an_encoder_is_not_let_in(site: Site) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        async with site.talk("publisher"):
            pass
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


# ---- a race

ACTS = 1_000
ON_QUESTIONS = (
    "publish",
    "publish",
    "publish",
    "dismiss",
    "archive",
    "restore",
    "highlight",
    "take",
    "answer",
    "reopen",
    "merge",
    "unmerge",
)
RACED = (*ON_QUESTIONS, "label", "translate", "slow", "watch", "undo")


async def test_two_moderators_who_race_a_thousand_acts_never_corrupt_the_state(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.sockets.BURST", 5_000)
    ids = []
    for number in range(4):
        async with site.talk(person=f"asker-{number}") as asker:
            ids += [await ask(asker, f"Question {number}.{inner}?") for inner in range(3)]
    async with site.talk("organiser") as organiser:
        await organiser.do("question.slow", seconds=1)  # so that there is something to undo
    async with (
        site.talk("moderator", person="mo") as mo,
        site.talk("moderator", person="jo") as jo,
        site.talk(person="reader") as reader,
    ):
        answers = await asyncio.gather(race(mo, ids, seed=1), race(jo, ids, seed=2))
        outcomes = [answer.get("code", "done") for own in answers for answer in own]
        assert len(outcomes) == ACTS
        assert set(outcomes) == {"done", "conflict"}
        assert min(outcomes.count("done"), outcomes.count("conflict")) > ACTS // 10
        async with site.talk("moderator", person="late") as late, site.talk(person="last") as last:
            for talk in (mo, jo):
                await level(talk, late, f"{SESSION}/staff")
            await level(reader, last, f"{SESSION}/public")
            assert reader.public["questions"].keys() == {id for id, one in late.staff["questions"].items() if shown(one)}
            check(await rows(site), late.staff)


async def level(talk: Talk, late: Talk, channel: str) -> None:
    """Who heard every update knows what a latecomer is told."""
    seq = late.places[channel]["seq"]
    await talk.until(lambda talk: talk.places[channel]["seq"] >= seq)
    assert talk.states[channel] == late.states[channel]


async def race(talk: Talk, ids: list[str], seed: int) -> list[Doc]:
    """Half of the acts, each on what one has seen a moment ago, several under way at once."""
    dice = random.Random(seed)
    answers: list[Doc] = []
    while len(answers) < ACTS // 2:
        said = {await talk.say(*act[:1], **act[1]) for act in (choose(dice, talk.staff, ids) for _ in range(5))}
        while said:
            message = await talk.hear()
            if message.get("id") in said:
                said.remove(message["id"])
                answers.append(message["result"] if message["type"] == "ack" else message["problem"])
    return answers


def choose(dice: random.Random, state: Doc, ids: list[str]) -> tuple[str, Doc]:
    id, act = dice.choice(ids), dice.choice(RACED)
    whole: dict[str, tuple[str, Doc]] = {
        "slow": ("question.slow", {"seconds": dice.choice([0, 30])}),
        "watch": ("moderation.watch", {"lang": dice.choice(["en", "es"]), "words": [dice.choice(["question", "nothing"])]}),
        "undo": ("moderation.undo", {"entry": int(dice.choice(sorted(state["log"], key=int)[-10:]))}),
    }
    more: dict[str, Doc] = {
        "dismiss": {"reason": dice.choice(["time", "conduct"])},
        "merge": {"into": dice.choice(ids)},
        "label": {"labels": [dice.choice("abc")]},
        "answer": {"text": dice.choice(["Because.", "So."])},
        "translate": {"lang": dice.choice(["fr", "de"]), "text": dice.choice(["Un", "Deux"])},
    }
    version = {"expected_version": state["questions"][id]["version"]} if dice.random() < 0.7 else {}
    return whole.get(act) or (f"question.{act}", {"question": id} | version | more.get(act, {}))


def shown(question: Doc) -> bool:
    return question["state"] == "published" and "merged_into" not in question


def check(held: loading.Held, staff: Doc) -> None:
    """The rows are what the moderators see, and the log tells the whole way there."""
    for id, item in held.questions.items.items():
        seen = staff["questions"][id]
        assert (item.state, item.version, item.labels) == (seen["state"], seen["version"], seen.get("labels", []))
        assert (item.answer_state, item.answer, item.merged_into) == (seen["answer_state"], seen.get("answer"), seen.get("merged_into"))
    assert held.questions.stage == staff.get("stage")
    entries = list(held.log.entries.values())
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert held.log.acts == staff["moderation"]["acts"]
    assert {lang: list(words) for lang, words in held.questions.watched.items()} == staff["watched"]
    facts: dict[tuple[str | None, str], Any] = {}
    for entry in entries:
        for name, before in entry.before.items():
            fact = (None if name in ("stage", "slow") or name.startswith("watched:") else entry.question, name)
            assert facts.get(fact, before) == before, entry
            facts[fact] = entry.after[name]
    for (id, name), value in facts.items():
        assert value == rules.facts(held.questions, id).get(name)
