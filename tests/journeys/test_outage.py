"""The database goes away in the middle of a vote and comes back: everyone is served late or told so, and nothing is lost or doubled."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.people import Role
from tests.load.outage import Outage, immediate, killed, vote_through
from tests.postgres import Postgres, postgres
from tests.server.site import SESSION, Talk, opened, unhurried

__all__ = ["unhurried"]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.mark.parametrize("outage", [immediate, killed])
async def test_a_restart_is_waited_for_and_every_vote_is_there_once(database: Postgres, outage: Outage) -> None:
    """`python -m tests.load.outage 30` does it at thirty moments of a vote."""
    told = await vote_through(database, outage, 1, "--patience", "60")
    assert (told.acked, told.counted, told.lost, told.doubled) == (1800, 1800, 0, 0)
    assert not told.refusals, "nobody has to know"


async def test_after_a_longer_one_whoever_votes_again_by_the_same_key_is_counted_once(database: Postgres) -> None:
    told = await vote_through(database, immediate, 3, "--patience", "0")
    assert (told.acked, told.counted, told.lost, told.doubled) == (1800, 1800, 0, 0)
    assert set(told.refusals) == {"overloaded"}


async def test_while_it_hangs_the_rest_goes_on_and_what_is_too_much_is_refused(
    database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unhurried: None
) -> None:
    monkeypatch.setattr("sessions.store.JOBS_LIMIT", 8)
    async with opened(tmp_path, database=database.database()) as site, site.talk("speaker") as speaker:
        await speaker.do("poll.open", poll="one")
        code = site.services.invite(SESSION, Role.ATTENDEE).code
        async with site.talk() as attendee:
            with database.paused():
                keys = [await attendee.say("reaction.send", reaction="applause") for _ in range(12)]
                refused = [await answer(attendee) for _ in range(4)]
                assert {one["id"] for one in refused} == set(keys[8:])
                assert {(one["type"], one["problem"]["code"], one["problem"]["status"]) for one in refused} == {
                    ("error", "overloaded", 503)
                }
                assert (await site.http.post(f"/api/join/{code}", json={"lang": "es"})).json()["code"] == "overloaded"
                begun = time.monotonic()
                health = await site.http.get("/healthz")
                assert (health.status_code, health.json()["detail"]) == (503, "the database does not answer")
                assert time.monotonic() - begun < 3
                assert (await site.http.get("/api/event")).status_code == 200
                async with site.talk(person="newcomer"):
                    await attendee.until(lambda talk: talk.public["presence"]["total"] == 2)
            acked = {(await answer(attendee))["id"] for _ in range(8)}
            assert acked == set(keys[:8])
            assert (await attendee.do("poll.vote", poll="one", ballot=["a"])) == {}
            assert (await site.http.get("/healthz")).status_code == 200


async def answer(talk: Talk) -> dict[str, object]:
    """The next ack or refusal."""
    async with asyncio.timeout(10):
        while (message := await talk.hear())["type"] not in ("ack", "error"):
            pass
    return message
