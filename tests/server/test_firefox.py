"""Firefox as publisher and as player, by nothing but what the browser itself does."""

import asyncio
from pathlib import Path

import pytest

from tests.realtime.relay.clients import publishing, until, viewing
from tests.server.firefox import Tab, firefox
from tests.server.site import SESSION, Site, site

__all__ = ["site"]
pytestmark = pytest.mark.browser

SIGNAL = """
  await pc.setLocalDescription();
  const answer = await fetch(%r, {
    method: 'POST', body: pc.localDescription.sdp,
    headers: { 'Content-Type': 'application/sdp', Authorization: 'Bearer ' + %r },
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  window.resource = new URL(answer.headers.get('Location'), answer.url);
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
"""
PUBLISH = """(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
  window.pc = new RTCPeerConnection();
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  %s
})()"""
WATCH = """(async () => {
  window.pc = new RTCPeerConnection();
  const video = document.createElement('video');
  Object.assign(video, { autoplay: true, muted: true });
  document.body.append(video);
  pc.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
  %s
})()"""
RESTART = """(async () => {
  pc.restartIce();
  await pc.setLocalDescription();
  const [ufrag] = pc.localDescription.sdp.match(/a=ice-ufrag:.*/), [pwd] = pc.localDescription.sdp.match(/a=ice-pwd:.*/);
  const answer = await fetch(resource, {
    method: 'PATCH', body: `${ufrag}\\r\\n${pwd}\\r\\n`,
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', Authorization: 'Bearer ' + %r, 'If-Match': '"*"' },
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  const fragment = await answer.text();
  let sdp = pc.remoteDescription.sdp;
  for (const name of ['ice-ufrag', 'ice-pwd']) {
    const [line] = fragment.match(new RegExp(`a=${name}:.*`));
    sdp = sdp.replace(new RegExp(`a=${name}:.*`, 'g'), line);
  }
  await pc.setRemoteDescription({ type: 'answer', sdp });
})()"""
DECODED = "pc.getStats().then(r => [...r.values()].filter(s => s.type === 'inbound-rtp').reduce((n, s) => n + (s.framesDecoded || 0), 0))"


def signal(site: Site, entrance: str, role: str) -> str:
    return SIGNAL % (f"{site.server.url}/{entrance}/{SESSION}", site.token(role))


async def decoded(tab: Tab, frames: int) -> int:
    """The number of frames decoded, once it is more than `frames`."""
    async with asyncio.timeout(20):
        while (now := int(await tab.run(DECODED))) <= frames:  # noqa: ASYNC110 - what is waited for is another program's doing
            await asyncio.sleep(0.1)
    return now


async def test_firefox_publishes(site: Site, tmp_path: Path) -> None:
    async with firefox(tmp_path / "firefox") as tab:
        await tab.run(PUBLISH % signal(site, "whip", "speaker"))
        await until(lambda: site.live, 20)
        async with viewing(site.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000, 20)


async def test_firefox_watches_through_a_restart_of_ice(site: Site, tmp_path: Path) -> None:
    async with (
        publishing(site.signal("whip", "speaker"), video="VP8"),
        firefox(tmp_path / "firefox") as tab,
    ):
        await until(lambda: site.live)
        await tab.run(WATCH % signal(site, "whep", "attendee"))
        before = await decoded(tab, 10)
        await tab.run(RESTART % site.token("attendee"))
        await decoded(tab, before + 30)
