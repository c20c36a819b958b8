"""Two servers on one database and one Redis are one session's world: whoever comes to which, they meet."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.relay.dtls import Certificate
from server import cascade
from server.cluster import passing
from server.cluster.host import EVERY_SESSION
from server.cluster.passing import PASSED
from sessions.people import Role
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import certificate
from tests.realtime.relay.light import LightPeer
from tests.redis import Redis, redis
from tests.server.site import SDP, SESSION, Site, Talk
from tests.server.test_cascade import node
from tests.server.test_stage import bring

__all__ = ["certificate"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY_HERE = {"epoch": "none", "seq": 1}


@pytest.fixture(scope="module")
def bus() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory, bus: Redis) -> AsyncIterator[tuple[Site, Site]]:
    """The first owns the session, because somebody came to it first."""
    folder = tmp_path_factory.mktemp("cluster")
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(node(folder, bus)) for _ in range(2)]
        async with one.talk("attendee", "the-first"):
            pass
        assert (list(one.services.lives), list(two.services.lives)) == ([SESSION], [])
        yield one, two


def closed(talk: Talk) -> tuple[int, str]:
    assert talk.ws.close_code is not None
    return talk.ws.close_code, talk.ws.close_reason or ""


async def ended(talk: Talk) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed):
        await talk.until(lambda _: False)
    return closed(talk)


async def test_what_is_asked_at_one_is_moderated_and_voted_for_from_the_other(both: tuple[Site, Site]) -> None:
    one, two = both
    async with one.talk("attendee", "ana") as ana, two.talk("attendee", "ben") as ben, two.talk("moderator") as moderator:
        question = await ana.ask("Who owns the archive?")
        await moderator.until(lambda talk: question in talk.staff["questions"])
        await moderator.do("question.publish", question=question)
        await ana.until(lambda talk: talk.me["questions"][question]["state"] == "published")
        await ben.until(lambda talk: question in talk.public["questions"])
        assert "votes" in await_view(ben, question)
        await ben.do("question.vote", question=question, on=True)
        await ana.until(lambda talk: await_view(talk, question)["votes"] == 1)
        await ben.until(lambda talk: await_view(talk, question)["votes"] == 1 and talk.me["voted"] == {question: True})
        mine = await ben.ask("And who pays?")
        await moderator.do("question.dismiss", question=mine, reason="duplicate")
        await ben.until(lambda talk: talk.me["questions"][mine]["state"] == "dismissed")


def await_view(talk: Talk, question: str) -> dict[str, Any]:
    found: dict[str, Any] = talk.public["questions"][question]
    return found


async def test_a_poll_is_voted_in_from_both_and_who_voted_follows_its_result_wherever_they_are(both: tuple[Site, Site]) -> None:
    one, two = both
    form = {
        "kind": "single",
        "texts": {"en": "Which?", "es": "¿Cuál?"},
        "options": [{"id": id, "texts": {"en": id, "es": id}} for id in "ab"],
        "results_visibility": "after_vote",
    }
    async with two.talk("speaker") as speaker, one.talk("attendee", "ana") as ana, two.talk("attendee", "ben") as ben:
        poll = (await speaker.do("poll.create", form=form))["poll"]
        await speaker.do("poll.open", poll=poll)
        await ben.do("poll.vote", poll=poll, ballot=["a"])
        assert ben.me["ballots"][poll] == ["a"]
        channel = f"{SESSION}/polls/{poll}/1"
        await ben.until(lambda talk: talk.states[channel]["tally"]["counts"]["a"] == 1)
        await ana.do("poll.vote", poll=poll, ballot=["a"])
        await ben.until(lambda talk: talk.states[channel]["tally"]["counts"]["a"] == 2)
        await ana.until(lambda talk: talk.states[channel]["tally"]["counts"]["a"] == 2)
        assert channel in two.services.hub
        await speaker.do("poll.close", poll=poll)
        await speaker.do("poll.reset", poll=poll)
        await ben.until(lambda talk: poll not in talk.me["ballots"])
        await until(lambda: channel not in two.services.hub)
        assert channel not in one.services.hub


async def test_a_secret_vote_is_sealed_at_the_owner_and_counted(both: tuple[Site, Site]) -> None:
    one, two = both
    form = {
        "kind": "single",
        "texts": {"en": "Who?", "es": "¿Quién?"},
        "options": [{"id": id, "texts": {"en": id, "es": id}} for id in "ab"],
        "anonymity": "secret",
        "results_visibility": "after_close",
    }
    async with one.talk("speaker") as speaker, two.talk("attendee", "ben") as ben:
        poll = (await speaker.do("poll.create", form=form))["poll"]
        await speaker.do("poll.open", poll=poll)
        receipt = (await ben.do("poll.vote", poll=poll, ballot=["b"]))["receipt"]
        assert (ben.me["cast"], ben.me["ballots"].get(poll)) == ({poll: True}, None)
        await speaker.do("poll.close", poll=poll)
    box = (await two.http.get(f"/api/sessions/{SESSION}/polls/{poll}/ballots", headers=two.bearer("attendee"))).json()
    assert box["ballots"] == [{"receipt": receipt, "ballot": ["b"]}]


async def test_a_command_said_twice_at_two_servers_is_done_once(both: tuple[Site, Site]) -> None:
    one, two = both
    async with one.talk("attendee", "cy") as here, two.talk("attendee", "cy") as there:
        answers = [await talk.do("question.ask", id="only-once", text="Once?", lang="en") for talk in (here, there)]
        assert answers[0] == answers[1]
        await here.until(lambda talk: list(talk.me["questions"]) == [answers[0]["question"]])
        assert (await there.do("question.ask", id="only-once", text="Other?", lang="en"))["code"] == "key_reused"


async def test_channels_are_followed_and_left_and_others_refused_through_an_edge(both: tuple[Site, Site]) -> None:
    one, two = both
    chat = f"{SESSION}/chat"
    async with two.talk("attendee", "ben", captions="es") as ben, one.talk("attendee", "ana") as ana:
        assert set(ben.states) == {f"{SESSION}/public", f"{SESSION}/captions/es"}
        assert await ben.do("channel.subscribe", channel=chat) == {}
        await ben.until(lambda talk: chat in talk.states)
        await ana.do("chat.send", text="Good evening", lang="en")
        await ben.until(lambda talk: [item["text"] for item in talk.states[chat]["messages"].values()] == ["Good evening"])
        await ben.do("channel.unsubscribe", channel=chat)
        await ana.do("chat.send", text="Anyone?", lang="en")
        await ben.do("chat.send", text="I do not listen", lang="en")
        assert len(ben.states[chat]["messages"]) == 1
        assert (await ben.do("channel.subscribe", channel=f"{SESSION}/staff"))["code"] == "unknown_channel"


async def test_who_comes_back_to_either_server_gets_what_was_missed_and_no_more(both: tuple[Site, Site]) -> None:
    two = both[1]
    channel = f"{SESSION}/public"
    async with two.talk("moderator") as moderator:
        async with two.talk("attendee", "ben") as ben:
            pass
        question = await moderator.ask("Missed?")
        await moderator.do("question.publish", question=question)
        await moderator.until(lambda talk: talk.staff["questions"][question]["state"] == "published")
        for site in both:
            async with site.talk("attendee", "ben", resume={channel: ben.places[channel]}) as back:
                back.states, back.places = {channel: json.loads(json.dumps(ben.public))}, {channel: dict(ben.places[channel])}
                await back.until(lambda talk: question in talk.public["questions"])
                assert not any(message["type"] == "snapshot" for message in back.heard)
        async with two.talk("attendee", "ben", resume={channel: NOBODY_HERE}) as back:
            await back.until(lambda talk: question in talk.public["questions"])


async def test_everybody_is_counted_once_wherever_they_are(both: tuple[Site, Site]) -> None:
    one, two = both
    async with one.talk("attendee", "ana") as ana, two.talk("attendee", "ben") as ben, two.talk("attendee", "ana"):
        for talk in (ana, ben):
            await talk.until(lambda talk: talk.public["presence"]["total"] == 2)
        async with two.talk("attendee", "cy"):
            await ana.until(lambda talk: talk.public["presence"]["total"] == 3)
        await ben.until(lambda talk: talk.public["presence"]["total"] == 2)


async def test_nonsense_and_floods_are_answered_at_an_edge_as_they_are_at_the_owner(both: tuple[Site, Site]) -> None:
    two = both[1]
    async with two.talk("attendee", "eve") as eve:
        await eve.ws.send('{"type":"poll.vote"')
        await eve.until(lambda talk: talk.heard[-1].get("problem", {}).get("code") == "bad_command")
        for number in range(60):
            await eve.ws.send(json.dumps({"type": "reaction.send", "id": f"r{number}", "reaction": "applause"}))
        await eve.until(lambda talk: sum("id" in message for message in talk.heard) == 61)
        assert "rate_limited" in {message["problem"]["code"] for message in eve.heard if message["type"] == "error"}
    async with connect(two.ws, proxy=None) as ws:
        await ws.send(json.dumps({"type": "hello", "token": "no token"}))
        assert json.loads(await ws.recv())["problem"]["code"] == "bad_token"
        await ws.wait_closed()
        assert ws.close_code == 4401


async def test_what_needs_the_session_is_answered_over_http_by_whichever_server_is_asked(both: tuple[Site, Site]) -> None:
    one, two = both
    code = two.services.invite(SESSION, Role.ATTENDEE).code
    joined = await two.http.post(f"/api/join/{code}", json={"lang": "es", "name": "Dora"})
    assert joined.status_code == 201
    token, person = joined.json()["token"], joined.json()["person"]["id"]
    async with two.talk(token=token) as dora, one.talk("moderator") as moderator:
        question = await dora.ask("Erase me?")
        await moderator.until(lambda talk: question in talk.staff["questions"])
        mine = (await two.http.get("/api/me", headers={"Authorization": f"Bearer {token}"})).json()
        assert question in json.dumps(mine)
        assert (await two.http.delete("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 204
        assert (await ended(dora))[0] == 4401
        await moderator.until(lambda talk: "Erase me?" not in json.dumps(talk.staff["questions"]))
    again = await two.http.delete("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code in (204, 401)
    assert person not in (await one.http.get(f"/api/sessions/{SESSION}/exports/questions.json", headers=one.bearer("moderator"))).text
    passed = {PASSED: two.services.tokens.issue_node(one.server.url, EVERY_SESSION)}
    refused = await two.http.post(f"/api/join/{code}", json={"lang": "es"}, headers=passed)
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "overloaded", "1")
    assert (await one.http.post(f"/api/join/{code}", json={"lang": "es"}, headers=passed)).status_code == 201
    forged = {PASSED: two.token("organiser")}
    assert (await two.http.post(f"/api/join/{code}", json={"lang": "es"}, headers=forged)).status_code == 201


async def test_a_caption_tool_may_post_to_any_server_and_an_encoder_is_sent_to_the_owner(
    both: tuple[Site, Site], certificate: Certificate
) -> None:
    one, two = both
    asked = await two.http.post(f"/api/sessions/{SESSION}/ingest", json={"lang": "en"}, headers=two.bearer("captioner"))
    async with two.talk("attendee", "ben", captions="en") as ben:
        posted = await two.http.post(asked.json()["zoom"] + "&seq=1", content="Good evening.")
        assert posted.status_code == 200, posted.text
        captions = f"{SESSION}/captions/en"
        await ben.until(lambda talk: "Good evening." in [cue["text"] for cue in talk.states[captions]["cues"].values()])
    encoder = LightPeer(certificate)
    offer = encoder.offer("sendonly", {"audio": 111})
    sent = await two.http.post(f"/whip/{SESSION}", content=offer, headers=SDP | two.bearer("speaker"))
    assert sent.status_code == 307
    assert httpx.URL(sent.headers["Location"]).port == httpx.URL(one.server.url).port
    await encoder.close()


@asynccontextmanager
async def by(manner: str, both: tuple[Site, Site], folder: Path) -> AsyncIterator[tuple[Site, Site]]:
    """Two servers, the first of which owns the session: with an address each (`sent` on), or behind one (`passed` on)."""
    if manner == "sent":
        yield both
        return
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for patience in ("GO", "AGAIN"):  # nobody stays whom they would wait for
            patch.setattr(cascade, patience, 0.1)
        patch.setattr(passing, "CONNECTIONS", 1)
        bus = stack.enter_context(redis())
        one, two = [await stack.enter_async_context(node(folder, bus, together=True)) for _ in range(2)]
        async with one.talk("attendee", "the-first"):
            pass
        yield one, two


@pytest.mark.parametrize("manner", ["sent", "passed"])
async def test_both_venues_and_the_stage_are_published_to_by_way_of_a_server_that_does_not_own_the_session(
    both: tuple[Site, Site], manner: str, tmp_path: Path, certificate: Certificate
) -> None:
    redirects = [307] if manner == "sent" else []
    where: dict[str, httpx.URL] = {}
    async with by(manner, both, tmp_path) as (_, two), AsyncExitStack() as stack:

        async def camera(name: str, query: str, headers: dict[str, str]) -> LightPeer:
            async def signal(offer: str) -> str:
                path = f"/whip/{SESSION}{query}"
                answer = await two.http.post(path, content=offer, headers=SDP | headers, follow_redirects=True)
                assert (answer.status_code, [step.status_code for step in answer.history]) == (201, redirects), answer.text
                where[name] = answer.url.join(answer.headers["Location"])
                return answer.text

            peer = await LightPeer(certificate).open(signal, "sendonly", {"VP8": 96})
            stack.push_async_callback(peer.close)
            cameras.append(peer)
            return peer

        async def film() -> None:
            """Keyframes of VP8 from all there are, until cancelled."""
            for number in range(10_000):
                for at, peer in enumerate(cameras):
                    peer.send(96, number, number * 3_000, 1, b"\x10\x50 camera %d" % at)
                await asyncio.sleep(0.02)

        async def put(venue: str) -> int:
            at = f"/api/sessions/{SESSION}/venue"
            return (await two.http.put(at, json={"venue": venue}, headers=two.bearer("organiser"))).status_code

        async def watch(offer: str) -> str:
            answer = await two.post("whep", offer, "attendee")
            where["viewer"] = answer.url.join(answer.headers["Location"])
            return answer.text

        async def sees(number: int) -> None:
            await until(lambda: bool(viewer.packets) and viewer.packets[-1].payload.endswith(b"camera %d" % number))

        cameras: list[LightPeer] = []
        moderator = await stack.enter_async_context(two.talk("moderator"))
        guest = await stack.enter_async_context(two.talk("attendee"))
        filming = asyncio.create_task(film())
        stack.callback(filming.cancel)
        await camera("a", "", two.bearer("publisher"))
        await moderator.until(lambda talk: talk.staff["venues"]["arriving"] == ["a"])
        assert two.services.lives == {}
        viewer = LightPeer(certificate)
        stack.push_async_callback(viewer.close)
        await until(lambda: two.services.placement.where(SESSION, None) is not None)
        await viewer.open(watch, "recvonly", {"VP8": 100})
        await sees(0)
        # Whose player listens keeps nobody else from being passed on.
        events = await two.http.post(f"{where['viewer']}/events", headers=two.bearer("attendee"))
        told = await stack.enter_async_context(two.http.stream("GET", events.headers["Location"]))
        lines = told.aiter_lines()  # kept: without its reader the stream would be over
        assert (told.status_code, await anext(lines)) == (200, "retry: 2000")
        await camera("b", "?venue=b", two.bearer("publisher"))
        await moderator.until(lambda talk: talk.staff["venues"] == {"on_air": "a", "arriving": ["a", "b"]})
        assert await put("b") == 200
        await sees(1)
        assert await put("a") == 200
        await sees(0)
        assert (await two.http.delete(where["b"], headers=two.bearer("publisher"))).status_code == 200

        await bring(moderator, guest)
        entered = (await two.http.post(f"/api/sessions/{SESSION}/stage", headers=two.bearer("attendee"))).json()
        token = {"Authorization": f"Bearer {entered['token']}"}
        cameras.pop()
        await camera("guest", "", token)
        await sees(1)
        assert (await two.http.get(where["guest"], headers=token)).status_code == 204
        assert (await two.http.delete(where["a"], headers=token)).status_code == 404  # it is not the guest's own
        await moderator.do("floor.down")
        await sees(0)
        late = await two.http.post(f"/whip/{SESSION}", content=cameras[1].offer("sendonly", {"VP8": 96}), headers=SDP | token)
        if manner == "sent":
            late = await two.http.post(late.headers["Location"], content=cameras[1].offer("sendonly", {"VP8": 96}), headers=SDP)
        assert (late.status_code, late.json()["code"]) == (403, "off_stage")

        # A request that was passed on while the session moved is not sent to an address that is only there inside.
        if manner == "passed":
            passed = {PASSED: two.services.tokens.issue_node(two.server.url, EVERY_SESSION)}
            offer = cameras[1].offer("sendonly", {"VP8": 96})
            moved = await two.http.post(f"/whip/{SESSION}", content=offer, headers=SDP | two.bearer("publisher") | passed)
            assert (moved.status_code, moved.json()["code"], moved.headers["Retry-After"]) == (409, "elsewhere", "2")


async def test_only_nodes_open_links(both: tuple[Site, Site]) -> None:
    address = both[0].ws.removesuffix("/ws") + "/cluster"
    for token in ("", both[0].token("organiser"), both[0].services.tokens.issue_node("http://two.example", SESSION)):
        with pytest.raises(InvalidStatus):
            await connect(address, proxy=None, additional_headers={"Authorization": f"Bearer {token}"})


async def test_a_server_that_stops_hands_its_session_over_and_its_people_find_it_at_the_other(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        bus = stack.enter_context(redis())
        other = await stack.enter_async_context(node(tmp_path, bus))
        leaving = await stack.enter_async_context(AsyncExitStack())
        one = await leaving.enter_async_context(node(tmp_path, bus))
        ana = await stack.enter_async_context(one.talk("attendee", "ana"))
        ben = await stack.enter_async_context(other.talk("attendee", "ben"))
        assert list(other.services.lives) == []
        question = await ben.ask("Kept?")
        stopping = asyncio.create_task(leaving.aclose())
        for talk in (ana, ben):
            code, reason = await ended(talk)
            assert code == 1012
            assert reason.startswith("window=")
        async with other.talk("moderator") as moderator:
            assert question in moderator.staff["questions"]
            assert await moderator.do("question.publish", question=question) is not None
        assert list(other.services.lives) == [SESSION]
        await stopping
