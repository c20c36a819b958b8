"""A session while it runs: what is said twice counts once, what could not be kept is taken back, and a crowd is told in counts."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from copy import deepcopy
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import make_url

from server.live import COALESCE
from server.patch import Doc
from sessions import loading
from sessions.loading import Held
from sessions.people import Role
from tests.postgres import Postgres, postgres
from tests.realtime.relay.clients import until
from tests.server.site import SESSION, Site, Talk, opened, site

__all__ = ["site"]

PUBLIC = f"{SESSION}/public"
ASK = {"text": "Once?", "lang": "en"}
OPTIONS = [{"id": id, "texts": {"en": id.upper()}} for id in "ab"]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "marquee.sqlite3", isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def held_up(folder: Path) -> Iterator[None]:
    """Somebody else writes the database for the length of the block: the server's writer waits."""
    with database(folder) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@contextmanager
def refusing(folder: Path, table: str) -> Iterator[None]:
    """The database refuses rows of a table for the length of the block."""
    with database(folder) as db:
        db.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END")
        yield
        db.execute("DROP TRIGGER refuse")


async def rows(site: Site) -> Held:
    return await site.services.store.read(partial(loading.held, session=SESSION))


async def answer(talk: Talk, id: str) -> Doc:
    """What a command of this id is answered with, next."""
    before = len(talk.heard)
    await talk.until(lambda talk: any(message.get("id") == id for message in talk.heard[before:]))
    return talk.heard[-1]


def acks(talk: Talk, id: str) -> list[Doc]:
    return [message for message in talk.heard if message.get("id") == id]


async def test_a_retry_while_the_first_is_under_way_gets_the_same_answer_and_is_done_once(site: Site, tmp_path: Path) -> None:
    async with site.talk() as attendee, site.talk() as tab, site.talk("moderator") as moderator:
        with held_up(tmp_path):
            await attendee.say("question.ask", id="the-same-key", **ASK)
            await attendee.say("question.ask", id="the-same-key", **ASK)
            await tab.say("question.ask", id="the-same-key", **ASK)
            with pytest.raises(TimeoutError):  # what is not durable is neither acknowledged nor told
                async with asyncio.timeout(0.3):
                    await moderator.until(lambda talk: talk.staff["questions"])
        await attendee.until(lambda talk: len(acks(talk, "the-same-key")) == 2)
        await tab.until(lambda talk: acks(talk, "the-same-key"))
        await moderator.until(lambda talk: talk.staff["questions"])
        answers = [*acks(attendee, "the-same-key"), *acks(tab, "the-same-key")]
        assert all(answer == answers[0] and answer["type"] == "ack" for answer in answers)
        assert list(moderator.staff["questions"]) == [answers[0]["result"]["question"]] == list((await rows(site)).questions.items)


@pytest.mark.parametrize("votes", ["many", "secret"])
async def test_a_key_that_was_another_command_s_is_refused_and_changes_nothing(site: Site, tmp_path: Path, votes: str) -> None:
    live = site.services.lives[SESSION]
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = votes
        if votes == "secret":
            form = {"kind": "single", "texts": {"en": "Who?"}, "options": OPTIONS, "anonymity": "secret"}
            poll = (await speaker.do("poll.create", form=form))["poll"]
        await speaker.do("poll.open", poll=poll)
        asked = await attendee.do("question.ask", id="asked-by-this", **ASK)
        cast = await attendee.do("poll.vote", id="voted-by-this", poll=poll, ballot=["a"])

        async def reused() -> None:
            for id, type, fields in (
                ("asked-by-this", "question.ask", ASK | {"text": "Twice?"}),
                ("asked-by-this", "question.vote", {"question": asked["question"], "on": False}),
                ("voted-by-this", "poll.vote", {"poll": poll, "ballot": ["b"]}),
                ("voted-by-this", "question.ask", ASK),
            ):
                problem = await attendee.do(type, id=id, **fields)
                assert (problem["status"], problem["code"]) == (409, "key_reused")
            assert await attendee.do("question.ask", id="asked-by-this", **ASK) == asked
            assert await attendee.do("poll.vote", id="voted-by-this", poll=poll, ballot=["a"]) == cast

        await reused()
        await live._reload()
        await reused()
        assert list(live.questions.items) == [asked["question"]]
        assert live.polls.find(poll).ballots == {"a-attendee": ["a"]}
        with held_up(tmp_path):
            await attendee.say("question.ask", id="is-under-way", **ASK)
            problem = await attendee.do("question.ask", id="is-under-way", **ASK | {"text": "Another?"})
            assert problem["code"] == "key_reused"
        assert (await answer(attendee, "is-under-way"))["type"] == "ack"


