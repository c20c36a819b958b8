"""A coturn on loopback, as docker-compose.yml starts one."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def turn_server(secret: str) -> AsyncIterator[str]:
    """Its URL, for the length of the block; it checks passwords by `secret`."""
    port = _free_port()
    options = [
        "-n",
        "--no-cli",
        "--fingerprint",
        "--use-auth-secret",
        f"--static-auth-secret={secret}",
        "--realm=marquee",
        f"--listening-port={port}",
        "--listening-ip=127.0.0.1",
        "--relay-ip=127.0.0.1",
        "--allow-loopback-peers",  # the relay of the tests is one
        "--no-tls",
        "--no-dtls",
        "--log-file=stdout",
        "--pidfile=",
    ]
    process = await asyncio.create_subprocess_exec("turnserver", *options, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(10):
            await _listening(port)
        yield f"turn:127.0.0.1:{port}?transport=udp"
    finally:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


async def _listening(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
