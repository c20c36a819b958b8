"""Between processes: finished bytes, published by one, heard by all the others. In memory for one process, over Redis for many."""

import asyncio
from collections.abc import Callable
from typing import Protocol, Self

Deliver = Callable[[str, bytes], None]
Lost = Callable[[], None]


class Bus(Protocol):
    """Carries messages between hubs: each listener hears each publisher's messages once and in order, or is told that some are `lost`.

    `async with` it. Listeners are called on the loop, never inside `publish`, and hear what their own process published too.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...

    @property
    def healthy(self) -> bool:
        """Whether messages reach the others now."""

    def publish(self, channel: str, message: bytes) -> None:
        """Queue a message. Never waits and never fails."""

    def listen(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        """Hear every message from now on; `lost` is called when some may have been missed. Returns what stops it."""


class Listeners:
    """Who hears. Calls go through the loop, so that a listener's failure is its own and a publisher is never re-entered."""

    def __init__(self) -> None:
        self._all: dict[int, tuple[Deliver, Lost]] = {}
        self._next = 0

    def add(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        number, self._next = self._next, self._next + 1
        self._all[number] = deliver, lost
        return lambda: self._all.pop(number, None) and None

    def deliver(self, channel: str, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        for number in self._all:
            loop.call_soon(self._one, number, channel, message)

    def lost(self) -> None:
        loop = asyncio.get_running_loop()
        for number in self._all:
            loop.call_soon(self._one_lost, number)

    def _one(self, number: int, channel: str, message: bytes) -> None:
        if number in self._all:
            self._all[number][0](channel, message)

    def _one_lost(self, number: int) -> None:
        if number in self._all:
            self._all[number][1]()


class MemoryBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._listeners = Listeners()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    @property
    def healthy(self) -> bool:
        return True

    def publish(self, channel: str, message: bytes) -> None:
        self._listeners.deliver(channel, message)

    def listen(self, deliver: Deliver, lost: Lost) -> Callable[[], None]:
        return self._listeners.add(deliver, lost)
