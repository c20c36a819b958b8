"""Clients that vote as fast as they are answered: as cheap as Python allows, to leave the machine to the server."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from tests.load.hub.crowd import BATCH
from tests.load.line import Line, frame


class Voter(Line):
    """One socket. `ready` once the server has said welcome; `prepare` votes, then `vote`: each ack brings the next."""

    def __init__(self, crowd: "Crowd", name: str, token: str, port: int) -> None:
        super().__init__(port)
        self._crowd, self._name, self._token = crowd, name, token
        self._next, self._sent = 0, 0.0
        self._frames: list[bytes] = []

    def opened(self) -> None:
        self.transport.write(frame(msgspec.json.encode({"type": "hello", "token": self._token})))

    def prepare(self, votes: int) -> None:
        """Write so many votes down, so that casting them costs next to nothing."""
        self._frames = [frame(self._command(number)) for number in range(votes)]

    def vote(self) -> None:
        """The next one, if any are left."""
        if self._next < len(self._frames):
            self._sent = time.monotonic()
            self.transport.write(self._frames[self._next])

    def _command(self, number: int) -> bytes:
        choice = "abc"[(number + len(self._name)) % 3]
        return b'{"type":"poll.vote","id":"%b","poll":"poll-%d","ballot":["%b"]}' % (self.key(number), number, choice.encode())

    def key(self, number: int) -> bytes:
        return b"key-%b-%d" % (self._name.encode(), number)

    def message(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"ack"', start):
            self._crowd.count(time.monotonic() - self._sent)
            self._next += 1
            self.vote()
        elif data.startswith(b'{"type":"welcome"', start):
            self.ready.set_result(None)
        elif data.startswith(b'{"type":"error"', start):
            code = msgspec.json.decode(memoryview(data)[start:end])["problem"]["code"]
            self._crowd.refused(f"{self._name} was refused its vote {self._next} as {code}", code, self.vote)

    @property
    def acks(self) -> set[tuple[str, str, str]]:
        """What was acknowledged: poll, person and key."""
        return {(f"poll-{number}", self._name, self.key(number).decode()) for number in range(self._next)}


class Crowd:
    """All voters, and how long each vote took that was acknowledged to them, in seconds.

    With `patience` they say a vote again, by the same key, that many seconds after it was refused because there was too much to do.
    """

    def __init__(self, tokens: list[str], patience: float | None = None) -> None:
        self._tokens, self._patience = tokens, patience
        self.refusals: Counter[str] = Counter()
        self._voters: list[Voter] = []
        self.latencies: list[float] = []
        self._wanted: dict[int, asyncio.Future[None]] = {}

    async def enter(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for first in range(0, len(self._tokens), BATCH):
            batch = [
                Voter(self, f"voter-{first + number}", token, port) for number, token in enumerate(self._tokens[first : first + BATCH])
            ]
            await asyncio.gather(*(loop.create_connection(lambda voter=voter: voter, "127.0.0.1", port) for voter in batch))  # type: ignore[misc]
            await asyncio.gather(*(voter.ready for voter in batch))
            self._voters += batch

    def prepare(self, votes: int) -> None:
        for voter in self._voters:
            voter.prepare(votes)

    async def vote(self, votes: int) -> None:
        """Everyone casts so many, which are prepared; returns when all are acknowledged."""
        for voter in self._voters:
            voter.vote()
        await self.acked(votes * len(self._voters))

    async def acked(self, count: int) -> None:
        """Until so many votes are acknowledged."""
        if len(self.latencies) < count:
            self._wanted[count] = asyncio.get_running_loop().create_future()
            await self._wanted[count]

    def count(self, seconds: float) -> None:
        self.latencies.append(seconds)
        if len(self.latencies) in self._wanted and not (wanted := self._wanted[len(self.latencies)]).done():
            wanted.set_result(None)

    @property
    def acks(self) -> set[tuple[str, str, str]]:
        return set().union(*(voter.acks for voter in self._voters))

    def refused(self, why: str, code: str, again: Callable[[], None]) -> None:
        self.refusals[code] += 1
        if self._patience is None or code != "overloaded":
            self.fail(why)
        else:
            asyncio.get_running_loop().call_later(self._patience, again)

    def fail(self, why: str) -> None:
        for wanted in self._wanted.values():
            if not wanted.done():
                wanted.set_exception(RuntimeError(why))

    def leave(self) -> None:
        for voter in self._voters:
            voter.transport.abort()
