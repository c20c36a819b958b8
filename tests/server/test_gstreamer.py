"""GStreamer's webrtcbin, which has quarrels of its own with answers, as publisher and as player."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.realtime.relay.clients import publishing, until, viewing
from tests.server.site import SESSION, Site, site

__all__ = ["site"]

SCRIPT = Path(__file__).with_name("gstreamer.py")
PYTHON = "/usr/bin/python3"
"""The system's: GStreamer's bindings are made for it."""


@asynccontextmanager
async def gstreamer(site: Site, entrance: str, role: str, codec: str) -> AsyncIterator[Process]:
    """The client for the length of the block; it must leave in order."""
    arguments = [PYTHON, str(SCRIPT), entrance, f"{site.server.url}/{entrance}/{SESSION}", site.token(role), codec]
    process = await asyncio.create_subprocess_exec(*arguments, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_gstreamer_publishes_and_leaves(site: Site, codec: str) -> None:
    async with gstreamer(site, "whip", "speaker", codec):
        await until(lambda: site.live, 20)
        async with viewing(site.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000, 20)
    await until(lambda: not site.live)


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_gstreamer_watches_and_leaves(site: Site, codec: str) -> None:
    async with publishing(site.signal("whip", "speaker"), video=codec):
        await until(lambda: site.live)
        async with gstreamer(site, "whep", "attendee", codec) as player, asyncio.timeout(30):
            assert player.stdout is not None
            while await player.stdout.readline() != b"frames 10\n":
                assert not player.stdout.at_eof()
        async with asyncio.timeout(5):
            while (await site.relay.stats(SESSION)).viewers:  # noqa: ASYNC110 - another program counts
                await asyncio.sleep(0.05)
