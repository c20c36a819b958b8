"""A secret ballot: whoever reads the whole database at any moment, or everyone's socket, cannot say whose a ballot is."""

import asyncio
import json
import shutil
import sqlite3
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.safe import Safe
from server.serving import running
from server.settings import Settings
from sessions import loading
from sessions.people import Role
from tests.server.site import SESSION, Site, Talk, seed, site
from tests.server.test_polls import form, made

__all__ = ["site"]

OPTIONS = [f"choice-{letter * 6}" for letter in "abcdef"]
"""Long enough to be found in a file by their bytes."""

Rows = dict[str, list[tuple[Any, ...]]]


def secret(**others: Any) -> dict[str, Any]:
    options = [{"id": id, "texts": {"en": id.title(), "es": id.title()}} for id in OPTIONS]
    return form(options=options, anonymity="secret", results_visibility="always") | others


async def joined(site: Site, name: str) -> str:
    """The id of a new person who came in by the link, as people do."""
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    answer = await site.http.post(f"/api/join/{code}", json={"lang": "en", "name": name})
    person: str = answer.json()["person"]["id"]
    return person


def dump(copy: Path) -> Rows:
    """Every table of a database as somebody finds it who has stolen its files."""
    with sqlite3.connect(copy) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    db.close()
    return rows


def stolen(data: Path, to: Path) -> tuple[Rows, bytes]:
    """The database as it is now: its rows in the order they lie, and all bytes of its files, journal included."""
    to.mkdir()
    raw = b""
    for path in sorted(data.glob("marquee.sqlite3*")):
        shutil.copy(path, to / path.name)
        raw += path.read_bytes()
    return dump(to / "marquee.sqlite3"), raw


async def test_no_copy_of_the_database_links_a_voter_to_a_ballot(site: Site, tmp_path: Path) -> None:
    """The attacker takes a copy after every single vote, so that whatever a vote writes is known to be that voter's."""
    data = tmp_path
    voters = [await joined(site, f"Voter {number}") for number in range(12)]
    votes = {person: OPTIONS[number % len(OPTIONS)] for number, person in enumerate(voters)}
    keys = {person: f"the-key-of-{person}" for person in voters}
    receipts: dict[str, str] = {}
    async with site.talk("speaker") as speaker:
        poll = await made(speaker, secret(), "open")
        before, _ = stolen(data, tmp_path / "copy-before")
        for number, person in enumerate(voters):
            async with site.talk(person=person) as voter:
                answer = await voter.do("poll.vote", id=keys[person], poll=poll, ballot=[votes[person]])
            receipts[person] = answer["receipt"]
            after, raw = stolen(data, tmp_path / f"copy-{number}")
            changed = [(table, row) for table in after for row in after[table] if row not in before[table]]
            ((table, row),) = changed
            assert table == "sealed"
            assert not {person, votes[person], receipts[person], keys[person]} & set(row), "an envelope is shut"
            assert receipts[person].encode() not in raw
            assert keys[person].encode() not in raw
            before = after
        assert len({len(row[-1]) for row in before["sealed"]}) == 1, "all envelopes are alike"
        assert await speaker.do("poll.close", poll=poll) == {}
        closed, raw = stolen(data, tmp_path / "copy-closed")
    assert closed["sealed"] == []
    assert not list(data.glob("ballots/*")), "nobody opens an old copy's envelopes any more"
    assert [row[2] for row in closed["voter"]] == sorted(voters), "voters lie by id"
    ballots = [(row[2], json.loads(row[3])) for row in closed["secret_ballot"]]
    assert ballots == sorted((receipts[person], [votes[person]]) for person in voters), "ballots lie by chance"
    linked = [row for table in closed.values() for row in table if {*voters} & set(row) and ({*OPTIONS, *receipts.values()} & set(row))]
    assert linked == []
    assert not any(key.encode() in raw for key in keys.values())
    assert closed["count"] == [(poll, 1, 12, 12, digest(ballots))]


def digest(ballots: list[tuple[str, list[str]]]) -> str:
    return sha256("".join(f"{receipt} {','.join(ballot)}\n" for receipt, ballot in ballots).encode()).hexdigest()


async def test_nobodys_socket_tells_a_vote_and_the_tally_comes_whole(site: Site) -> None:
    voters = [await joined(site, f"Voter {number}") for number in range(6)]
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, secret(), "open")
        for number, person in enumerate(voters):
            async with site.talk(person=person) as voter:
                receipt = (await voter.do("poll.vote", poll=poll, ballot=[OPTIONS[number]]))["receipt"]
                assert voter.me["cast"] == {poll: True}
                assert poll not in voter.me["ballots"]
            async with site.talk(person=person) as again:
                assert again.me["cast"] == {poll: True}
                assert receipt not in json.dumps(again.heard), "a receipt is told once"
        await asyncio.sleep(0.6)
        for talk in (speaker, attendee):
            await talk.do("reaction.send", reaction="wow")
            sent = json.dumps(talk.heard)
            assert not [person for person in voters if person in sent]
            assert "tally" not in json.dumps(of(talk, poll))
        assert attendee.public["polls"][poll]["voters"] == 6
        await speaker.do("poll.close", poll=poll)
        for talk in (speaker, attendee):
            before = len(talk.heard)
            await talk.until(lambda talk: "count" in of(talk, poll))
            assert sum(of(talk, poll)["tally"]["counts"].values()) == 6
            assert of(talk, poll)["count"]["ballots"] == 6
            assert sum("tally" in json.dumps(message) for message in talk.heard[before - 1 :]) <= 1, "in one piece"
        assert not [person for person in voters if person in json.dumps(speaker.heard)]


