"""Two moderators at once: whatever they do, everyone sees the same, the rows agree, and the log tells the whole way there."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest

from server.patch import Doc
from sessions import loading
from sessions import moderation as rules
from tests.server.site import SESSION, Site, Talk, site, unhurried

__all__ = ["site", "unhurried"]

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


@pytest.mark.usefixtures("unhurried")
async def test_two_moderators_who_race_a_thousand_acts_never_corrupt_the_state(site: Site) -> None:
    ids = []
    for number in range(4):
        async with site.talk(person=f"asker-{number}") as asker:
            ids += [await asker.ask(f"Question {number}.{inner}?") for inner in range(3)]
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
            check(await site.services.store.read(partial(loading.held, session=SESSION)), late.staff)


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
