"""WHIP and WHEP clients of others, as they are, from pages of another site."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.realtime.relay.clients import publishing, until, viewing
from tests.server.players import Visit, bundle, stats_when, visit
from tests.server.site import SESSION, Site, opened, site
from tests.server.turn_server import turn_server

__all__ = ["bundle", "site", "visit"]
pytestmark = pytest.mark.browser

MEDOOZE_PUBLISH = """async ([url, token]) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
  window.pc = new RTCPeerConnection();
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  window.client = new MedoozeWhip();
  await client.publish(pc, url, token);
}"""
MEDOOZE_WATCH = """async ([url, token, policy]) => {
  window.pc = new RTCPeerConnection({ iceTransportPolicy: policy });
  pc.ontrack = ({ streams }) => { document.querySelector('video').srcObject = streams[0]; };
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
  window.client = new MedoozeWhep();
  window.heard = [];
  await client.view(pc, url, token);
}"""
MEDOOZE_LISTEN = """() => {
  const names = ['active', 'inactive', 'layers', 'viewercount', 'reconnect'];
  for (const name of names) client.eventSource.addEventListener(name, ({ data }) => heard.push([name, JSON.parse(data)]));
}"""
EYEVINN_PUBLISH = """async ([url, token, noTrickleIce]) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
  window.client = new EyevinnWhip({ endpoint: url, opts: { authkey: token, iceServers: [], noTrickleIce } });
  await client.setIceServersFromEndpoint();
  await client.ingest(stream);
  return client.getResourceExtensions();
}"""


async def medooze(visit: Visit, site: Site, script: str, entrance: str, role: str, policy: str = "all") -> Page:
    page = await visit()
    await page.evaluate(script, [f"{site.server.url}/{entrance}/{SESSION}", site.token(role), policy])
    return page


async def test_the_medooze_client_publishes_watches_restarts_and_hears_events(site: Site, visit: Visit) -> None:
    publisher = await medooze(visit, site, MEDOOZE_PUBLISH, "whip", "speaker")
    await until(lambda: site.live)
    viewer = await medooze(visit, site, MEDOOZE_WATCH, "whep", "attendee")
    await viewer.wait_for_function("client.eventSource")
    await viewer.evaluate(MEDOOZE_LISTEN)
    before = await stats_when(viewer, lambda s: s["decoded"] > 10)
    for page in (publisher, viewer):
        was = await stats_when(page, lambda s: s["ufrag"])
        await page.evaluate("client.restart()")
        await stats_when(page, lambda s, old=was["ufrag"]: s["ufrag"] not in ("", old))  # type: ignore[misc]
        assert (await page.evaluate("client.etag")).startswith('"')
    after = await stats_when(viewer, lambda s: s["decoded"] > before["decoded"] + 30)
    assert after["state"] == "connected"
    await publisher.evaluate("client.stop()")
    await viewer.wait_for_function("heard.some(([name]) => name === 'inactive')")
    await viewer.evaluate("client.stop()")
    await until(lambda: not site.live)


@pytest.mark.parametrize("no_trickle", [False, True], ids=["trickling", "not trickling"])
async def test_the_eyevinn_client_publishes_and_leaves(site: Site, visit: Visit, no_trickle: bool) -> None:
    page = await visit()
    await page.evaluate(EYEVINN_PUBLISH, [f"{site.server.url}/whip/{SESSION}", site.token("speaker"), no_trickle])
    await until(lambda: site.live)
    async with viewing(site.signal("whep", "attendee")) as viewer:
        await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)
    await page.evaluate("client.destroy()")
    await until(lambda: not site.live)


async def test_a_player_that_reaches_nobody_directly_comes_by_the_turn_server_it_was_told(tmp_path: Path, visit: Visit) -> None:
    async with (
        turn_server("north") as url,
        opened(tmp_path, turn_urls=[url], turn_secret="north") as site,
        publishing(site.signal("whip", "speaker")),
    ):
        await until(lambda: site.live)
        viewer = await medooze(visit, site, MEDOOZE_WATCH, "whep", "attendee", "relay")
        seen = await stats_when(viewer, lambda s: s["decoded"] > 10)
        assert seen["candidate"] == "relay"


async def test_a_page_is_sent_on_to_the_node_that_carries_the_session(tmp_path: Path, visit: Visit) -> None:
    secret = "the same secret in both of the nodes"
    async with (
        opened(tmp_path / "two", secret=secret) as there,
        opened(tmp_path / "one", secret=secret, nodes={SESSION: there.server.url}) as here,
    ):
        await medooze(visit, here, MEDOOZE_PUBLISH, "whip", "speaker")
        await until(lambda: there.live)
        viewer = await medooze(visit, here, MEDOOZE_WATCH, "whep", "attendee")
        await stats_when(viewer, lambda s: s["decoded"] > 10)
