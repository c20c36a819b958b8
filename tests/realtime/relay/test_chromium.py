"""Chromium as publisher (its fake camera) and as viewer, without a page of ours: only what the browser itself does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.realtime.relay.clients import Signal, publishing, until
from tests.realtime.relay.conftest import House

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
PUBLISH = """async codec => {
  const stream = await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 240}, audio: true});
  const connection = window.connection = new RTCPeerConnection();
  for (const track of stream.getTracks()) {
    const transceiver = connection.addTransceiver(track, {direction: 'sendonly', streams: [stream]});
    if (track.kind === 'video')
      transceiver.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(c => c.mimeType === 'video/' + codec));
  }
  await connection.setLocalDescription();
  await connection.setRemoteDescription({type: 'answer', sdp: await signal(connection.localDescription.sdp)});
}"""
WATCH = """async () => {
  const connection = window.connection = new RTCPeerConnection();
  const video = document.createElement('video');
  Object.assign(video, {autoplay: true, muted: true});
  document.body.append(video);
  connection.ontrack = event => { video.srcObject = event.streams[0]; };
  for (const kind of ['video', 'audio']) connection.addTransceiver(kind, {direction: 'recvonly'});
  await connection.setLocalDescription();
  await connection.setRemoteDescription({type: 'answer', sdp: await signal(connection.localDescription.sdp)});
}"""
STATS = """async () => {
  const reports = [...(await connection.getStats()).values()];
  const one = (type, kind) => reports.find(r => r.type === type && (!kind || r.kind === kind)) || {};
  return {
    decoded: one('inbound-rtp', 'video').framesDecoded || 0,
    codec: reports.find(r => r.id === one('inbound-rtp', 'video').codecId)?.mimeType || '',
    encoded: one('outbound-rtp', 'video').framesEncoded || 0,
    heard: one('inbound-rtp', 'audio').packetsReceived || 0,
    target: one('outbound-rtp', 'video').targetBitrate || 0,
    srtp: one('transport').srtpCipher || '',
    dtls: one('transport').dtlsState || '',
    time: document.querySelector('video')?.currentTime || 0,
  };
}"""

Open = Callable[[Signal], Awaitable[Page]]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=False, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Open:
    async def open_page(signal: Signal) -> Page:
        page = await chromium.new_page()
        # A page of a secure origin, else there is no camera.
        await page.route("**", lambda route: route.fulfill(body="<body></body>", content_type="text/html"))
        await page.goto("http://localhost/")
        await page.expose_function("signal", signal)
        return page

    return open_page


async def stats_when(page: Page, condition: Callable[[dict[str, Any]], bool], seconds: float = 15.0) -> dict[str, Any]:
    """The first statistics of a page that meet the condition."""
    latest: dict[str, Any] = {}
    try:
        async with asyncio.timeout(seconds):
            while True:
                latest = await page.evaluate(STATS)
                if condition(latest):
                    return latest
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"after {seconds} s the page says {latest}") from None


@pytest.mark.parametrize(("codec", "another"), [("H264", "VP8"), ("VP8", "H264")])
async def test_chromium_plays_what_chromium_publishes_and_plays_on_when_another_codec_follows(
    house: House, open_page: Open, codec: str, another: str
) -> None:
    first = await open_page(house.publish)
    await first.evaluate(PUBLISH, codec)
    await until(lambda: house.live)
    viewer = await open_page(house.watch)
    await viewer.evaluate(WATCH)
    seen = await stats_when(viewer, lambda s: s["decoded"] > 10 and s["heard"] > 10 and s["time"] > 0)
    assert seen["srtp"] == "SRTP_AEAD_AES_128_GCM"
    # The relay's reports let the encoder rise above its start of 300 kbit/s; how far depends on what else the machine does.
    await stats_when(first, lambda s: s["target"] > 350_000, 30)
    second = await open_page(house.publish)
    await second.evaluate(PUBLISH, another)
    await stats_when(first, lambda s: s["dtls"] == "closed")
    await first.close()
    before = (await viewer.evaluate(STATS))["decoded"]
    played = await stats_when(viewer, lambda s: s["decoded"] > before + 15 and s["codec"] == f"video/{another}")
    assert played["dtls"] == "connected"
    assert house.relay.viewers("summit") == 1


async def test_chromium_plays_what_another_client_publishes(house: House, open_page: Open) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        viewer = await open_page(house.watch)
        await viewer.evaluate(WATCH)
        await stats_when(viewer, lambda s: s["decoded"] > 10 and s["heard"] > 10)


async def test_chromium_that_can_send_no_udp_watches_within_a_tcp_connection_over_ipv6(open_page: Open) -> None:
    house = House("::1")

    async def without_udp(offer: str) -> str:
        return "".join(line for line in (await house.watch(offer)).splitlines(keepends=True) if " 1 udp " not in line)

    async with house.relay, publishing(house.publish, video="VP8"):
        await until(lambda: house.live)
        page = await open_page(without_udp)
        await page.evaluate(WATCH)
        await stats_when(page, lambda s: s["decoded"] > 5 and s["heard"] > 20)
        used = await page.evaluate("""async () => {
          const reports = [...(await connection.getStats()).values()];
          const pair = reports.find(r => r.type === 'candidate-pair' && r.nominated);
          const {protocol, address} = reports.find(r => r.id === pair.remoteCandidateId);
          return [protocol, address];
        }""")
        assert used == ["tcp", "::1"]
