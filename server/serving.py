"""One running process: the services, the HTTP server around them, and how it ends."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from realtime.socket import SocketProtocol
from server import services, whereabouts
from server.app import create_app
from server.heads import front_door
from server.seeding import Seed
from server.services import Services
from server.settings import Settings

GRACE = 1
"""Seconds that requests under way have when the server ends."""

BACKLOG = 2048
"""Connections that wait to be taken; past it the system lets them try again."""

COLLECT = (50_000, 20, 20)
"""New objects between two looks of the cycle collector at the youngest, and looks of each generation between two of the next."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes requests at `url`, which has no slash at its end."""

    url: str
    services: Services


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """The sockets listened at: that of the address, and the inner one of a process that shares its address with others."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    dual, shared = settings.host == "::" and socket.has_dualstack_ipv6(), settings.inner > 0
    with contextlib.ExitStack() as stack:
        outer = socket.create_server((settings.host, settings.port), backlog=BACKLOG, family=family, dualstack_ipv6=dual, reuse_port=shared)
        listeners = [stack.enter_context(outer)]
        if shared:
            listeners.append(stack.enter_context(socket.create_server(("127.0.0.1", settings.inner), backlog=BACKLOG)))
        yield listeners


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: who opened the server ends it."""
        yield


@asynccontextmanager
async def running(settings: Settings, seed: Seed | None = None, name: str | None = None) -> AsyncIterator[Running]:
    """A server, from the database on. Leaving sends every socket 1012, every player `reconnect`, and ends within about GRACE seconds;
    with other nodes around the viewers go there first, which takes three to four seconds.

    `name` is how people name this machine, where that is not the one listened at.
    Raises OSError for a port that is taken, and what a broken database or setting raises.
    """
    with _listening(settings) as listeners:
        async with services.opened(settings, seed) as opened, asyncio.TaskGroup() as group:
            server = _Server(_config(create_app(opened), settings.proxies))
            serving = group.create_task(server.serve(listeners))
            while not server.started:
                if serving.done():
                    raise RuntimeError("the HTTP server did not start; its log says why")
                await asyncio.sleep(0.005)
            url = address(name or settings.host, listeners[0].getsockname()[1])
            try:
                with whereabouts.told(settings.data, url) if not settings.inner else contextlib.nullcontext():
                    yield Running(url, opened)
            finally:
                if settings.together:
                    server.servers[0].close()  # who comes now comes to another process
                await opened.owners.drain()
                if await opened.placement.drain():
                    opened.events.drain()
                    await opened.cascade.send_away()
                opened.events.drain()
                await opened.endpoint.close_all(within=GRACE / 2)
                server.should_exit = True


def spare_collector() -> None:
    """Let the cycle collector look seldom, and not at what was there from the start. For a process that serves and does nothing else.

    A crowd's votes are many small objects that stay or go by themselves; looking through them all was half of a vote's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. Enter before you say that you are ready: who hears it may stop you at once."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _config(app: object, proxies: list[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=front_door(),  # type: ignore[arg-type]  # any callable will do
        ws=SocketProtocol,
        loop="none",
        lifespan="on",
        log_level="warning",
        server_header=False,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=GRACE,
    )


def address(host: str, port: int) -> str:
    """The URL of what listens there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