async def test_two_people_may_use_one_key(site: Site) -> None:
    async with site.talk() as one, site.talk(person="another") as another:
        first = await one.do("question.ask", id="the-same-key", **ASK)
        assert first != await another.do("question.ask", id="the-same-key", **ASK)


async def test_what_could_not_be_kept_is_said_and_taken_back_from_everyone(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee, site.talk(person="second") as second:
        await speaker.do("poll.open", poll="one")
        asked = await attendee.do("question.ask", id="an-early-key", **ASK)
        await attendee.do("poll.vote", poll="one", ballot=["a"])
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["voters"] == 1)
        epochs = [talk.places[f"{SESSION}/{name}"]["epoch"] for talk, name in ((speaker, "staff"), (attendee, "public"))]

        with refusing(tmp_path, "ballot"):
            problem = await second.do("poll.vote", id="a-lost-vote", poll="one", ballot=["b"])
        assert (problem["status"], problem["code"]) == (503, "overloaded")
        assert "no room" in caplog.text
        await speaker.until(lambda talk: talk.places[f"{SESSION}/staff"]["epoch"] != epochs[0])
        await attendee.until(lambda talk: talk.places[PUBLIC]["epoch"] != epochs[1])
        assert speaker.staff["polls"]["one"]["tally"]["counts"] == {"a": 1, "b": 0, "c": 0}
        assert attendee.public["polls"]["one"]["voters"] == 1
        async with site.talk(person="second") as newcomer:
            assert newcomer.me["ballots"] == {}

        # The same keys again: the lost one is done now, the kept one is not done twice.
        assert await second.do("poll.vote", id="a-lost-vote", poll="one", ballot=["b"]) == {}
        assert await attendee.do("question.ask", id="an-early-key", **ASK) == asked
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["tally"]["counts"] == {"a": 1, "b": 1, "c": 0})
        held = await rows(site)
        assert held.polls.find("one").ballots == {"a-attendee": ["a"], "second": ["b"]}
        assert list(held.questions.items) == [asked["question"]]


async def test_all_who_wait_for_one_lost_command_are_told(site: Site, tmp_path: Path) -> None:
    async with site.talk() as attendee, site.talk() as tab:
        with refusing(tmp_path, "question"):
            with held_up(tmp_path):
                await attendee.say("question.ask", id="the-same-key", **ASK)
                await tab.say("question.ask", id="the-same-key", **ASK)
                await until(lambda: [len(command.replies) for command in site.services.lives[SESSION]._underway.values()] == [2])
            for talk in (attendee, tab):
                assert (await answer(talk, "the-same-key"))["problem"]["status"] == 503
        await attendee.until(lambda talk: talk.heard[-1]["type"] == "snapshot")
        assert "question" in await attendee.do("question.ask", id="the-same-key", **ASK)
        assert len((await rows(site)).questions.items) == 1


async def test_neighbours_of_a_lost_write_are_kept(site: Site, tmp_path: Path) -> None:
    async with site.talk("speaker") as speaker, AsyncExitStack() as stack:
        await speaker.do("poll.open", poll="one")
        voters = [await stack.enter_async_context(site.talk(person=f"voter-{number}")) for number in range(5)]
        with refusing(tmp_path, "question"):
            with held_up(tmp_path):
                votes = [await voter.say("poll.vote", poll="one", ballot=["c"]) for voter in voters]
                lost = await voters[0].say("question.ask", **ASK)
                await until(lambda: len(site.services.lives[SESSION]._underway) == 6)
            for voter, id in zip(voters, votes, strict=True):
                assert (await answer(voter, id))["type"] == "ack"
            assert (await answer(voters[0], lost))["type"] == "error"
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["tally"]["counts"]["c"] == 5)
        assert (await rows(site)).polls.find("one").tally.result().counts["c"] == 5


