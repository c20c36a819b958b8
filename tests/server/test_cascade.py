"""Two whole servers on one Redis: what is published to one is watched at the other, and each request finds its node."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import ValidationError

from realtime.relay.dtls import Certificate
from server import cascade, placement
from server.settings import Settings
from tests.realtime.relay.clients import Signal, publishing, until, viewing
from tests.realtime.relay.conftest import certificate
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_offer import GOOD
from tests.realtime.relay.test_pull import speaking
from tests.redis import Redis, redis
from tests.server.site import SDP, SESSION, Site, opened
from tests.server.test_media import RECEIVING, problem

__all__ = ["certificate"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "the same secret in both of the nodes"


@pytest.fixture(scope="module")
def bus() -> Iterator[Redis]:
    with redis() as server:
        yield server


@asynccontextmanager
async def node(data: Path, bus: Redis, **settings: object) -> AsyncIterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with opened(data, port=port, node=url, bus=bus.url, secret=SECRET, **settings) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory, bus: Redis) -> AsyncIterator[tuple[Site, Site]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cascade, "LINGER", 1.0)
        patch.setattr(placement, "CONNECT", 2.0)
        patch.setattr(placement, "RETURN", 0.2)
        async with AsyncExitStack() as stack:
            folder = tmp_path_factory.mktemp("nodes")
            one, two = [await stack.enter_async_context(node(folder / name, bus, viewers=2, metrics="watch-me")) for name in ("one", "two")]
            yield one, two


@pytest_asyncio.fixture(loop_scope="module")
async def nodes(both: tuple[Site, Site]) -> tuple[Site, Site]:
    """Two nodes that know each other and to which nobody publishes."""
    await until(lambda: all(len(idle(site)) == 2 for site in both))
    return both


@pytest_asyncio.fixture(loop_scope="module")
async def draining(both: tuple[Site, Site]) -> AsyncIterator[Site]:
    """The first node, told to drain for the length of the test, as `both` may be."""
    assert await both[0].services.placement.drain()
    yield both[0]
    for site in both:
        site.services.placement.draining = False
    await until(lambda: all(site.services.placement.best(SESSION) is not None for site in both))


def idle(site: Site) -> list[str]:
    """The nodes that a node knows to originate nothing."""
    known = site.services.placement.nodes.items()
    return [url for url, word in known if not any(carried.origin for carried in word.sessions.values())]


def following(site: Site, path: str, role: str, where: dict[str, str]) -> Signal:
    """Posts an offer as a client does that follows redirects; `where` is told the resource by the path."""

    async def signal(offer: str) -> str:
        answer = await site.http.post(path, content=offer, headers=SDP | site.bearer(role), follow_redirects=True)
        assert answer.status_code == 201, answer.text
        where[path] = str(answer.url.join(answer.headers["Location"]))
        return answer.text

    return signal


async def live(site: Site, session: str = SESSION) -> bool:
    return bool((await site.http.get("/api/event")).json()["live"][session])


async def gone(site: Site) -> bool:
    return not await live(site)


def pulls(site: Site) -> list[tuple[str, str | None]]:
    return [(pull.session, pull.lang) for pull in site.services.cascade.pulls]


async def test_what_is_published_to_one_node_is_seen_at_the_other_by_one_pull_while_somebody_watches(nodes: tuple[Site, Site]) -> None:
    one, two = nodes
    assert not await live(two)
    async with AsyncExitStack() as publishers:
        await publishers.enter_async_context(publishing(one.signal("whip", "speaker")))
        await until(lambda: live(two))
        assert pulls(two) == []
        async with viewing(two.signal("whep", "attendee")) as first, viewing(two.signal("whep", "attendee")) as second:
            await until(lambda: first.frames > 5 and first.samples > 10_000 and second.frames > 5)
            assert pulls(two) == [(SESSION, None)]
            assert (await one.relay.stats(SESSION)).viewers == 1
            told = (await two.http.get("/metrics", headers={"Authorization": "Bearer watch-me"})).text
            assert f'marquee_pulls{{lang="",origin="{one.server.url}",session="{SESSION}"}} 1.0' in told
            assert "marquee_nodes 2.0" in told
            await publishers.enter_async_context(publishing(one.signal("whip", "speaker"), video="VP8"))
            seen = first.frames
            await until(lambda: first.frames > seen + 20)
            assert first.connection.connectionState == "connected"
        await until(lambda: pulls(two) == [])
        assert await live(two)
    await until(lambda: gone(two))


async def test_each_language_is_pulled_when_somebody_hears_it(nodes: tuple[Site, Site], certificate: Certificate) -> None:
    one, two = nodes
    where: dict[str, str] = {}
    whip, whep, booth = f"/whip/{SESSION}", f"/whep/{SESSION}", f"/whip/{SESSION}/es"
    floor = await LightPeer(certificate).open(following(one, whip, "speaker", where), "sendonly", {"audio": 111})
    async with speaking(floor, b"floor"):
        await until(lambda: one.live)
        interpreter = await LightPeer(certificate).open(following(two, booth, "interpreter", where), "sendonly", {"audio": 111})
        assert where[booth].startswith(one.server.url)
        async with speaking(interpreter, b"spanish"), two.talk("attendee") as talk:
            await talk.until(lambda talk: talk.public["interpreting"] == ["es"])
            listener = await LightPeer(certificate).open(following(two, whep, "attendee", where), "recvonly", {"audio": 109})
            await until(lambda: bool(listener.packets) and listener.packets[-1].payload == b"floor")
            assert pulls(two) == [(SESSION, None)]
            chosen = await two.http.put(f"{where[whep]}/language", json={"lang": "es"}, headers=two.bearer("attendee"))
            assert chosen.json() == {"lang": "es", "hears": "es"}
            await until(lambda: listener.packets[-1].payload == b"spanish")
            assert set(pulls(two)) == {(SESSION, None), (SESSION, "es")}
            await two.http.put(f"{where[whep]}/language", json={"lang": None}, headers=two.bearer("attendee"))
            await until(lambda: pulls(two) == [(SESSION, None)])
            await listener.close()
            for path, role in ((whep, "attendee"), (booth, "interpreter"), (whip, "speaker")):
                assert (await two.http.delete(where[path], headers=two.bearer(role))).status_code == 200


async def test_a_publisher_is_sent_to_where_the_session_originates(nodes: tuple[Site, Site]) -> None:
    one, two = nodes
    async with publishing(one.signal("whip", "speaker")):
        await until(lambda: one.live)
        sent = await two.post("whip", GOOD, "speaker")
        assert sent.status_code == 307
        assert sent.headers["Location"].startswith(f"{one.server.url}/whip/{SESSION}?ticket=")
        # A node that was told wrong does not send it back: the two could go on for ever.
        ticket = {"ticket": httpx.URL(sent.headers["Location"]).params["ticket"]}
        problem(await two.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP, params=ticket), 409, "elsewhere")


async def test_what_only_the_origin_makes_is_asked_for_there(nodes: tuple[Site, Site]) -> None:
    one, two = nodes
    async with publishing(one.signal("whip", "speaker")):
        await until(lambda: live(two))
        sent = await two.http.get(f"/hls/{SESSION}/master.m3u8", headers=two.bearer("attendee"))
        assert sent.status_code == 307
        assert sent.headers["Location"].startswith(f"{one.server.url}/hls/{SESSION}/master.m3u8?ticket=")


async def test_a_node_that_drains_sends_everybody_on_while_there_is_another(nodes: tuple[Site, Site], draining: Site) -> None:
    two = nodes[1]
    assert draining is nodes[0]
    for entrance, offer, role in (("whip", GOOD, "speaker"), ("whep", RECEIVING, "attendee")):
        sent = await draining.post(entrance, offer, role)
        assert sent.status_code == 307
        assert sent.headers["Location"].startswith(f"{two.server.url}/{entrance}/{SESSION}?ticket=")
    two.services.placement.draining = True
    await until(lambda: draining.services.placement.best(SESSION) is None)
    assert (await draining.post("whip", GOOD, "speaker")).status_code == 201


async def test_who_comes_while_the_source_is_away_is_sent_to_a_node_that_shows_the_slate(nodes: tuple[Site, Site]) -> None:
    one, two = nodes  # the second has never had the other session

    async def post(site: Site, entrance: str, offer: str, role: str) -> httpx.Response:
        return await site.http.post(f"/{entrance}/other", content=offer, headers=SDP | site.bearer(role, "other"))

    async def signal(offer: str) -> str:
        return (await post(one, "whip", offer, "speaker")).text

    async with publishing(signal):
        await until(lambda: live(two, "other"))
    await until(lambda: two.services.placement.slate("other") is not None)
    await until(lambda: two.services.placement.origin("other") is None)
    sent = await post(two, "whep", RECEIVING, "attendee")
    assert sent.status_code == 307
    assert sent.headers["Location"].startswith(f"{one.server.url}/whep/other?ticket=")
    assert (await post(one, "whep", RECEIVING, "attendee")).status_code == 201


async def test_two_publishers_at_once_end_up_at_one_node(nodes: tuple[Site, Site]) -> None:
    answers = await asyncio.gather(*(site.post("whip", GOOD, "speaker") for site in nodes))
    assert sorted(answer.status_code for answer in answers) == [201, 307]


async def test_a_viewer_past_the_limit_is_sent_to_a_node_with_room_and_only_once(nodes: tuple[Site, Site]) -> None:
    one, two = nodes
    async with publishing(one.signal("whip", "speaker")):
        await until(lambda: live(two))
        created = [await one.post("whep", RECEIVING, "attendee") for _ in range(2)]
        assert [answer.status_code for answer in created] == [201, 201]
        sent = await one.post("whep", RECEIVING, "attendee")
        assert sent.status_code == 307
        target = httpx.URL(sent.headers["Location"])
        assert str(target).startswith(f"{two.server.url}/whep/{SESSION}?ticket=")
        created += [await two.http.post(target, content=RECEIVING, headers=SDP) for _ in range(2)]
        assert [answer.status_code for answer in created[2:]] == [201, 201]
        problem(await two.http.post(target, content=RECEIVING, headers=SDP), 503, "too_many_viewers")
        await until(lambda: two.services.placement.best(SESSION) is None and one.services.placement.best(SESSION) is None)
        problem(await one.post("whep", RECEIVING, "attendee"), 503, "too_many_viewers")
        for answer in created:
            await two.http.delete(answer.url.join(answer.headers["Location"]), headers=one.bearer("attendee"))


async def test_only_nodes_are_fed_and_only_what_originates_here(nodes: tuple[Site, Site]) -> None:
    one, two = nodes
    tokens, path = one.services.tokens, f"/cascade/{SESSION}"
    async with publishing(one.signal("whip", "speaker")):
        await until(lambda: live(two))
        problem(await one.http.post(path, content=RECEIVING, headers=SDP), 401, "no_token")
        problem(await one.http.post(path, content=RECEIVING, headers=SDP | one.bearer("organiser")), 401, "bad_token")
        other = {"Authorization": f"Bearer {tokens.issue_node(two.server.url, 'other')}"}
        problem(await one.http.post(path, content=RECEIVING, headers=SDP | other), 401, "bad_token")
        right = {"Authorization": f"Bearer {tokens.issue_node(two.server.url, SESSION)}"}
        assert (await one.http.post(path, content=RECEIVING, headers=SDP | right)).status_code == 201
        problem(await one.http.post(f"/whep/{SESSION}", content=RECEIVING, headers=SDP | right), 401, "bad_token")
        async with viewing(two.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 1)
            problem(await two.http.post(path, content=RECEIVING, headers=SDP | right), 409, "not_live")


async def test_a_node_goes_on_alone_while_redis_is_away(nodes: tuple[Site, Site], bus: Redis) -> None:
    one, two = nodes
    async with publishing(one.signal("whip", "speaker")):
        await until(lambda: live(two))
        async with viewing(two.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 3)
            bus.kill()
            seen = viewer.frames
            await until(lambda: viewer.frames > seen + 10)
            answer = await one.http.post("/whip/other", content=GOOD, headers=SDP | one.bearer("speaker", "other"))
            assert answer.status_code == 201
            bus.start()
            await until(lambda: "other" in two.services.placement.nodes[one.server.url].sessions)
            assert viewer.connection.connectionState == "connected"
            assert await live(two)


async def test_nodes_need_a_redis_and_a_secret_in_common() -> None:
    with pytest.raises(ValidationError, match="MARQUEE_BUS"):
        Settings(node="http://one.example", secret=SECRET)
    with pytest.raises(ValidationError, match="MARQUEE_SECRET"):
        Settings(node="http://one.example", bus="redis://there")
