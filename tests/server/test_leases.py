"""Leases on a real Redis: of many who want a session one has it, as long as that one lives and says so, whatever becomes of Redis."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from server import registry
from server.registry import Node, Registry
from tests.realtime.relay.clients import until
from tests.redis import Redis, redis

SHORT = 1.0

HOLDER = """
import asyncio, sys
from server import registry

async def hold(redis, url, lifetime):
    registry.LIFETIME = lifetime
    async with registry.Registry(redis, url) as node:
        print(await node.take("summit"), flush=True)
        while True:
            await node.beat(registry.Node(url), ["summit"])
            await asyncio.sleep(lifetime / 4)

asyncio.run(hold(sys.argv[1], sys.argv[2], float(sys.argv[3])))
"""


@pytest.fixture
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@asynccontextmanager
async def nodes(server: Redis, count: int) -> AsyncIterator[list[Registry]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Registry(server.url, f"http://{number}.example")) for number in range(count)]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LIFETIME", SHORT)


async def test_of_many_who_ask_at_once_one_has_it_and_all_know_who(server: Redis) -> None:
    async with nodes(server, 20) as all_:
        for session in ("one", "two", "three"):
            assert len(set(await asyncio.gather(*(node.take(session) for node in all_)))) == 1


async def test_a_node_that_is_killed_holds_it_no_longer_than_its_lifetime(server: Redis, short: None) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, server.url, "http://holder.example", str(SHORT), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert await holder.stdout.readline() == b"http://holder.example\n"
        async with nodes(server, 1) as (heir,):
            for _ in range(4):
                await asyncio.sleep(SHORT / 3)
                assert await heir.take("summit") == "http://holder.example", "it is renewed while its node lives"
            holder.kill()
            await holder.wait()
            killed = asyncio.get_running_loop().time()

            async def taken() -> bool:
                return await heir.take("summit") == "http://0.example"

            await until(taken)
            assert asyncio.get_running_loop().time() - killed < SHORT + 0.5
    finally:
        if holder.returncode is None:
            holder.kill()
            await holder.wait()


async def test_a_redis_that_comes_back_empty_gives_it_to_its_owner_again_if_nobody_was_faster(server: Redis) -> None:
    async with nodes(server, 2) as (one, two):
        assert await one.take("kept") == await one.take("taken") == "http://0.example"
        server.kill()
        server.start()
        assert await two.take("taken") == "http://1.example"
        said = await one.beat(Node("http://0.example"), ["kept", "taken"])
        assert (said.known, said.lost) == (False, {"taken"})
        assert await two.take("kept") == "http://0.example"


async def test_a_redis_that_was_stopped_for_longer_than_a_lifetime_has_one_owner_afterwards(server: Redis, short: None) -> None:
    async with nodes(server, 2) as (one, two):
        assert await one.take("summit") == "http://0.example"
        with server.paused():
            await asyncio.sleep(SHORT * 1.5)
        beat, taken = await asyncio.gather(one.beat(Node("http://0.example"), ["summit"]), two.take("summit"))
        owner = await one.take("summit")
        assert owner == taken == await two.take("summit")
        assert (owner == "http://1.example") == (beat.lost == {"summit"})
