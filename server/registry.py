"""Which nodes there are, how full they are and whose each session is, in Redis: every node says so of itself, for a few seconds.

A node's word is a key with a lifetime, so a node that dies is gone by itself. Who may originate a session is a lease, taken by
whoever asks first: two encoders that come at once to two nodes end up at one. Who owns its state is another one.
"""

from collections.abc import Collection, Mapping
from typing import Any, Self

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

LIFETIME = 4.0
"""Seconds a node's word and its leases are good for; it says them again much more often."""

ANSWER = 1.5
"""Seconds Redis has to answer: an encoder or a viewer may be waiting."""

NODES_LIMIT = 256
"""Nodes that are looked at; more are not seen."""

# Taken if it is free or ours; the owner, whoever that is then.
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return owner end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_GIVE_UP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class Carried(msgspec.Struct, frozen=True):
    """What a node says of a session that it has to do with."""

    viewers: int = 0
    origin: bool = False
    """Whether it is published there, and not pulled from elsewhere."""
    live: bool = False
    """Whether media of its floor arrives from the publisher; the next is of its booths. Only said by the origin."""
    languages: list[str] = []
    slate: bool = False
    """Whether who watches there is shown the slate, for the source is away."""


class Node(msgspec.Struct, frozen=True):
    """What a node says of itself. `url` is how others reach it, and its name."""

    url: str
    viewers: int = 0
    limit: int = 0
    """Viewers of one session it takes."""
    draining: bool = False
    sessions: dict[str, Carried] = {}


class Beat(msgspec.Struct, frozen=True):
    """What Redis said to a word. `lost` are leases that are another's by now."""

    known: bool
    """Whether it still had the word before."""
    lost: set[str]


class Registry:
    """One node's access, by its `url`. `async with` it. Every method raises RedisError and OSError when Redis does not answer."""

    def __init__(self, redis: str, url: str, prefix: str = "marquee:nodes:") -> None:
        self._address, self._url, self._prefix = redis, url, prefix
        self._decoder = msgspec.json.Decoder(Node)

    async def __aenter__(self) -> Self:
        self._redis = Redis.from_url(self._address, retry=Retry(NoBackoff(), 0), socket_timeout=ANSWER, socket_connect_timeout=ANSWER)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._redis.aclose()

    async def beat(self, node: Node, leases: Collection[str]) -> Beat:
        """Say this node's word and renew its leases."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(self._prefix + node.url, msgspec.json.encode(node), px=int(LIFETIME * 1000), get=True)
            pipe.sadd(self._prefix + "all", node.url)
            for session in leases:
                pipe.eval(_TAKE, 1, self._lease(session), self._url, int(LIFETIME * 1000))
            answers = await pipe.execute()
        lost = {session for session, owner in zip(leases, answers[2:], strict=True) if owner.decode() != self._url}
        return Beat(known=answers[0] is not None, lost=lost)

    async def nodes(self) -> Mapping[str, Node]:
        """Every node that lives, this one too."""
        urls = sorted(url.decode() for url in await self._of(self._redis.smembers(self._prefix + "all")))[:NODES_LIMIT]
        words = await self._of(self._redis.mget([self._prefix + url for url in urls])) if urls else []
        gone = [url for url, word in zip(urls, words, strict=True) if word is None]
        if gone:
            await self._of(self._redis.srem(self._prefix + "all", *gone))
        read = [self._read(word) for word in words if word is not None]
        return {node.url: node for node in read if node is not None}

    async def take(self, session: str) -> str:
        """Become the origin of a session unless another node is; returns the URL of the one that is."""
        owner: bytes = await self._of(self._redis.eval(_TAKE, 1, self._lease(session), self._url, int(LIFETIME * 1000)))
        return owner.decode()

    async def give_up(self, session: str) -> None:
        """Let another node become the origin. Idempotent."""
        await self._of(self._redis.eval(_GIVE_UP, 1, self._lease(session), self._url))

    # Who owns a session's state

    async def own(self, session: str) -> str:
        """Become the owner of a session unless another node is; returns the URL of the one that is."""
        owner: bytes = await self._of(self._redis.eval(_TAKE, 1, self._ownership(session), self._url, int(LIFETIME * 1000)))
        return owner.decode()

    async def owner(self, session: str) -> str | None:
        """The URL of the node that owns a session, if one does."""
        owner: bytes | None = await self._of(self._redis.get(self._ownership(session)))
        return None if owner is None else owner.decode()

    async def keep(self, sessions: Collection[str]) -> set[str]:
        """Renew the ownership of these; returns those that are another's by now."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for session in sessions:
                pipe.eval(_TAKE, 1, self._ownership(session), self._url, int(LIFETIME * 1000))
            owners = await pipe.execute()
        return {session for session, owner in zip(sessions, owners, strict=True) if owner.decode() != self._url}

    async def disown(self, session: str) -> None:
        """Let another node become the owner. Idempotent."""
        await self._of(self._redis.eval(_GIVE_UP, 1, self._ownership(session), self._url))

    async def leave(self) -> None:
        """Be gone at once, instead of after LIFETIME."""
        await self._redis.delete(self._prefix + self._url)

    def _read(self, word: bytes) -> Node | None:
        """None for the word of another version that means something else by it."""
        try:
            return self._decoder.decode(word)
        except msgspec.DecodeError:
            return None

    def _lease(self, session: str) -> str:
        return f"{self._prefix}origin:{session}"

    def _ownership(self, session: str) -> str:
        return f"{self._prefix}owner:{session}"

    @staticmethod
    async def _of(answer: Any) -> Any:
        """redis-py types its commands as for both of its clients, the waiting one and this one."""
        return await answer
