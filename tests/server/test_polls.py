"""Polls over the socket: made, run and voted in live; and nobody hears a tally before they may."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from sessions import loading
from tests.server.site import SESSION, Site, Talk, site

__all__ = ["site"]

Form = dict[str, Any]


def form(kind: str = "single", **others: Any) -> Form:
    """Written in all that there is a translator for, so that nothing is done to it in the background."""
    options = [{"id": id, "texts": {"en": id.upper(), "es": id.upper()}} for id in "abc"]
    return {"kind": kind, "texts": {"en": "Which?", "es": "¿Cuál?"}, "options": options} | others


async def made(speaker: Talk, form: Form, *then: str) -> str:
    """A poll of that form, with these commands done to it."""
    answer = await speaker.do("poll.create", form=form)
    id: str = answer["poll"]
    for command in then:
        assert await speaker.do(f"poll.{command}", poll=id) == {}
    return id


def tallies(talk: Talk, poll: str) -> list[Any]:
    """Every tally of a poll that this client was ever sent, by whatever path."""
    found: list[Any] = []

    def look(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "tally" and value is not None and (poll in path or f"/polls/{poll}/" in path[0]):
                    found.append(value)
                look(value, (*path, key))

    for message in talk.heard:
        look(message.get("data", message), (str(message.get("channel", message["type"])),))
    return found


async def told(talk: Talk, poll: str, voters: int) -> None:
    await talk.until(lambda talk: talk.public["polls"].get(poll, {}).get("voters") == voters)


async def test_a_poll_is_made_changed_and_deleted_while_the_session_runs(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk("moderator") as moderator, site.talk() as attendee:
        poll = await made(speaker, form(texts={"en": "Which?", "ar": "أيّ؟"}))
        await moderator.until(lambda talk: poll in talk.staff["polls"])
        assert moderator.staff["polls"][poll]["state"] == "draft"
        await moderator.do("poll.edit", poll=poll, form=form("multiple", rules={"max_choices": 2}))
        await speaker.until(lambda talk: talk.staff["polls"].get(poll, {}).get("kind") == "multiple")
        other = await made(speaker, form(), "open")
        await attendee.until(lambda talk: other in talk.public["polls"])
        assert poll not in json.dumps(attendee.heard), "a draft is the staff's own"
        assert (await speaker.do("poll.delete", poll=other))["code"] == "conflict"
        await speaker.do("poll.delete", poll=poll)
        await moderator.until(lambda talk: other in talk.staff["polls"] and poll not in talk.staff["polls"])
        held = await site.services.store.read(partial(loading.held, session=SESSION))
        assert poll not in held.polls.items
        assert held.polls.find(other).state == "open"


async def test_an_audience_makes_and_runs_nothing(site: Site) -> None:
    async with site.talk() as attendee, site.talk("screen") as screen:
        for command in ("open", "pause", "close", "reveal", "archive", "reset", "delete"):
            for talk in (attendee, screen):
                assert (await talk.do(f"poll.{command}", poll="one"))["code"] == "forbidden"
        assert (await attendee.do("poll.create", form=form()))["code"] == "forbidden"
        assert (await screen.do("poll.vote", poll="one", ballot=["a"]))["code"] == "forbidden"


@pytest.mark.parametrize(
    "wrong",
    [
        form(kind="essay"),
        form(options=[]),
        {"kind": "single"},
        form(rules={"max_choices": "many"}),
        form(texts={}),
        form(options=[{"id": "", "texts": {"en": "A"}}, {"id": "b", "texts": {"en": "B"}}]),
    ],
)
async def test_a_form_nobody_could_vote_by_is_refused(site: Site, wrong: Form) -> None:
    async with site.talk("speaker") as speaker:
        polls = dict(speaker.staff["polls"])
        assert (await speaker.do("poll.create", form=wrong))["status"] in (400, 422)
        assert speaker.staff["polls"] == polls


async def test_a_poll_goes_all_its_way_and_around_again(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, form(results_visibility="always"), "open")
        await attendee.do("poll.vote", poll=poll, ballot=["a"])
        await speaker.do("poll.pause", poll=poll)
        assert (await attendee.do("poll.vote", poll=poll, ballot=["b"]))["code"] == "closed"
        for command in ("open", "close", "reveal", "archive"):
            assert await speaker.do(f"poll.{command}", poll=poll) == {}
        await attendee.until(lambda talk: poll not in talk.public["polls"])
        await speaker.do("poll.reset", poll=poll)
        await attendee.until(lambda talk: poll not in talk.me["ballots"])
        await speaker.do("poll.open", poll=poll)
        await attendee.do("poll.vote", poll=poll, ballot=["c"])
        await attendee.until(lambda talk: talk.public["polls"].get(poll, {}).get("tally", {}).get("counts") == {"a": 0, "b": 0, "c": 1})
        assert attendee.public["polls"][poll]["round"] == 2
        # Who did which of it is in the log.
        acts = ["create", "open", "pause", "open", "close", "reveal", "archive", "reset", "open"]
        await speaker.until(lambda talk: len(talk.staff["log"]) == len(acts))
        assert [entry["act"] for entry in speaker.staff["log"].values()] == [f"poll.{act}" for act in acts]
        assert {entry["role"] for entry in speaker.staff["log"].values()} == {"speaker"}


@pytest.mark.parametrize(
    ("visibility", "open_", "closed", "published"),
    [
        ("always", (True, True), (True, True), (True, True)),
        ("after_vote", (True, False), (True, True), (True, True)),
        ("after_close", (False, False), (True, True), (True, True)),
        ("moderators", (False, False), (False, False), (True, True)),
    ],
)
async def test_nobody_is_sent_a_tally_before_they_may_know_it(
    site: Site, visibility: str, open_: tuple[bool, bool], closed: tuple[bool, bool], published: tuple[bool, bool]
) -> None:
    """For who has voted and for who has not; by snapshot, update, channel and their own messages."""
    async with site.talk("speaker") as speaker, site.talk(person="voter") as voter, site.talk(person="other") as other:
        poll = await made(speaker, form(results_visibility=visibility), "open")
        await voter.do("poll.vote", poll=poll, ballot=["a"])
        await told(voter, poll, 1)
        await asyncio.sleep(0.4)
        for command, seen in ((None, open_), ("close", closed), ("reveal", published)):
            if command is not None:
                await speaker.do(f"poll.{command}", poll=poll)
            await asyncio.sleep(0.1)  # an update may leave a tick after the ack
            for talk, may in zip((voter, other), seen, strict=True):
                await talk.do("reaction.send", reaction="wow")
                assert bool(tallies(talk, poll)) == may, (command, visibility)
            for person, may in zip(("voter", "other"), seen, strict=True):
                async with site.talk(person=person) as newcomer:
                    assert bool(tallies(newcomer, poll)) == may, (command, visibility)
        assert tallies(speaker, poll), "staff sees it all along"


async def test_who_has_voted_follows_the_tally_and_a_reset_ends_that(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk(person="voter") as voter, site.talk(person="second") as second:
        poll = await made(speaker, form(results_visibility="after_vote"), "open")
        channel = f"{SESSION}/polls/{poll}/1"
        assert (await second.do("channel.subscribe", channel=channel))["code"] == "unknown_channel"
        await voter.do("poll.vote", poll=poll, ballot=["a"])
        await voter.until(lambda talk: talk.states.get(channel, {}).get("tally", {}).get("counts") == {"a": 1, "b": 0, "c": 0})
        await second.do("poll.vote", poll=poll, ballot=["b"])
        await voter.until(lambda talk: talk.states[channel]["tally"]["counts"] == {"a": 1, "b": 1, "c": 0})
        async with site.talk(person="voter") as again:
            assert again.states[channel]["tally"]["counts"] == {"a": 1, "b": 1, "c": 0}
        await speaker.do("poll.reset", poll=poll)
        await speaker.do("poll.open", poll=poll)
        await second.do("poll.vote", poll=poll, ballot=["c"])
        await second.until(lambda talk: f"{SESSION}/polls/{poll}/2" in talk.states)
        assert (await voter.do("channel.subscribe", channel=f"{SESSION}/polls/{poll}/2"))["code"] == "unknown_channel"
        assert f"{SESSION}/polls/{poll}/2" not in voter.states


async def test_voters_follow_again_when_a_closed_poll_opens_again(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk(person="voter") as voter, site.talk(person="second") as second:
        poll = await made(speaker, form(results_visibility="after_vote"), "open")
        channel = f"{SESSION}/polls/{poll}/1"
        await voter.do("poll.vote", poll=poll, ballot=["a"])
        await speaker.do("poll.close", poll=poll)
        await speaker.do("poll.open", poll=poll)
        await second.do("poll.vote", poll=poll, ballot=["b"])
        await voter.until(lambda talk: talk.states.get(channel, {}).get("tally", {}).get("counts") == {"a": 1, "b": 1, "c": 0})


async def test_held_words_reach_only_the_staff(site: Site) -> None:
    async with site.talk("moderator") as moderator, site.talk() as attendee:
        poll = await made(moderator, form("words", rules={"max_choices": 3}, results_visibility="always"), "open")
        await attendee.do("poll.vote", poll=poll, ballot=["Cinema", "Trash", "www.spam.com"])
        await moderator.until(lambda talk: "trash" in talk.staff["polls"].get(poll, {}).get("tally", {}).get("counts", {}))
        await moderator.do("poll.hold", poll=poll, word="trash", on=True)
        await moderator.until(lambda talk: set(talk.staff["polls"][poll]["tally"].get("held", {})) == {"trash", "www.spam.com"})
        await attendee.until(lambda talk: talk.public["polls"].get(poll, {}).get("tally", {}).get("counts") == {"cinema": 1})
        assert attendee.public["polls"][poll]["tally"]["texts"] == {"cinema": "Cinema"}
        assert not [message for message in attendee.heard if message["type"] != "my" and "www.spam.com" in json.dumps(message)]
        await moderator.do("poll.hold", poll=poll, word="trash", on=False)
        await attendee.until(lambda talk: "trash" in talk.public["polls"][poll]["tally"]["counts"])
        held = await site.services.store.read(partial(loading.held, session=SESSION))
        assert held.polls.find(poll).held == {"trash": False}


@pytest.mark.parametrize(
    ("anonymity", "kind", "ballot"),
    [("named", "ranking", ["b", "a"]), ("pseudonymous", "ranking", ["b", "a"]), ("secret", "single", ["b"])],
)
async def test_staff_is_told_who_chose_what_in_a_poll_by_name_and_in_no_other(site: Site, anonymity: str, kind: str, ballot: Any) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee, site.talk(person="other") as other:
        rules = {"max_choices": len(ballot)}
        poll = await made(speaker, form(kind, rules=rules, results_visibility="always", anonymity=anonymity), "open")
        for talk in (attendee, other):
            await talk.do("poll.vote", poll=poll, ballot=ballot)

        async def get(path: str, role: str = "moderator") -> Any:
            return (await site.http.get(f"/api/sessions/{SESSION}/{path}", headers=site.bearer(role))).json()

        path, sheet = f"polls/{poll}/ballots", "exports/ballots.json"
        assert (await get(path))["code"] == "not_over"
        assert await get(sheet) == {"ballots": []}
        await speaker.do("poll.close", poll=poll)
        if anonymity == "named":
            assert (await get(path))["ballots"] == [{"name": "Attendee", "ballot": ballot}] * 2
            assert (await get(path, "attendee"))["code"] == "not_secret"
            about = {"poll": poll, "kind": "ranking", "state": "closed", "round": 1, "title": "Which?"}
            assert (await get(sheet))["ballots"] == [about | {"name": "Attendee", "choice": "b\na", "text": "B\nA"}] * 2
            return
        assert await get(sheet) == {"ballots": []}
        assert "Attendee" not in json.dumps(await get(path))


async def test_the_right_answer_of_a_quiz_is_told_when_it_is_over(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        rules = {"seconds": 60, "correct": ["b"]}
        poll = await made(speaker, form("quiz", rules=rules, results_visibility="after_close", anonymity="named"), "open")
        await attendee.do("poll.vote", poll=poll, ballot=["b"])
        assert attendee.me["ballots"][poll].keys() == {"b"}
        await told(attendee, poll, 1)
        assert "correct" not in attendee.public["polls"][poll]["rules"]
        await speaker.do("poll.close", poll=poll)
        await attendee.until(lambda talk: talk.public["polls"][poll]["state"] == "closed")
        seen = attendee.public["polls"][poll]
        assert seen["rules"]["correct"] == ["b"]
        ((leader),) = seen["tally"]["leaders"]
        assert leader["name"] == "Attendee"
        assert leader["score"] > 900


@pytest.mark.parametrize(
    ("kind", "rules", "ballot", "kept"),
    [
        ("yesno", {}, ["yes"], ["yes"]),
        ("rating", {}, 4, 4),
        ("numeric", {"low": 0, "high": 1_000_000}, 250_000, 250_000),
        ("ranking", {"max_choices": 3}, ["c", "a", "b"], ["c", "a", "b"]),
        ("words", {"max_choices": 2}, ["Kino", "电影"], ["Kino", "电影"]),
        ("text", {}, " More light! ", ["More light!"]),
        ("point", {"image": "https://example.org/map.png"}, {"x": 500, "y": 20}, {"x": 500, "y": 20}),
        ("budget", {"budget": 10}, {"a": 7}, {"a": 7, "b": 0, "c": 0}),
    ],
)
async def test_every_kind_is_voted_in_kept_and_counted(site: Site, kind: str, rules: Form, ballot: Any, kept: Any) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, form(kind, rules=rules, results_visibility="always"), "open")
        assert await attendee.do("poll.vote", poll=poll, ballot=ballot) == {}
        assert attendee.me["ballots"][poll] == kept
        await told(attendee, poll, 1)
        await attendee.until(lambda talk: sum(talk.public["polls"][poll]["tally"]["counts"].values()) > 0)
        held = await site.services.store.read(partial(loading.held, session=SESSION))
        assert held.polls.find(poll).ballots == {"a-attendee": kept}
        assert held.polls.find(poll).tally.result() == site.services.lives[SESSION].polls.find(poll).tally.result()
        async with site.talk() as again:
            assert again.me["ballots"][poll] == kept
            assert again.public == attendee.public


async def test_a_vote_said_again_after_a_restart_is_answered_and_not_done(site: Site) -> None:
    live = site.services.lives[SESSION]
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, form(revote="final"), "open")
        await attendee.do("poll.vote", id="the-vote-1", poll=poll, ballot=["a"])
        await live._reload()
        assert await attendee.do("poll.vote", id="the-vote-1", poll=poll, ballot=["a"]) == {}
        assert (await attendee.do("poll.vote", id="the-vote-2", poll=poll, ballot=["b"]))["code"] == "conflict"
        assert live.polls.find(poll).version == 1


async def test_counts_are_told_at_most_four_times_a_second_with_rising_versions(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk(person="reader") as reader:
        poll = await made(speaker, form(results_visibility="always"), "open")
        await reader.until(lambda talk: poll in talk.public["polls"])
        before = len(tallies(reader, poll))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(30):
            async with site.talk(person=f"voter-{number}") as voter:
                await voter.do("poll.vote", poll=poll, ballot=["abc"[number % 3]])
        await reader.until(lambda talk: talk.public["polls"].get(poll, {}).get("tally", {}).get("version") == 30)
        versions = [tally["version"] for tally in tallies(reader, poll)[before:] if "version" in tally]
        assert versions == sorted(set(versions))
        assert len(versions) <= (loop.time() - begun) * 4 + 2
        assert reader.public["polls"][poll]["tally"]["counts"] == {"a": 10, "b": 10, "c": 10}
