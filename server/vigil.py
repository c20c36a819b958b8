"""Whether the processes hear each other, told to this one's clients: what is shared may be late then, and what they do is kept."""

import asyncio
from typing import Self

from realtime.endpoint import Endpoint
from realtime.hub import Hub
from server import wire

LOOK_SECONDS = 0.5
"""Between two looks at the bus, which itself takes some seconds to find out that Redis says nothing."""


class Vigil:
    """`async with` it; `degraded` is what clients were told last."""

    def __init__(self, hub: Hub, endpoint: Endpoint) -> None:
        self._hub, self._endpoint = hub, endpoint
        self.degraded = False

    async def __aenter__(self) -> Self:
        self._next()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._timer.cancel()

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._next()
        if self._hub.healthy is self.degraded:
            self.degraded = not self._hub.healthy
            self._endpoint.tell_all(wire.encode(wire.Service(degraded=self.degraded)))