def of(talk: Talk, poll: str) -> dict[str, Any]:
    (state,) = (state for channel, state in talk.states.items() if channel.startswith(SESSION))
    item: dict[str, Any] = state["polls"][poll]
    return item


async def test_a_voter_finds_the_receipt_and_anyone_counts_again(site: Site) -> None:
    async with site.talk("speaker") as speaker:
        poll = await made(speaker, secret(), "open")
        receipts = {}
        for number in range(5):
            async with site.talk(person=f"voter-{number}") as voter:
                await voter.do("poll.vote", poll=poll, ballot=[OPTIONS[0]])
                receipts[number] = (await voter.do("poll.vote", poll=poll, ballot=[OPTIONS[number]]))["receipt"]
        path = f"/api/sessions/{SESSION}/polls/{poll}/ballots"
        early = await site.http.get(path, headers=site.bearer("attendee"))
        assert (early.status_code, early.json()["code"]) == (409, "not_over")
        await speaker.do("poll.close", poll=poll)
        async with site.talk(person="voter-0") as late:
            assert (await late.do("poll.vote", poll=poll, ballot=[OPTIONS[0]]))["code"] == "closed"
        assert (await speaker.do("poll.open", poll=poll))["code"] == "conflict", "what is parted is not joined again"
        told = (await site.http.get(path, headers=site.bearer("attendee"))).json()
        published = {row["receipt"]: row["ballot"] for row in told["ballots"]}
        assert published == {receipt: [OPTIONS[number]] for number, receipt in receipts.items()}, "the last vote of each"
        assert told["count"]["hash"] == digest([(row["receipt"], row["ballot"]) for row in told["ballots"]])
        assert told["count"]["ballots"] == 5
        refused = await site.http.get(f"/api/sessions/{SESSION}/polls/{poll}/breakdown?by=region", headers=site.bearer("speaker"))
        assert refused.json()["code"] == "secret"


async def test_who_voted_secretly_is_told_that_and_nothing_else_of_it(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk(person="voter") as voter:
        open_poll, closed = await made(speaker, secret(), "open"), await made(speaker, secret(), "open")
        for poll in (open_poll, closed):
            await voter.do("poll.vote", poll=poll, ballot=[OPTIONS[0]])
        await speaker.do("poll.close", poll=closed)
        await voter.until(lambda talk: talk.public["polls"][closed]["state"] == "closed")
        mine = await site.http.get("/api/me", headers={"Authorization": f"Bearer {site.token('attendee', person='voter')}"})
    told = sorted(mine.json()["secret_polls"], key=lambda one: str(one["poll"]))
    assert told == sorted(({"poll": poll, "round": 1} for poll in voter.me["cast"]), key=lambda one: str(one["poll"]))
    assert set(voter.me["cast"]) == {open_poll, closed}
    assert OPTIONS[0] not in mine.text


async def test_a_vote_said_again_is_one_vote_with_one_receipt_also_after_a_restart(site: Site) -> None:
    live = site.services.lives[SESSION]
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, secret(), "open")
        first = await attendee.do("poll.vote", id="the-vote-1", poll=poll, ballot=[OPTIONS[1]])
        assert await attendee.do("poll.vote", id="the-vote-1", poll=poll, ballot=[OPTIONS[1]]) == first
        await live._reload()
        assert await attendee.do("poll.vote", id="the-vote-1", poll=poll, ballot=[OPTIONS[1]]) == first
        assert live.polls.find(poll).turnout == 1
        await speaker.do("poll.close", poll=poll)
        assert "the-vote-1" not in repr(live._replies), "memory forgets it too"
        held = await site.services.store.read(partial(loading.held, session=SESSION, opener=live.safe))
        again = held.polls.find(poll)
        assert (again.count, again.voters) == (live.polls.find(poll).count, {"a-attendee"})
        assert again.tally.result() == live.polls.find(poll).tally.result()


async def test_a_reset_throws_the_envelopes_and_their_key_away(site: Site, tmp_path: Path) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        poll = await made(speaker, secret(), "open")
        await attendee.do("poll.vote", poll=poll, ballot=[OPTIONS[1]])
        await speaker.do("poll.reset", poll=poll)
        await attendee.until(lambda talk: talk.me["cast"] == {})
        rows, _ = stolen(tmp_path, tmp_path / "copy")
        assert rows["sealed"] == []
        assert not list((tmp_path / "ballots").iterdir())


async def test_votes_outlive_the_server_and_a_lost_key_is_said(tmp_path: Path) -> None:
    settings = Settings(port=0, data=tmp_path)
    async with running(settings, seed()) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        first = Site(http, server)
        async with first.talk("speaker") as speaker, first.talk() as attendee:
            poll = await made(speaker, secret(), "open")
            await attendee.do("poll.vote", poll=poll, ballot=[OPTIONS[1]])
    async with running(settings) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        second = Site(http, server)
        async with second.talk() as attendee:
            assert attendee.me["cast"] == {poll: True}
            assert attendee.public["polls"][poll]["voters"] == 1
    Safe(tmp_path / "ballots").destroy(poll, 1)
    with pytest.raises(ExceptionGroup) as refused:
        async with running(settings):
            raise AssertionError("it started without the key")
    assert refused.group_contains(LookupError, match="the key of poll")
