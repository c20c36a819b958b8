"""Servers to measure as processes: what starts each, and what the kernel says they cost."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

HERE = Path(__file__).parent / "peers"
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")

PYTHON = ("marquee", "websockets", "starlette")
NODE = ("uws", "ws", "socketio")


def all_peers() -> tuple[str, ...]:
    """Marquee first, then whatever can be run: a bare send loop in C, servers of Node, two of Python."""
    marquee, *python = PYTHON
    c = ("c",) if shutil.which("cc") else ()
    node = NODE if shutil.which("node") and (HERE / "node_modules").is_dir() else ()
    return (marquee, *c, *node, *python)


class Server:
    """A process that publishes when told to over its standard input."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port

    async def publish(self, count: int, rate: float, size: int, burst: int = 1) -> None:
        """`burst` messages of `size` bytes, `count` times, `rate` times a second; returns when they are sent."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"publish {count} {rate} {size} {burst}\n".encode())
        if await self.process.stdout.readline() != b"published\n":
            raise RuntimeError("the server ended")

    def cpu(self) -> float:
        """Seconds of all its threads so far, the kernel's for it included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE


@contextlib.asynccontextmanager
async def server(*command: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        yield Server(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def peer(name: str) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        async with server(*_command(name, Path(folder))) as tested:
            yield tested


def _command(name: str, folder: Path) -> tuple[str, ...]:
    if name in PYTHON:
        return sys.executable, "-m", "tests.load.hub", name
    if name in NODE:
        return "node", str(HERE / f"{name}.mjs")
    program = folder / "sendloop"
    subprocess.run(("cc", "-O2", "-o", program, HERE / "sendloop.c"), check=True)
    return (str(program),)
