"""A person takes along what is theirs, and is erased: no byte of the database is of them, and what was counted stays counted."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from sessions.people import Role
from sessions.store import Store
from tests.server.site import SESSION, Site, Talk
from tests.server.test_community import BOARD, CHAT, follow, forum

NAME, REGION = "Zenobia Quickstep", "Lower Carpathia"
WORDS = [
    "the velvet archive of Przemysl",
    "a luminous sprocket",
    "gossamer projectionists",
    "the kaleidoscope trust",
    "unrepeatable marigold",
    "call 0800 7312 4465",
    "answering dear Zenobia",
    "that insistent Quickstep",
]
"""Long and odd enough to be found in a file by their bytes."""


async def joined(site: Site, name: str = NAME) -> tuple[str, str]:
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    answer = (await site.http.post(f"/api/join/{code}", json={"lang": "en", "name": name, "region": REGION})).json()
    return answer["person"]["id"], answer["token"]


async def polls(moderator: Talk) -> tuple[str, str, str]:
    options = [{"id": id, "texts": {"en": id.upper()}} for id in "ab"]
    made = []
    for form in (
        {"kind": "single", "options": options, "anonymity": "named"},
        *[{"kind": kind, "options": []} for kind in ("text", "words")],
    ):
        poll = (await moderator.do("poll.create", form={"texts": {"en": "Which?"}} | form))["poll"]
        await moderator.do("poll.open", poll=poll)
        made.append(str(poll))
    return made[0], made[1], made[2]


async def lived(talk: Talk, moderator: Talk) -> dict[str, str]:
    """Do everything a person can that leaves something behind; the ids of what it was."""
    asked, chosen, said, cloud = await talk.ask(WORDS[0]), *await polls(moderator)
    await talk.do("question.edit", question=asked, text=WORDS[1], lang="en")
    await moderator.do("question.publish", question=asked)
    await moderator.do("question.translate", question=asked, lang="fr", text=WORDS[0])
    await moderator.do("question.highlight", question=asked)
    other = await moderator.ask("Whose turn is it?")
    await moderator.do("question.publish", question=other)
    await talk.do("question.vote", question=other, on=True)
    await talk.do("poll.vote", poll=chosen, ballot=["a"])
    await talk.do("poll.vote", poll=said, ballot=WORDS[4])
    await talk.do("poll.vote", poll=cloud, ballot=[WORDS[5]])
    assert await moderator.do("poll.hold", poll=cloud, word=WORDS[5], on=True) == {}
    await moderator.do("question.answer", question=asked, text=WORDS[6], lang="en")
    await moderator.do("question.label", question=asked, labels=[WORDS[7]])
    await talk.do("chat.send", text=WORDS[2], lang="en")
    problem = (await moderator.do("problem.promote", question=asked))["problem"]
    await moderator.do("problem.publish", problem=problem)
    general = (await moderator.do("problem.promote", question=other))["problem"]
    await moderator.do("problem.publish", problem=general)
    await talk.do("solution.propose", problem=general, text=WORDS[3], lang="en")
    theirs = (await moderator.do("solution.propose", problem=general, text="Wait.", lang="en"))["solution"]
    await talk.do("solution.support", solution=theirs, on=True)
    notice = (await moderator.do("announcement.compose", texts={"en": "Lunch."}))["announcement"]
    await talk.do("announcement.acknowledge", announcement=notice)
    return {"other": other, "chosen": chosen, "theirs": theirs, "notice": notice}


def raw(data: Path) -> bytes:
    """All bytes of the database, journal included."""
    return b"".join(path.read_bytes() for path in data.glob("marquee.sqlite3*"))


def traces(data: Path, *of: str) -> list[str]:
    files = raw(data)
    return [text for text in of if text.encode() in files]


async def test_a_person_takes_along_what_is_theirs_and_is_erased_from_every_byte(tmp_path: Path) -> None:
    async with forum(tmp_path) as site:
        person, token = await joined(site)
        headers = {"Authorization": f"Bearer {token}"}
        async with site.talk("moderator") as moderator, site.talk(token=token) as talk, site.talk(person="reader") as reader:
            await follow(reader, CHAT, BOARD)
            ids = await lived(talk, moderator)
            assert traces(tmp_path, NAME, REGION, person, *WORDS) == [NAME, REGION, person, *WORDS]
            held = (await site.http.get("/api/me", headers=headers)).json()
            assert_theirs(held)

            assert (await site.http.delete("/api/me", headers=headers)).status_code == 204
            assert traces(tmp_path, NAME, REGION, person, *WORDS) == []
            with pytest.raises(ConnectionClosed):
                await talk.until(lambda _: False)
            for method in ("GET", "DELETE"):
                assert (await site.http.request(method, "/api/me", headers=headers)).status_code == 401
            questions = {ids["other"]: 1}  # with its vote, and without what was erased
            await reader.until(lambda talk: {id: one["votes"] for id, one in talk.public["questions"].items()} == questions)
            await reader.until(lambda talk: not talk.states[CHAT]["messages"])
            await reader.until(lambda talk: talk.states[BOARD]["solutions"][ids["theirs"]]["votes"] == 1)
            await moderator.until(lambda talk: talk.staff["polls"][ids["chosen"]]["tally"]["counts"] == {"a": 1, "b": 0})
            await moderator.until(lambda talk: talk.staff["announcements"][ids["notice"]]["acknowledged"] == 1)
            again = await reader.ask("Does it go on?")
            await moderator.until(lambda talk: again in talk.staff["questions"])
            assert "stage" not in reader.public
    async with forum(tmp_path) as site, site.talk("moderator") as moderator:
        assert moderator.staff["questions"][ids["other"]]["votes"] == 1
        assert (await site.http.get("/api/me", headers=headers)).status_code == 401
        assert traces(tmp_path, NAME, REGION, person, *WORDS) == []


def assert_theirs(held: dict[str, Any]) -> None:
    assert (held["person"][0]["name"], held["person"][0]["region"]) == (NAME, REGION)
    assert (held["questions"][0]["text"], held["questions"][0]["original"]) == (WORDS[1], WORDS[0])
    assert held["messages"][0]["text"] == WORDS[2]
    assert held["solution_texts"][0]["text"] == WORDS[3]
    assert [WORDS[4]] in [ballot["ballot"] for ballot in held["ballots"]]
    assert [len(held[name]) for name in ("question_votes", "supported", "acknowledged")] == [1, 1, 1]


async def test_words_that_only_a_bulletin_still_quotes_are_erased_too(tmp_path: Path) -> None:
    async with forum(tmp_path) as site, site.talk("moderator") as moderator:
        _, token = await joined(site)
        async with site.talk(token=token) as talk:
            asked = await talk.ask(WORDS[0])
            await talk.do("question.edit", question=asked, text=WORDS[1], lang="en")
            problem = (await moderator.do("problem.promote", question=asked, text=f"Asked: {WORDS[1]}", lang="en"))["problem"]
            await moderator.do("problem.publish", problem=problem)
            await talk.do("question.edit", question=asked, text=WORDS[2], lang="en")
            await moderator.do("problem.revise", problem=problem, text="An archive of our own.", lang="en")
        assert traces(tmp_path, *WORDS[:3]) == WORDS[:3]
        assert (await site.http.delete("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 204
        assert traces(tmp_path, NAME, *WORDS[:3]) == []


async def test_an_erasure_that_a_crash_cut_short_is_finished_at_the_next_start(tmp_path: Path) -> None:
    async with forum(tmp_path) as site:
        person, token = await joined(site)
        async with site.talk(token=token) as talk:
            await talk.ask(WORDS[0])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "_scrub", broken)
            answer = await site.http.delete("/api/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 500
    async with forum(tmp_path):
        assert traces(tmp_path, NAME, person, WORDS[0]) == []
    with sqlite3.connect(tmp_path / "marquee.sqlite3") as db:
        assert db.execute("SELECT scrubbed FROM erasure").fetchall() == [(1,)]
    db.close()


def broken(self: Store) -> None:
    raise OSError("the power is gone")
