"""The relay's own process: `python -m realtime.relay.worker FD`, started by `RelayProcess` and ended by its going away."""

import asyncio
import inspect
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial

from realtime.relay.link import Call, Changed, Ended, Link, Made, Ready, Result, Sound
from realtime.relay.relay import Relay

METHODS = frozenset(
    {
        "publish",
        "watch",
        "choose",
        "show",
        "view",
        "counter_offer",
        "accept",
        "update_ice",
        "resource",
        "end",
        "layers",
        "stats",
        "all_stats",
        "counters",
    }
    | {"air", "feed", "offer_pull", "pull", "demand", "send_away"}
)
"""Of the Relay, for whoever is at the other end of the link."""


class Worker:
    """A relay that does what comes over the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._taps: dict[int, Callable[[], None]] = {}
        self._packages: dict[str, Callable[[], None]] = {}

    async def run(self) -> None:
        """Until the other end is gone."""
        config = await self._link.receive()
        if not isinstance(config, dict):
            return
        try:
            async with (
                Relay(**config, on_change=self._changed, on_air=self._link.send, on_end=self._ended) as relay,
                asyncio.TaskGroup() as calls,
            ):
                self._link.send(Ready(relay.port))
                while isinstance(call := await self._link.receive(), Call):
                    calls.create_task(self._answer(relay, call))
        except OSError as error:
            self._link.send(Ready(0, error))

    async def _answer(self, relay: Relay, call: Call) -> None:
        try:
            value = await self._do(relay, call)
        except Exception as error:
            self._link.send(Result(call.number, None, error))
        else:
            self._link.send(Result(call.number, value, None))

    async def _do(self, relay: Relay, call: Call) -> object:
        match call.method, call.args:
            case "listen", (int(tap), str(session)):
                self._taps[tap] = relay.listen(session, partial(self._hear, tap))
                return None
            case "unlisten", (int(tap),):
                self._taps.pop(tap, lambda: None)()
                return None
            case "package", (str(session),):
                self._packages[session] = relay.package(session, lambda segment: self._link.send(Made(session, segment)))
                return None
            case "unpackage", (str(session),):
                self._packages.pop(session, lambda: None)()
                return None
        if call.method not in METHODS:
            raise LookupError(f"a relay does not {call.method}")
        found = getattr(relay, call.method)
        value = found(*call.args) if callable(found) else found
        return await value if inspect.isawaitable(value) else value

    def _changed(self, session: str, lang: str | None, live: bool) -> None:
        self._link.send(Changed(session, lang, live))

    def _ended(self, resource_id: str) -> None:
        self._link.send(Ended(resource_id))

    def _hear(self, tap: int, offset: int, payload: bytes) -> None:
        self._link.send(Sound(tap, offset, payload))


async def main(descriptor: int) -> None:
    link = await Link.over(socket.socket(fileno=descriptor))
    try:
        await Worker(link).run()
    finally:
        link.close()


if __name__ == "__main__":
    # Ctrl-C reaches all processes of a terminal; this one ends when its owner does, after saying goodbye to its peers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "win32":
        asyncio.run(main(int(sys.argv[1])))
    else:
        import uvloop

        uvloop.run(main(int(sys.argv[1])))
