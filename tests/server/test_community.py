"""Announcements, the chat and the problem board over the socket: told to whom they concern, durable, and translated like questions."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
import pytest

from server import wire
from server.patch import Doc
from server.seeding import Seed
from server.serving import running
from server.settings import Settings
from sessions import community
from sessions.people import RIGHTS, Role
from sessions.programme import Event, Track
from tests.server.site import SESSION, Site, Talk, session, unhurried

__all__ = ["unhurried"]

CHAT, BOARD = f"{SESSION}/chat", f"{SESSION}/problems"


@asynccontextmanager
async def forum(data: Path, format: Any = "forum") -> AsyncIterator[Site]:
    """A server whose session has a chat."""
    made = msgspec.structs.replace(session(SESSION), format=format)
    event = Event(id="wfic", names={"en": "Conference"}, tracks=[Track(id="film", names={"en": "Film"})], sessions=[made])
    async with running(Settings(port=0, data=data), Seed(event)) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        yield Site(http, server)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with forum(tmp_path) as site:
        yield site


async def follow(talk: Talk, *channels: str) -> None:
    for channel in channels:
        assert await talk.do("channel.subscribe", channel=channel) == {}
        await talk.until(lambda talk, channel=channel: channel in talk.states)


async def rows(site: Site) -> community.Held:
    return await site.services.store.read(partial(community.held, session=SESSION))


async def test_an_announcement_is_told_translated_read_and_withdrawn(site: Site) -> None:
    async with site.talk("moderator") as moderator, site.talk() as reader, site.talk(person="other") as other:
        made = await moderator.do("announcement.compose", texts={"en": "The house is big.", "zh": "房子很大。"}, severity="urgent")
        id = made["announcement"]
        await reader.until(lambda talk: "es" in talk.public["announcements"][id].get("translations", {}))
        told = reader.public["announcements"][id]
        assert (told["severity"], told["state"], told["texts"]["zh"]) == ("urgent", "published", "房子很大。")
        assert told["translations"] == {"es": "La casa es grande."}
        assert "acknowledged" not in told
        for talk in (reader, other, reader):
            assert await talk.do("announcement.acknowledge", announcement=id) == {}
        await moderator.until(lambda talk: talk.staff["announcements"][id]["acknowledged"] == 2)
        assert reader.me["acknowledged"] == {id: True}
        assert await moderator.do("announcement.withdraw", announcement=id) == {}
        await reader.until(lambda talk: id not in talk.public["announcements"])
        await moderator.until(lambda talk: talk.staff["announcements"][id]["state"] == "withdrawn")
        assert (await reader.do("announcement.acknowledge", announcement=id))["code"] == "not_found"


async def test_what_is_scheduled_comes_out_after_a_restart_and_ends_in_time(tmp_path: Path) -> None:
    async with forum(tmp_path) as site, site.talk("organiser") as organiser:
        now = time.time_ns() // 1_000_000
        at = {"publish_at": now + 4_000, "expires_at": now + 6_000}
        id = (await organiser.do("announcement.compose", texts={"en": "Lunch."}, **at))["announcement"]
        await organiser.until(lambda talk: talk.staff["announcements"][id]["state"] == "scheduled")
        async with site.talk() as reader:
            assert reader.public["announcements"] == {}
    async with forum(tmp_path) as site, site.talk() as reader:
        await reader.until(lambda talk: id in talk.public["announcements"] or time.time_ns() // 1_000_000 > now + 5_900)
        await reader.until(lambda talk: id not in talk.public["announcements"])
        assert time.time_ns() // 1_000_000 >= now + 5_900


async def test_a_chat_is_written_moderated_and_kept(site: Site) -> None:
    async with site.talk(person="ana") as ana, site.talk(person="ben") as ben, site.talk("moderator") as moderator:
        for talk in (ana, ben):
            await follow(talk, CHAT)
        await follow(moderator, f"{CHAT}/staff")
        one = (await ana.do("chat.send", text="The house is big.", lang="en"))["message"]
        await ben.until(lambda talk: talk.states[CHAT]["messages"][one].get("translations"))
        assert ben.states[CHAT]["messages"][one]["translations"] == {"es": "La casa es grande."}
        assert await moderator.do("chat.hide", message=one, reason="conduct") == {}
        await ben.until(lambda talk: one not in talk.states[CHAT]["messages"])
        await ana.until(lambda talk: talk.me["messages"][one].get("reason") == "conduct")
        await moderator.until(lambda talk: talk.states[f"{CHAT}/staff"]["messages"][one].get("state") == "hidden")
        assert await moderator.do("chat.mute", message=one, on=True) == {}
        assert (await ana.do("chat.send", text="Why?", lang="en"))["code"] == "forbidden"
        assert ana.me["muted"] is True
        log = site.services.lives[SESSION].log
        assert [entry.act for entry in log.entries.values()] == ["chat.hide", "chat.mute"]
        for number in (2, 1):
            assert await moderator.do("moderation.undo", entry=number) == {}
        await ben.until(lambda talk: one in talk.states[CHAT]["messages"])
        await ana.until(lambda talk: "reason" not in talk.me["messages"][one])
        assert await moderator.do("chat.slow", seconds=60) == {}
        refused = await ana.do("chat.send", text="Again", lang="en")
        assert (refused["code"], 0 < refused["retry_after"] <= 60) == ("too_soon", True)
        assert (await ben.do("chat.retract", message=one))["code"] == "not_found"
        assert await ana.do("chat.retract", message=one) == {}
        await ben.until(lambda talk: one not in talk.states[CHAT]["messages"])
        async with site.talk(person="late") as late:
            await follow(late, CHAT)
            assert late.states[CHAT] == ben.states[CHAT] == {"messages": {}, "slow": 60}
        kept = await rows(site)
        assert (kept.chat.slow, kept.chat.items[one].state, kept.chat.items[one].text, kept.chat.muted) == (60, "retracted", "", set())


async def test_a_question_becomes_a_bulletin_with_solutions_and_votes(site: Site) -> None:
    async with site.talk(person="ana") as ana, site.talk(person="ben") as ben, site.talk("moderator") as moderator:
        for talk in (ana, ben):
            await follow(talk, BOARD)
        await follow(moderator, f"{BOARD}/staff")
        gone = await ana.ask("The house was sold.")
        assert await ana.do("question.withdraw", question=gone) == {}
        assert (await moderator.do("problem.promote", question=gone))["code"] == "conflict"
        question = await ana.ask("The house is big.")
        problem = (await moderator.do("problem.promote", question=question))["problem"]
        assert (await ana.do("solution.propose", problem=problem, text="Sell it.", lang="en"))["code"] == "not_found"
        revised = {"problem": problem, "text": "The house is small.", "lang": "en"}
        assert await moderator.do("problem.revise", **revised, expected_version=1) == {}
        refused = await moderator.do("problem.revise", **revised, expected_version=1)
        assert (refused["code"], refused["current"]["version"]) == ("conflict", 2)
        assert ana.states[BOARD] == {"problems": {}, "solutions": {}}
        assert await moderator.do("problem.publish", problem=problem) == {}
        await ben.until(lambda talk: talk.states[BOARD]["problems"][problem].get("translations"))
        bulletin = ben.states[BOARD]["problems"][problem]
        assert bulletin["translations"] == {"es": "La casa es pequeña."}
        assert ("former" in bulletin, bulletin["version"]) == (False, 1), "what a draft said is nobody's but staff's"
        await moderator.until(lambda talk: "former" in talk.states[f"{BOARD}/staff"]["problems"][problem])
        assert [one["text"] for one in moderator.states[f"{BOARD}/staff"]["problems"][problem]["former"]] == ["The house is big."]
        assert await moderator.do("problem.revise", problem=problem, text="The house is old.", lang="en") == {}
        await ben.until(lambda talk: talk.states[BOARD]["problems"][problem]["version"] == 2)
        assert [one["text"] for one in ben.states[BOARD]["problems"][problem]["former"]] == ["The house is small."]
        solution = (await ana.do("solution.propose", problem=problem, text="Sell it.", lang="en", anonymous=True))["solution"]
        await ben.until(lambda talk: solution in talk.states[BOARD]["solutions"])
        for on in (True, True, False, True):
            assert await ben.do("solution.support", solution=solution, on=on) == {}
        await ana.until(lambda talk: talk.states[BOARD]["solutions"][solution]["votes"] == 1)
        assert ben.me["supported"] == {solution: True}
        assert "author" not in ana.states[BOARD]["solutions"][solution]
        assert await ana.do("solution.amend", solution=solution, text="Rent it.", lang="en") == {}
        await ben.until(lambda talk: talk.states[BOARD]["solutions"][solution]["version"] == 2)
        assert await moderator.do("solution.hide", solution=solution, reason="unclear") == {}
        await ben.until(lambda talk: solution not in talk.states[BOARD]["solutions"])
        await ana.until(lambda talk: talk.me["solutions"][solution].get("reason") == "unclear")
        kept = (await rows(site)).problems
        assert kept.solutions[solution].support == {"ben"}
        assert [version.text for version in kept.solutions[solution].versions] == ["Sell it.", "Rent it."]
        assert await moderator.do("problem.withdraw", problem=problem) == {}
        await ben.until(lambda talk: problem not in talk.states[BOARD]["problems"])


async def test_who_withdraws_a_question_is_no_longer_named_by_what_was_made_of_it(site: Site) -> None:
    async with site.talk(person="ana") as ana, site.talk("moderator") as moderator:
        await follow(ana, BOARD)
        await follow(moderator, f"{BOARD}/staff")
        questions = [await ana.ask("Who sold the house?"), await ana.ask("Who sold the garden?")]
        draft, bulletin = [(await moderator.do("problem.promote", question=question))["problem"] for question in questions]
        assert await moderator.do("problem.publish", problem=bulletin) == {}
        await ana.until(lambda talk: talk.states[BOARD]["problems"][bulletin]["question"] == questions[1])
        for question in questions:
            assert await ana.do("question.withdraw", question=question) == {}
        await ana.until(lambda talk: "question" not in talk.states[BOARD]["problems"][bulletin])
        assert ana.states[BOARD]["problems"][bulletin]["text"] == "Who sold the garden?"
        await moderator.until(lambda talk: talk.states[f"{BOARD}/staff"]["problems"][draft]["text"] == "")
        assert "question" not in moderator.states[f"{BOARD}/staff"]["problems"][draft]
        assert (await moderator.do("problem.publish", problem=draft))["code"] == "conflict"
        kept = (await rows(site)).problems
        assert ([one.text for one in kept.find(draft).versions], kept.find(draft).taken_back) == ([""], True)
        assert [(one.text, one.public) for one in kept.find(bulletin).versions] == [("Who sold the garden?", True)]
        sheet = await site.http.get(f"/api/sessions/{SESSION}/exports/problems.csv", headers=site.bearer("moderator"))
        assert "Who sold the garden?" in sheet.text
        assert not [text for text in ("Who sold the house?", *questions) if text in sheet.text]


COMMANDS: dict[str, Doc] = {
    "announcement.compose": {"texts": {"en": "Lunch."}},
    "announcement.acknowledge": {"announcement": "notice"},
    "chat.send": {"text": "Hello", "lang": "en"},
    "chat.retract": {"message": "own message"},
    "chat.hide": {"message": "message", "reason": "conduct"},
    "chat.show": {"message": "message"},
    "chat.mute": {"message": "message", "on": False},
    "chat.slow": {"seconds": 0},
    "problem.promote": {"question": "question"},
    "problem.revise": {"problem": "problem", "text": "Why?", "lang": "en"},
    "problem.publish": {"problem": "problem"},
    "solution.propose": {"problem": "problem", "text": "So.", "lang": "en"},
    "solution.amend": {"solution": "own solution", "text": "Not so.", "lang": "en"},
    "solution.support": {"solution": "solution", "on": True},
    "solution.hide": {"solution": "solution", "reason": "unclear"},
    "solution.show": {"solution": "solution"},
    "solution.retract": {"solution": "own solution"},
    "problem.withdraw": {"problem": "problem"},
    "announcement.withdraw": {"announcement": "notice"},
}
"""Each command with what makes it possible, so that only the right to it decides."""

NAMED = ("announcement", "message", "question", "problem", "solution")
AREAS = ("announcement", "chat", "problem", "solution")


def test_no_command_of_the_community_is_left_out() -> None:
    tags = {command.__struct_config__.tag for command in get_args(wire.Command)}
    assert set(COMMANDS) == {tag for tag in tags if tag.split(".")[0] in AREAS}


@pytest.mark.usefixtures("unhurried")
async def test_each_role_does_exactly_what_the_table_says(site: Site) -> None:
    for role in (role for role in Role if "session.read" in RIGHTS[role]):
        async with site.talk(role, person=f"caller-{role}") as caller, site.talk("organiser", person=f"helper-{role}") as helper:
            ids = await prepared(caller if "chat.send" in RIGHTS[role] else helper, helper)
            for type, fields in COMMANDS.items():
                named = {key: ids[value] for key, value in fields.items() if key in NAMED}
                answer = await caller.do(type, **fields | named)
                if type in RIGHTS[role]:
                    assert "code" not in answer, (role, type, answer)
                else:
                    assert (answer["code"], answer["status"]) == ("forbidden", 403), (role, type)


async def prepared(caller: Talk, helper: Talk) -> dict[str, str]:
    """Make what the commands are about."""
    ids = {"question": await helper.ask("Why?"), "notice": (await helper.do("announcement.compose", texts={"en": "Hi."}))["announcement"]}
    ids["problem"] = (await helper.do("problem.promote", question=await helper.ask("Where?")))["problem"]
    await helper.do("problem.publish", problem=ids["problem"])
    for name, talk in (("", helper), ("own ", caller)):
        ids[f"{name}message"] = (await talk.do("chat.send", text="Hi", lang="en"))["message"]
        ids[f"{name}solution"] = (await talk.do("solution.propose", problem=ids["problem"], text="So.", lang="en"))["solution"]
    return ids


async def test_a_lecture_has_no_chat_and_a_summit_one_for_its_staff(tmp_path: Path) -> None:
    async with forum(tmp_path, "summit") as site, site.talk() as attendee, site.talk("moderator") as moderator:
        assert (await attendee.do("chat.send", text="Hi", lang="en"))["code"] == "feature_off"
        assert (await attendee.do("channel.subscribe", channel=CHAT))["code"] == "unknown_channel"
        await follow(moderator, f"{CHAT}/staff")
        assert "message" in await moderator.do("chat.send", text="Hi", lang="en")
    async with forum(tmp_path / "lecture", "lecture") as site, site.talk("moderator") as moderator:
        assert (await moderator.do("chat.send", text="Hi", lang="en"))["code"] == "feature_off"


async def test_after_a_restart_a_mute_can_be_ended_and_a_person_has_written_what_they_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.chat.HISTORY_LIMIT", 2)
    monkeypatch.setattr("sessions.chat.PERSON_LIMIT", 4)
    async with forum(tmp_path) as site, site.talk(person="ana") as ana, site.talk(person="ben") as ben, site.talk("moderator") as moderator:
        own = (await ana.do("chat.send", text="Hello", lang="en"))["message"]
        assert await moderator.do("chat.mute", message=own, on=True) == {}
        for number in range(4):
            assert "message" in await ben.do("chat.send", text=f"Hi {number}", lang="en")
    async with forum(tmp_path) as site, site.talk(person="ana") as ana, site.talk(person="ben") as ben, site.talk("moderator") as moderator:
        assert (await ben.do("chat.send", text="Hi again", lang="en"))["code"] == "too_many"
        assert (await ana.do("chat.send", text="Hello?", lang="en"))["code"] == "forbidden"
        assert await moderator.do("chat.mute", message=own, on=False) == {}
        assert "message" in await ana.do("chat.send", text="Thanks", lang="en")


async def test_whom_the_chat_is_no_longer_for_hears_nothing_more_of_it(site: Site) -> None:
    async with site.talk() as attendee, site.talk("moderator") as moderator, site.talk("delegate") as delegate:
        for talk, end in ((attendee, ""), (delegate, ""), (moderator, "/staff")):
            await follow(talk, f"{CHAT}{end}")
        own = (await attendee.do("chat.send", text="Hello", lang="en"))["message"]
        policy = site.services.lives[SESSION].podium.policy
        for who in ("delegates", "staff"):
            changed = msgspec.to_builtins(msgspec.structs.replace(policy, chat=who))
            assert await moderator.do("policy.set", policy=changed) == {}
            text = f"Only for {who}"
            message = (await moderator.do("chat.send", text=text, lang="en"))["message"]
            await moderator.until(lambda talk, id=message: id in talk.states[f"{CHAT}/staff"]["messages"])
            if who == "delegates":
                await delegate.until(lambda talk, id=message: id in talk.states[CHAT]["messages"])
        assert await attendee.do("chat.retract", message=own) == {}, "one's own words are taken back whatever is off"
        for talk in (attendee, delegate):
            assert await talk.do("reaction.send", reaction="heart") == {}
            assert "Only for staff" not in str(talk.heard)
        assert "Only for delegates" not in str(attendee.heard)


async def test_nobody_but_staff_follows_what_is_hidden(site: Site) -> None:
    async with site.talk() as attendee:
        for channel in (f"{CHAT}/staff", f"{BOARD}/staff"):
            assert (await attendee.do("channel.subscribe", channel=channel))["code"] == "unknown_channel"
