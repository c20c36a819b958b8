"""Several processes at one port: each a `marquee serve` that the kernel gives a share of the connections, watched and restarted here."""

import asyncio
import contextlib
import ctypes
import functools
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator

from server import whereabouts
from server.services import kept
from server.serving import address, stop_signals
from server.settings import Settings

STOP_SECONDS = 12.0
"""For a process to end by itself; past it it is killed."""

READY_SECONDS = 60.0
"""For a process to take requests; past it it is ended and started again."""

RESTART_SECONDS = 0.5, 10.0
"""First and longest wait before a process that ended by itself is started again; doubled while it ends at once."""

READY = b"Marquee is at"

PR_SET_PDEATHSIG = 1
"""From Linux's prctl.h: the signal a process gets when the one that started it has died."""

logger = logging.getLogger(__name__)


async def supervise(settings: Settings, processes: int) -> None:
    """Run so many until SIGINT or SIGTERM; SIGHUP restarts one after the other. Raises OSError for a port that is taken."""
    settings.data.mkdir(parents=True, exist_ok=True)
    async with kept(settings):
        """One process brings the database up to date, not all at once."""
    with _reserved(settings) as port, stop_signals() as told:
        workers = [Worker(settings, port, number) for number in range(processes)]
        turn = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, turn.set)
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(worker.run()) for worker in workers]
            watching.append(group.create_task(_in_turn(workers, turn)))
            for worker in workers:
                await worker.ready.wait()
            url = address(settings.host, port)
            with whereabouts.told(settings.data, url):
                print(f"Marquee is at {url}, in {processes} processes; Ctrl-C stops it", flush=True)
                await told.wait()
            for task in watching:
                task.cancel()
            await asyncio.gather(*(worker.stop() for worker in workers))


@contextlib.contextmanager
def _reserved(settings: Settings) -> Iterator[int]:
    """The port, held without listening: no other program gets it while all processes happen to be down."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((settings.host, settings.port))
        yield held.getsockname()[1]


async def _in_turn(workers: "list[Worker]", told: asyncio.Event) -> None:
    while True:
        await told.wait()
        told.clear()
        for worker in workers:
            await worker.restart()


class Worker:
    """One of the processes. `ready` is set while it takes requests."""

    def __init__(self, settings: Settings, port: int, number: int) -> None:
        self._settings, self._port, self._number = settings, port, number
        self.ready = asyncio.Event()
        self._process: Process | None = None
        self._wanted = False

    async def run(self) -> None:
        """Start it, and again whenever it has ended, until cancelled."""
        first, longest = RESTART_SECONDS
        wait = first
        while True:
            began = time.monotonic()
            await self._once()
            if self._wanted:
                self._wanted = False
                continue
            logger.error("process %d has ended by itself and is started again", self._number)
            wait = first if time.monotonic() - began > longest else min(longest, wait * 2)
            await asyncio.sleep(wait)

    async def restart(self) -> None:
        """End it in good order; returns when it is ready again."""
        self._wanted = True
        self.ready.clear()
        await self.stop()
        await self.ready.wait()

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _once(self) -> None:
        command = (sys.executable, "-m", "server.cli", "serve", "--host", self._settings.host, "--port", str(self._port))
        # Killed with SIGKILL, this process ends nobody: its workers would keep the port, and nobody would watch them.
        orphaned = functools.partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGTERM.value) if sys.platform == "linux" else None
        environment = os.environ | self._environment()
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment, start_new_session=True, preexec_fn=orphaned)
        self._process = process
        assert process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while line := await process.stdout.readline():
                    if line.startswith(READY):
                        self.ready.set()
                        break
        if not self.ready.is_set():
            await self.stop()
        while await process.stdout.readline():
            pass
        await process.wait()
        self.ready.clear()

    def _environment(self) -> dict[str, str]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            inner = free.getsockname()[1]
        media = self._settings.media_port + self._number if self._settings.media_port else 0
        settings = {
            "NODE": f"http://127.0.0.1:{inner}",
            "INNER": str(inner),
            "TOGETHER": "true",
            "SECRET": self._settings.signing_key(),
            "MEDIA_PORT": str(media),
            "DATA": str(self._settings.data),
        }
        return {f"MARQUEE_{name}": value for name, value in settings.items()}
