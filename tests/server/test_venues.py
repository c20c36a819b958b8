"""Two venues of one session over HTTP: who may publish from where, who is told, and who may switch."""

import asyncio

import httpx

from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.server.site import SDP, SESSION, Site, site

__all__ = ["site"]

PATH = f"/api/sessions/{SESSION}/venue"


async def camera(site: Site, venue: str) -> LightPeer:
    async def signal(offer: str) -> str:
        answer = await site.http.post(f"/whip/{SESSION}?venue={venue}", content=offer, headers=SDP | site.bearer("publisher"))
        assert answer.status_code == 201, answer.text
        return answer.text

    return await LightPeer(Certificate.generateCertificate()).open(signal, "sendonly", {"VP8": 96})


async def put(site: Site, venue: str, role: str) -> httpx.Response:
    return await site.http.put(PATH, json={"venue": venue}, headers=site.bearer(role))


async def filming(*cameras: LightPeer) -> None:
    """Keyframes of VP8 from all of them, until cancelled."""
    for number in range(1_000):
        for at, peer in enumerate(cameras):
            peer.send(96, number, number * 3_000, 1, b"\x10\x50 camera %d" % at)
        await asyncio.sleep(0.02)


async def test_staff_sees_which_venue_is_on_air_and_puts_the_other_there(site: Site) -> None:
    cameras = [await camera(site, "a"), await camera(site, "b")]
    viewer = LightPeer(cameras[0].certificate)
    async with site.talk("moderator") as moderator, site.talk("attendee") as attendee, asyncio.TaskGroup() as group:
        assert "venues" not in attendee.public
        assert moderator.staff["venues"] == {"on_air": "a", "arriving": []}
        assert (await put(site, "b", "moderator")).status_code == 409
        film = group.create_task(filming(*cameras))
        await moderator.until(lambda talk: talk.staff["venues"] == {"on_air": "a", "arriving": ["a", "b"]})
        await viewer.open(site.signal("whep", "attendee"), "recvonly", {"VP8": 100})
        assert (await put(site, "b", "moderator")).json() == {"venue": "b"}
        await moderator.until(lambda talk: talk.staff["venues"]["on_air"] == "b")
        await until(lambda: bool(viewer.packets) and viewer.packets[-1].payload.endswith(b"camera 1"))
        film.cancel()
    await asyncio.gather(viewer.close(), *(peer.close() for peer in cameras))


async def test_switching_is_for_staff_and_venues_are_two(site: Site) -> None:
    for role in ("attendee", "speaker", "publisher", "interpreter"):
        answer = await put(site, "b", role)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), role
    for role in ("moderator", "organiser"):
        answer = await put(site, "b", role)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_live"), role
    assert (await put(site, "c", "organiser")).status_code == 422
    answer = await site.http.post(f"/whip/{SESSION}?venue=c", content="", headers=SDP | site.bearer("publisher"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
