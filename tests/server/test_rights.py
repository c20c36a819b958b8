"""Who may do what to questions: every command tried by every role over the socket gives exactly the table's answer."""

from typing import get_args

import pytest
from websockets.exceptions import ConnectionClosed

from server import wire
from server.patch import Doc
from sessions.people import RIGHTS, Role
from tests.server.site import SESSION, Site, Talk, site, unhurried

__all__ = ["site", "unhurried"]

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
@pytest.mark.usefixtures("unhurried")
async def test_each_role_does_exactly_what_the_table_says(site: Site, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
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
    ids = {name: await organiser.ask(f"{type}: {name}?") for name in ("waiting", "public", "other", "archived")}
    ids["mine"] = await author.ask(f"{type}: mine?")
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
    async with site.talk("publisher") as talk:
        assert talk.heard[0]["problem"]["code"] == "forbidden"
        with pytest.raises(ConnectionClosed) as closed:
            await talk.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403
