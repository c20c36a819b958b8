"""What one may not know of answers as if it never was: every command that names something, tried by who does not see it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.patch import Doc
from sessions.people import RIGHTS, Role
from tests.server.site import SESSION, Site, Talk, unhurried
from tests.server.test_community import forum
from tests.server.test_polls import form

__all__ = ["unhurried"]

COMMANDS: dict[str, dict[str, Doc]] = {
    "question": {
        "question.vote": {"on": True},
        "question.edit": {"text": "Why?", "lang": "en"},
        "question.withdraw": {},
        "question.appeal": {"text": "Please."},
        "question.translate": {"lang": "fr", "text": "Pourquoi ?", "expected_version": 7},
    },
    "poll": {"poll.vote": {"ballot": ["a"]}},
    "announcement": {"announcement.acknowledge": {}},
    "message": {"chat.retract": {}},
    "problem": {"solution.propose": {"text": "So.", "lang": "en"}},
    "solution": {"solution.support": {"on": True}, "solution.amend": {"text": "So.", "lang": "en"}, "solution.retract": {}},
}
"""By what they name: all that somebody who is no staff may say of a thing, with what else it needs."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with forum(tmp_path) as site:
        yield site


def test_no_such_command_is_left_out() -> None:
    rights = RIGHTS[Role.ATTENDEE] | RIGHTS[Role.INTERPRETER]
    areas = ("question.", "poll.", "announcement.", "chat.", "solution.")
    named = {right for right in rights if right.startswith(areas)} - {"question.ask", "chat.send"}
    assert {command for commands in COMMANDS.values() for command in commands} == named


@pytest.mark.usefixtures("unhurried")
async def test_what_is_hidden_answers_as_what_never_was(site: Site) -> None:
    async with site.talk("moderator") as moderator, site.talk(person="owner") as owner, site.talk("interpreter") as curious:
        things = await hidden(moderator, owner)
        for kind, id in things:
            for command, fields in COMMANDS[kind].items():
                there = await curious.do(command, **{kind: id}, **fields)
                absent = await curious.do(command, **{kind: "a" * len(id)}, **fields)
                assert there["code"] == "not_found", (kind, id, command, there)
                assert str(there).replace(id, "a" * len(id)) == str(absent), command
        for path in ("ballots", "breakdown?by=region"):
            for id in [id for kind, id in things if kind == "poll"]:
                url = f"/api/sessions/{SESSION}/polls"
                answers = [await site.http.get(f"{url}/{one}/{path}", headers=site.bearer("interpreter")) for one in (id, "nothing")]
                assert (answers[0].status_code, answers[0].text) == (404, answers[1].text)


async def hidden(moderator: Talk, owner: Talk) -> list[tuple[str, str]]:
    """One of each that an interpreter does not see, by kind."""
    made: list[tuple[str, str]] = []
    for state in ("pending", "dismissed", "archived", "withdrawn", "merged"):
        id = await owner.ask(f"Is it {state}?")
        made.append(("question", id))
        await moderator.do("question.publish", question=id)
        match state:
            case "pending":
                await owner.do("question.edit", question=id, text="Is it other?", lang="en")
            case "dismissed":
                await moderator.do("question.dismiss", question=id, reason="time")
            case "archived":
                await moderator.do("question.archive", question=id)
            case "withdrawn":
                await owner.do("question.withdraw", question=id)
            case _:
                root = await moderator.ask("Is it?")
                await moderator.do("question.publish", question=root)
                assert await moderator.do("question.merge", question=id, into=root) == {}
    for acts in ((), ("open", "close", "archive")):
        poll = (await moderator.do("poll.create", form=form()))["poll"]
        for act in acts:
            assert await moderator.do(f"poll.{act}", poll=poll) == {}
        made.append(("poll", poll))
    made += await of_the_community(moderator, owner)
    return made


async def of_the_community(moderator: Talk, owner: Talk) -> list[tuple[str, str]]:
    soon = 2**41  # ms since 1970: the year 2039
    assert (await moderator.do("announcement.compose", texts={"en": "Later."}, publish_at=soon))["code"] == "invalid"
    notice = (await moderator.do("announcement.compose", texts={"en": "Lunch."}))["announcement"]
    await moderator.do("announcement.withdraw", announcement=notice)
    message = (await owner.do("chat.send", text="Hi", lang="en"))["message"]
    await moderator.do("chat.hide", message=message, reason="conduct")
    draft, shut = [(await moderator.do("problem.promote", question=await owner.ask(text)))["problem"] for text in ("Where?", "When?")]
    await moderator.do("problem.publish", problem=shut)
    solutions = [(await owner.do("solution.propose", problem=shut, text=text, lang="en"))["solution"] for text in ("So.", "Thus.")]
    await moderator.do("solution.hide", solution=solutions[0], reason="unclear")
    await moderator.do("problem.withdraw", problem=shut)
    things = [("announcement", notice), ("message", message), ("problem", draft), ("problem", shut)]
    return [*things, *(("solution", id) for id in solutions)]