async def test_a_command_outlasts_a_connection_that_dies_under_it(tmp_path: Path, postgresql: Postgres) -> None:
    url = postgresql.database()
    async with opened(tmp_path, database=url) as site, site.talk("speaker") as speaker, site.talk() as attendee:
        await speaker.do("poll.open", poll="one")
        with postgresql.connect(make_url(url).database or "") as other, other.transaction():

            def waiting() -> set[int]:
                return {pid for (pid,) in other.execute("SELECT pid FROM pg_locks WHERE NOT granted")}

            other.execute("LOCK TABLE ballot")
            vote = await attendee.say("poll.vote", poll="one", ballot=["a"])
            await until(lambda: bool(waiting()))
            died = waiting()
            other.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [list(died)])
            await until(lambda: bool(waiting() - died))  # it is asked again, on another connection
        assert (await answer(attendee, vote))["type"] == "ack"
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["tally"]["counts"]["a"] == 1)
        assert (await rows(site)).polls.find("one").ballots == {"a-attendee": ["a"]}


async def test_a_lock_that_somebody_keeps_loses_a_command_and_not_the_next(
    tmp_path: Path, postgresql: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.store.PATIENCE", 0.5)
    monkeypatch.setattr("sessions.database.LOCK", 200)
    url = postgresql.database()
    async with opened(tmp_path, database=url) as site, site.talk("speaker") as speaker, site.talk() as attendee:
        await speaker.do("poll.open", poll="one")
        with postgresql.connect(make_url(url).database or "") as other, other.transaction():
            other.execute("LOCK TABLE ballot IN SHARE MODE")
            problem = await attendee.do("poll.vote", id="a-lost-vote", poll="one", ballot=["a"])
            assert (problem["status"], problem["code"]) == (503, "overloaded")
            await attendee.until(lambda talk: talk.heard[-1]["type"] == "snapshot")
            assert "question" in await attendee.do("question.ask", **ASK)
        assert await attendee.do("poll.vote", id="a-lost-vote", poll="one", ballot=["a"]) == {}
        await speaker.until(lambda talk: talk.staff["polls"]["one"]["tally"]["counts"]["a"] == 1)
        assert (await rows(site)).polls.find("one").ballots == {"a-attendee": ["a"]}


async def test_a_crowd_of_votes_is_told_four_times_a_second_in_absolute_counts(site: Site) -> None:
    async with site.talk("speaker") as speaker, AsyncExitStack() as stack:
        await speaker.do("poll.open", poll="one")
        voters = [await stack.enter_async_context(site.talk(person=f"voter-{number}")) for number in range(20)]
        told: list[tuple[float, Doc]] = []

        async def watch() -> None:
            while not told or told[-1][1]["tally"]["counts"]["c"] < len(voters):
                if (await speaker.hear())["type"] == "poll.tallied":
                    told.append((asyncio.get_running_loop().time(), deepcopy(speaker.staff["polls"]["one"])))

        async def vote(voter: Talk) -> None:
            for choice in "abababababababababc":
                assert await voter.do("poll.vote", poll="one", ballot=[choice]) == {}
                await asyncio.sleep(0.05)

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(watch())
            for voter in voters:
                group.create_task(vote(voter))
        times = [when for when, _ in told]
        assert len(told) <= (times[-1] - times[0]) / COALESCE + 2
        assert all(later["tally"]["version"] > earlier["tally"]["version"] for (_, earlier), (_, later) in pairwise(told))
        assert all(sum(poll["tally"]["counts"].values()) == poll["voters"] for _, poll in told)
        assert (await rows(site)).polls.find("one").tally.result().counts["c"] == len(voters)


async def test_everyone_is_told_of_regions_of_many_and_staff_of_all(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for region, count in (("Asia", 6), ("Africa", 5), ("Nauru", 1)):
            for number in range(count):
                token = site.services.tokens.issue(f"{region}-{number}", SESSION, Role.ATTENDEE, "en", region=region)
                attendee = await stack.enter_async_context(site.talk(token=token))
        moderator = await stack.enter_async_context(site.talk("moderator"))
        everyone = {"total": 13, "languages": {"en": 13}}
        await attendee.until(lambda talk: talk.public["presence"] == everyone | {"regions": {"Asia": 6}})
        await moderator.until(lambda talk: talk.staff["presence"] == everyone | {"regions": {"Asia": 6, "Africa": 5, "Nauru": 1}})
