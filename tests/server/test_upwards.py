"""Acts against a person over the socket, by every role against every role: none works upwards, nor by undoing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.patch import Doc
from sessions.people import AGAINST, RIGHTS, Role
from tests.server.site import SESSION, Site, Talk, unhurried
from tests.server.test_community import forum

__all__ = ["unhurried"]

ROLES = [role for role in Role if "chat.send" in RIGHTS[role]]
"""Those who can be muted, and whose hands go up."""

ACTS = sorted(AGAINST)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with forum(tmp_path) as site:
        yield site


def test_only_who_runs_a_session_acts_against_persons() -> None:
    assert {role for role in Role if AGAINST & RIGHTS[role]} == {Role.MODERATOR, Role.ORGANISER}
    assert all(RIGHTS[role] >= AGAINST for role in (Role.MODERATOR, Role.ORGANISER))


@pytest.mark.usefixtures("unhurried")
async def test_no_act_against_a_person_works_upwards(site: Site) -> None:
    async with site.talk("organiser", person="chief") as chief:
        for person in ROLES:
            async with site.talk(person, person=f"met-{person}") as met:
                for actor in ROLES:
                    async with site.talk(actor, person=f"actor-{actor}") as acting:
                        for act in ACTS:
                            answer = await acting.do(act, **await prepared(site, act, met, chief))
                            assert answer.get("code") == refusal(actor, person), (actor, act, person)
                            await cleared(site, chief, met)


@pytest.mark.usefixtures("unhurried")
async def test_the_end_of_a_mute_is_not_undone_upwards(site: Site) -> None:
    async with site.talk("organiser", person="chief") as chief, site.talk("moderator") as moderator:
        for person in ROLES:
            async with site.talk(person, person=f"met-{person}") as met:
                message = (await met.do("chat.send", text="Hello", lang="en"))["message"]
                for on in (True, False):
                    assert await chief.do("chat.mute", message=message, on=on) == {}
                entry = next(reversed(site.services.lives[SESSION].log.entries))
                answer = await moderator.do("moderation.undo", entry=entry)
                assert answer.get("code") == refusal(Role.MODERATOR, person), person


def refusal(actor: Role, person: Role) -> str | None:
    """The rule in words of its own: moderators may, but not to an organiser; organisers may; nobody else."""
    return None if actor == "organiser" or (actor == "moderator" and person != "organiser") else "forbidden"


async def prepared(site: Site, act: str, met: Talk, chief: Talk) -> Doc:
    """Bring someone to where an act meets them; its fields."""
    if act == "chat.mute":
        return {"message": (await met.do("chat.send", text="Hello", lang="en"))["message"], "on": True}
    if act == "floor.dismiss":
        await met.do("floor.raise")
        return {"hand": hand_of(site, met)}
    guest = await accepted(site, met, chief)
    assert await chief.do("floor.call", hand=guest) == {}
    return {"hand": guest if act == "floor.down" else await accepted(site, chief, chief)}


async def accepted(site: Site, talk: Talk, chief: Talk) -> str:
    await talk.do("floor.raise")
    hand = hand_of(site, talk)
    await chief.do("floor.invite", hand=hand)
    await talk.do("floor.accept")
    return hand


def hand_of(site: Site, talk: Talk) -> str:
    hand = site.services.lives[SESSION].podium.floor.of(talk.me["person"]["id"])
    assert hand is not None
    return hand.id


async def cleared(site: Site, chief: Talk, met: Talk) -> None:
    for hand in list(site.services.lives[SESSION].podium.floor.hands.values()):
        assert await chief.do("floor.down" if hand.state == "on_stage" else "floor.dismiss", hand=hand.id) == {}
    for message in list(met.me["messages"])[-1:]:
        assert await chief.do("chat.mute", message=message, on=False) == {}
