"""The organiser's dashboard: samples of what goes on, kept for two hours and no longer; nobody told apart who is one of a few."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server import dashboard
from server.places import AREAS, Places
from sessions.people import RIGHTS, Role
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.server.site import SESSION, Site, site
from tests.server.test_venues import camera, filming

__all__ = ["site"]


async def look(site: Site, status: int = 200, role: str = "organiser", **query: Any) -> Any:
    answer = await site.http.get("/api/dashboard", params=query, headers=site.bearer(role))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_only_an_organiser_looks(site: Site) -> None:
    for role in Role:
        assert ("dashboard.read" in RIGHTS[role]) is (role is Role.ORGANISER)
        if role is not Role.ORGANISER:
            await look(site, 403, role)
    await look(site, 404, session="nowhere")
    await look(site, 422, since=-1)


async def test_a_sample_tells_who_is_there_and_how_the_stream_does(site: Site) -> None:
    board = site.services.dashboard
    peer = await camera(site, "a")
    viewer = LightPeer(peer.certificate)
    async with site.talk("moderator") as moderator, site.talk(person="ana") as ana, asyncio.TaskGroup() as group:
        film = group.create_task(filming(peer))
        await until(lambda: site.live)
        await board.sample()
        await viewer.open(site.signal("whep", "attendee"), "recvonly", {"VP8": 100})
        await until(lambda: len(viewer.packets) > 5)
        question = await ana.ask()
        await moderator.do("question.publish", question=question)
        await moderator.do("question.vote", question=question, on=True)
        await ana.do("reaction.send", reaction="heart")
        await until(lambda: site.services.lives[SESSION].people.total == 2)
        await board.sample()
        told = await look(site, session=SESSION)
        newest = {name: values[-1] for name, values in told["series"].items()}
        assert (newest["viewers"], newest["people"], newest["votes"], newest["reactions"]) == (1, 2, 6, 6)
        assert newest["bitrate"] > 0
        assert newest["join_ms"] > 0
        assert newest["lost"] == newest["viewer_loss"] == 0
        assert (told["questions"], told["languages"]) == ({"published": 1, "answered": 0}, {"en": 2})
        assert set(told["captions"][SESSION]) == {"en", "es", "zh"}
        [row] = told["sessions"]
        assert (row["id"], row["live"], row["viewers"], row["people"]) == (SESSION, True, 1, 2)
        whole = await look(site)
        assert whole["series"]["viewers"][-1] == 1
        assert (await look(site, since=whole["series"]["at"][-1]))["series"]["at"] == []
        assert (await look(site, session="other"))["series"]["at"] == []
        film.cancel()
    await asyncio.gather(viewer.close(), peer.close())


async def test_samples_come_by_themselves_and_old_ones_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "SAMPLES", 5)
    services = site.services
    async with site.talk(), dashboard.Dashboard(services.lives, services.relay, services.placement, services.captioning, 0.01) as board:
        await until(lambda: len(board.series(SESSION, 0)["at"]) == 5 == len(board.series(None, 0)["at"]))
        first = board.series(SESSION, 0)["at"][0]
        await until(lambda: board.series(SESSION, 0)["at"][0] > first)
        assert len(board.series(SESSION, 0)["at"]) == 5
        assert [row["id"] for row in board.overview()] == [SESSION]


async def test_sessions_that_are_empty_are_forgotten_and_of_too_many_the_first(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "SAMPLES", 2)
    monkeypatch.setattr(dashboard, "SESSIONS", 1)
    board = site.services.dashboard
    async with site.talk(token=site.token("attendee", "other")):
        await until(lambda: site.services.lives["other"].people.total == 1)
        await board.sample()
        assert [row["id"] for row in board.overview()] == ["other"]
    async with site.talk():
        await until(lambda: site.services.lives[SESSION].people.total == 1 and site.services.lives["other"].people.total == 0)
        await board.sample()
        assert [row["id"] for row in board.overview()] == [SESSION]
    await until(lambda: site.services.lives[SESSION].people.total == 0)
    for _ in range(2):
        await board.sample()
    assert board.overview() == []


async def test_regions_are_told_where_five_or_more_are_of_them(site: Site) -> None:
    said = ["West Africa"] * 6 + ["日本"] * 5 + ["Japan"] + ["Tonga"] * 2 + [None, "somewhere"]
    async with AsyncExitStack() as stack:
        for number, region in enumerate(said):
            token = site.services.tokens.issue(f"p{number}", SESSION, Role.ATTENDEE, "en", None, region)
            await stack.enter_async_context(site.talk(token=token))
        await until(lambda: site.services.lives[SESSION].people.total == len(said))
        told = (await look(site, session=SESSION))["regions"]
    assert told == [
        {"area": "011", "people": None},
        {"area": "030", "people": 6},
        {"area": "009", "people": None},
        {"area": None, "people": None},
    ]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("West Africa", "011"),
        ("western  AFRICA", "011"),
        ("East Asia", "030"),
        ("Eastern Asia", "030"),
        ("South-East Asia", "035"),
        ("México", "013"),
        ("Mexico", "013"),
        ("中国", "030"),
        ("مصر", "015"),
        ("Côte d’Ivoire", "011"),
        ("Lyon, France", "155"),
        ("Japan, Tokyo", "030"),
        ("Oceania", "009"),
        ("Africa", None),
        ("the moon", None),
        ("", None),
    ],
)
def test_a_place_is_found_in_any_language_of_the_conference(text: str, area: str | None) -> None:
    assert Places().area(text) == area


def test_every_country_is_in_one_area() -> None:
    codes = [code for codes in AREAS.values() for code in codes.split()]
    assert len(codes) == len(set(codes))
    assert len([code for code in codes if code.isalpha()]) > 230
