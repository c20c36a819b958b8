"""What every client of `/ws` does: say hello, know its place in each channel, and come back as the web client does."""

import asyncio
import random
import time
from typing import Any

import msgspec

from tests.load.line import Line, frame

LEAST_WAIT, FIRST_WAIT, MOST_WAIT = 0.05, 0.5, 15.0
"""Seconds that the web client waits after a broken connection, where the server tells no more (`pace.ts`)."""

RESUMES = 8
"""Channels that a hello may resume."""


class Place(msgspec.Struct):
    """The last that is known of a channel."""

    epoch: str
    seq: int


class Told(msgspec.Struct):
    """A message of the server, of whatever type: what a client needs of it."""

    type: str
    channel: str = ""
    epoch: str = ""
    seq: int = 0
    data: msgspec.Raw = msgspec.Raw(b"{}")
    id: str | None = None
    window: int = 0
    me: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    problem: dict[str, Any] = {}


_decode = msgspec.json.Decoder(Told).decode
_encode = msgspec.json.Encoder().encode


class Client(Line):
    """One connection. `ready` is done by `welcome`; what it is told goes to the methods below, which subclasses fill.

    `places` are where an earlier connection was: it goes on from there. `gaps` counts updates that did not follow the one before.
    """

    def __init__(self, token: str, port: int, host: str = "127.0.0.1", captions: str | None = None, places: dict[str, Place] | None = None):
        super().__init__(port, host)
        self._token, self._captions = token, captions
        self.places: dict[str, Place] = dict(list((places or {}).items())[:RESUMES])
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.window = self.gaps = self.snapshots = 0

    def opened(self) -> None:
        hello: dict[str, Any] = {"type": "hello", "token": self._token}
        if self._captions is not None:
            hello["captions"] = self._captions
        if self.places:
            hello["resume"] = self.places
        self.transport.write(frame(_encode(hello)))

    def say(self, command: bytes) -> None:
        self.transport.write(frame(command))

    def message(self, data: bytes, start: int, end: int) -> None:
        told = _decode(memoryview(data)[start:end])
        match told.type:
            case "welcome":
                self.window = told.window
                self.welcome(told)
            case "retry":
                self.window = told.window
            case "ack" | "error":
                self.answer(told)
            case "my" | "service":
                pass
            case _:
                self._follow(told)

    def _follow(self, told: Told) -> None:
        place = self.places.get(told.channel)
        if told.type == "snapshot":
            self.snapshots += 1
        elif place is None or place.epoch != told.epoch or told.seq != place.seq + 1:
            self.gaps += 1
        self.places[told.channel] = Place(told.epoch, told.seq)
        self.heard(told)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self.closed.done():
            self.closed.set_result(None)

    def welcome(self, told: Told) -> None:
        """The server has let it in."""
        if not self.ready.done():
            self.ready.set_result(None)

    def heard(self, told: Told) -> None:
        """A snapshot or an update, by now counted in `places`."""

    def answer(self, told: Told) -> None:
        """An ack, or a refusal with its `problem`."""


def wait(attempt: int, window: int) -> float:
    """Seconds before the web client's next attempt (`pace.ts`); `window` is in ms, as the server told it."""
    first, most = max(FIRST_WAIT, window / 1000), max(MOST_WAIT, window / 1000)
    return LEAST_WAIT + random.random() * min(most, first * 2**attempt)


def command(type: str, id: str, **fields: Any) -> bytes:
    return _encode({"type": type, "id": id, **fields})


def stamp() -> str:
    """The time now, to put into a text: of the machine's one clock, so that another process may read it."""
    return f"@{time.monotonic_ns():020d}@"


def stamped(data: bytes) -> int | None:
    """The first stamp in a text, in ns; None if there is none."""
    at = data.find(b"@0")
    return int(data[at + 1 : at + 21]) if at >= 0 else None
