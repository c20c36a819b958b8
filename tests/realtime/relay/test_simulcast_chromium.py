"""Chromium publishes two encodings of its fake camera, and another one watches, changes its mind, and loses packets."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page

from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.lossy import Path, through
from tests.realtime.relay.test_chromium import WATCH, Open, chromium, open_page, stats_when

__all__ = ["chromium", "open_page"]

pytestmark = pytest.mark.browser

PUBLISH = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480, frameRate: 15}, audio: true});
  const connection = window.connection = new RTCPeerConnection();
  connection.addTransceiver(stream.getAudioTracks()[0], {direction: 'sendonly', streams: [stream]});
  const transceiver = connection.addTransceiver(stream.getVideoTracks()[0], {direction: 'sendonly', streams: [stream], sendEncodings: [
    {rid: 'low', scaleResolutionDownBy: 4, maxBitrate: 100_000},
    {rid: 'high', maxBitrate: 600_000},
  ]});
  transceiver.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(c => /VP8|rtx/.test(c.mimeType)));
  await connection.setLocalDescription();
  await connection.setRemoteDescription({type: 'answer', sdp: await signal(connection.localDescription.sdp)});
}"""


PATIENCE = 60.0
"""Seconds for a publisher that thinks, on a busy machine, that its path is narrow: it then sends no large picture for a while."""


def large(width: int) -> bool:
    """Whether a picture is the large one. A busy machine's Chromium makes both of them smaller, but not so small."""
    return width > 200


def small(width: int) -> bool:
    return 0 < width <= 160


async def shows(page: Page, size: Callable[[int], bool]) -> None:
    """Wait until the picture is of a size, and goes on."""
    await until(lambda: is_of(page, size), PATIENCE)
    before = (await stats_when(page, lambda s: True))["decoded"]
    await stats_when(page, lambda s: s["decoded"] > before + 15, PATIENCE)


async def is_of(page: Page, size: Callable[[int], bool]) -> bool:
    return size(await page.evaluate("document.querySelector('video').videoWidth"))


async def has_both(house: House) -> bool:
    return {layer.rid for layer in await house.relay.layers("summit")} == {"high", "low"}


async def test_a_viewer_of_two_encodings_sees_the_one_it_asks_for_through_losses_and_none_if_it_wants_none(
    house: House, open_page: Open
) -> None:
    publisher = await open_page(house.publish)
    await publisher.evaluate(PUBLISH)
    await until(lambda: house.live)
    path = Path(loss=0.05, delay=0.02, jitter=0.01)
    async with through(path, house.relay.port, house.watch) as watch:
        viewer = await open_page(watch)
        await viewer.evaluate(WATCH)
        await shows(viewer, large)
        resource = house.resources[-1]
        await until(lambda: has_both(house), PATIENCE)
        await house.relay.show(resource, "low", True)
        await shows(viewer, small)
        await path.rebind()
        await house.relay.show(resource, "high", True)
        await shows(viewer, large)
        await house.relay.show(resource, None, False)
        told = await stats_when(viewer, lambda s: True)
        quiet = await stats_when(viewer, lambda s: s["heard"] > told["heard"] + 30)  # what was on its way has come
        later = await stats_when(viewer, lambda s: s["heard"] > quiet["heard"] + 50)
        assert later["decoded"] == quiet["decoded"]
        await house.relay.show(resource, "high", True)
        await stats_when(viewer, lambda s: s["decoded"] > later["decoded"] + 15, PATIENCE)
    assert path.lost > 20
