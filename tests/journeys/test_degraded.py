"""Redis says nothing for a while: everyone is told that news may be late, votes are kept, and afterwards nothing was lost."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from realtime.hub import Hub
from realtime.redisbus import RedisBus
from server.patch import Doc, merge
from sessions.people import Role
from tests.journeys.browser import Visitor, chromium
from tests.realtime.paper import Paper
from tests.realtime.relay.clients import until
from tests.redis import redis
from tests.server.site import SESSION, opened

PUBLIC = f"{SESSION}/public"


def state(mirror: Paper) -> Doc:
    """Of the channel, as whoever reads this knows it."""
    known: Doc = {}
    for message in mirror.said():
        known = message["data"] if message["type"] == "snapshot" else known
        if message["type"] != "snapshot":
            merge(known, message["data"])
    return known


async def test_votes_are_kept_while_redis_is_stopped_and_others_hear_of_them_afterwards(tmp_path: Path) -> None:
    with redis() as server:
        async with (
            opened(tmp_path, bus=server.url) as site,
            RedisBus(server.url) as elsewhere,
            Hub(elsewhere) as balcony,
            site.talk("speaker") as speaker,
            site.talk("attendee") as attendee,
        ):
            mirror = Paper(high=10**6)
            await until(lambda: site.services.hub.healthy and elsewhere.healthy)
            balcony.mirror(PUBLIC)
            balcony.subscribe(mirror, PUBLIC)
            await until(lambda: bool(mirror.said()))
            await speaker.do("poll.open", poll="one")
            with server.paused():
                await attendee.until(lambda talk: {"type": "service", "degraded": True} in talk.heard)
                health = await site.http.get("/healthz")
                assert (health.status_code, health.json()["status"]) == (200, "degraded")
                async with asyncio.timeout(5):
                    assert await attendee.do("poll.vote", poll="one", ballot=["a"]) == {}
                    async with site.talk(person="newcomer") as newcomer:
                        assert {"type": "service", "degraded": True} in newcomer.heard
                        assert newcomer.public["polls"]["one"]["voters"] == 1
                        assert await newcomer.do("poll.vote", poll="one", ballot=["b"]) == {}
                    await speaker.until(lambda talk: talk.staff["polls"]["one"]["voters"] == 2)
            await attendee.until(lambda talk: talk.heard[-1] == {"type": "service", "degraded": False})
            assert (await site.http.get("/healthz")).json() == {"status": "ok"}
            await until(lambda: state(mirror)["polls"]["one"]["voters"] == 2)
            await attendee.until(lambda talk: talk.public["polls"]["one"]["voters"] == 2)
            assert state(mirror)["polls"] == attendee.public["polls"]
            assert [message["type"] for message in mirror.said()].count("snapshot") == 1, "it goes on from where it was"
        async with opened(tmp_path) as again, again.talk("speaker") as speaker:
            assert speaker.staff["polls"]["one"]["voters"] == 2


@pytest.mark.browser
async def test_a_page_says_quietly_that_news_may_be_late_and_takes_it_back(tmp_path: Path) -> None:
    with redis() as server:
        async with opened(tmp_path, bus=server.url) as site, chromium() as browser:
            attendee = await Visitor.enter(browser, site.server, SESSION, Role.ATTENDEE, "Layla", locale="fr-FR")
            await expect(attendee.test("degraded")).to_have_text("", timeout=20_000)  # a page takes its time on a busy machine
            with server.paused():
                await expect(attendee.test("degraded")).to_contain_text("en retard", timeout=20_000)
            await expect(attendee.test("degraded")).to_have_text("", timeout=20_000)
            assert attendee.errors == []
