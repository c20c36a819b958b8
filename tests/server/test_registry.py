"""The registry on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from redis.exceptions import RedisError

from server import registry
from server.registry import Beat, Carried, Node, Registry
from tests.redis import Redis, redis

ONE, TWO = "http://one.example", "http://two.example"


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture
async def nodes(server: Redis, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Registry, Registry]]:
    async with AsyncExitStack() as stack:
        prefix = f"{request.node.name}:"
        one, two = [await stack.enter_async_context(Registry(server.url, url, prefix)) for url in (ONE, TWO)]
        yield one, two


async def test_every_node_sees_what_each_says_until_it_says_no_more(
    nodes: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LIFETIME", 0.3)
    one, two = nodes
    words = [Node(ONE, 3, 10, True, {"summit": Carried(3, True, True, ["es"])}), Node(TWO)]
    assert not (await one.beat(words[0], [])).known
    assert (await one.beat(words[0], [])).known
    await two.beat(words[1], [])
    assert list((await two.nodes()).values()) == words
    await one.leave()
    assert list(await two.nodes()) == [TWO]
    await asyncio.sleep(0.35)
    assert await two.nodes() == {}


async def test_a_session_has_one_origin_who_ever_asks_until_it_gives_up(nodes: tuple[Registry, Registry]) -> None:
    one, two = nodes
    assert await one.take("summit") == await two.take("summit") == ONE
    assert await one.take("summit") == ONE
    await two.give_up("summit")
    assert await two.take("summit") == ONE
    await one.give_up("summit")
    assert await two.take("summit") == TWO


async def test_a_lease_is_good_while_its_node_says_so_and_is_lost_to_who_took_it(
    nodes: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LIFETIME", 0.3)
    one, two = nodes
    assert await one.take("summit") == ONE
    for _ in range(3):
        await asyncio.sleep(0.15)
        assert (await one.beat(Node(ONE), ["summit"])).lost == set()
    assert await two.take("summit") == ONE
    await asyncio.sleep(0.35)
    assert await two.take("summit") == TWO
    assert await one.beat(Node(ONE), ["summit"]) == Beat(known=False, lost={"summit"})


async def test_a_redis_that_says_nothing_is_not_waited_for(server: Redis, nodes: tuple[Registry, Registry]) -> None:
    one, _ = nodes
    await one.nodes()
    with server.paused(), pytest.raises((RedisError, OSError)):
        async with asyncio.timeout(registry.ANSWER + 1):
            await one.take("summit")
