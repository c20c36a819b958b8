"""A session from the first publisher to the last viewer, over HTTP and UDP, with aiortc at both ends."""

import asyncio

import numpy as np

from realtime.relay.tap import RATE
from tests.realtime.relay.clients import publishing, until, viewing
from tests.server.site import SESSION, Site, site

__all__ = ["site"]


async def alone(site: Site) -> bool:
    """Whether one viewer is left."""
    return (await site.relay.stats(SESSION)).viewers == 1


async def test_a_hall_is_watched_by_two_and_captioned_while_its_encoder_is_restarted(site: Site) -> None:
    watch, publish = site.signal("whep", "attendee"), site.signal("whip", "speaker")
    with site.relay.tap(SESSION) as tap:
        async with publishing(publish, tone=500.0):
            await until(lambda: site.live)
            balcony_block = viewing(watch)
            balcony = await balcony_block.__aenter__()
            async with viewing(watch) as stalls:
                await until(lambda: min(stalls.frames, balcony.frames) > 10 and min(stalls.samples, balcony.samples) > 20_000)
            await until(lambda: alone(site))
        try:
            await until(lambda: not site.live)
            seen = balcony.frames
            async with publishing(publish, tone=800.0):
                await until(lambda: balcony.frames > seen + 10)
                await asyncio.sleep(0.5)
            assert balcony.connection.connectionState == "connected"
        finally:
            await balcony_block.__aexit__(None, None, None)
        await until(lambda: not site.live)
        async with asyncio.timeout(5):
            chunks = [await anext(tap) for _ in range(12)]
    sound = np.concatenate([chunk.samples for chunk in chunks[2:7]])
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert abs(float(np.argmax(spectrum)) * RATE / len(sound) - 500.0) < 4.0
    stats = await site.relay.stats(SESSION)
    assert (stats.live, stats.viewers, tap.dropped) == (False, 0, 0)
