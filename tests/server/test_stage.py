"""A guest on the stage: on air while they are there, by a token that is good for nothing else and for no longer."""

import asyncio

import httpx

from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.server.site import SDP, SESSION, Site, Talk, site
from tests.server.test_venues import filming

__all__ = ["site"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def enter(site: Site, role: str = "attendee") -> httpx.Response:
    return await site.http.post(f"/api/sessions/{SESSION}/stage", headers=site.bearer(role))


async def bring(moderator: Talk, guest: Talk) -> None:
    await guest.do("floor.raise")
    await moderator.until(lambda talk: talk.staff["floor"]["hands"])
    [hand] = moderator.staff["floor"]["hands"]
    await moderator.do("floor.invite", hand=hand)
    await guest.do("floor.accept")
    await moderator.do("floor.call", hand=hand)


async def test_a_guest_is_on_air_from_the_call_until_they_are_called_down(site: Site) -> None:
    main, guest, viewer = (LightPeer(Certificate.generateCertificate()) for _ in range(3))
    await main.open(site.signal("whip", "publisher"), "sendonly", {"VP8": 96})
    async with site.talk("moderator") as moderator, site.talk("attendee") as attendee, asyncio.TaskGroup() as group:
        problem = await enter(site)
        assert (problem.status_code, problem.json()["code"]) == (403, "off_stage")
        await bring(moderator, attendee)
        assert (await enter(site, "interpreter")).json()["code"] == "off_stage"  # it is another's stage
        entered = (await enter(site)).json()
        assert entered["whip"] == f"/whip/{SESSION}"
        headers = SDP | bearer(entered["token"])

        async def signal(offer: str) -> str:
            answer = await site.http.post(entered["whip"], content=offer, headers=headers)
            assert answer.status_code == 201, answer.text
            locations.append(answer.headers["Location"])
            return answer.text

        locations: list[str] = []
        await guest.open(signal, "sendonly", {"VP8": 96})
        film = group.create_task(filming(main, guest))
        await until(lambda: site.live)
        await viewer.open(site.signal("whep", "attendee"), "recvonly", {"VP8": 100})
        await until(lambda: bool(viewer.packets) and viewer.packets[-1].payload.endswith(b"camera 1"))
        backup = await site.http.post(
            f"/whip/{SESSION}?venue=b", content=guest.offer("sendonly", {"VP8": 96}), headers=SDP | site.bearer("speaker")
        )
        assert (backup.status_code, backup.json()["code"]) == (409, "stage_taken")

        await moderator.do("floor.down")
        await until(lambda: viewer.packets[-1].payload.endswith(b"camera 0"))
        for method, path in (("POST", entered["whip"]), ("DELETE", locations[0])):
            refused = await site.http.request(method, path, content=guest.offer("sendonly", {"VP8": 96}), headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "off_stage"), method
        film.cancel()
    await asyncio.gather(*(peer.close() for peer in (main, guest, viewer)))


async def test_a_guest_who_is_erased_is_off_the_air(site: Site) -> None:
    guest = LightPeer(Certificate.generateCertificate())
    async with site.talk("moderator") as moderator, site.talk("attendee") as attendee:
        await bring(moderator, attendee)
        entered = (await enter(site)).json()

        async def signal(offer: str) -> str:
            answer = await site.http.post(entered["whip"], content=offer, headers=SDP | bearer(entered["token"]))
            resources.append(answer.headers["Location"].rpartition("/")[2])
            return answer.text

        resources: list[str] = []
        await guest.open(signal, "sendonly", {"VP8": 96})
        assert site.services.stages.owns(SESSION, resources[0])
        assert (await site.http.delete("/api/me", headers=site.bearer("attendee"))).status_code == 204
        assert not site.services.stages.owns(SESSION, resources[0])
        await moderator.until(lambda talk: "guest" not in talk.staff["floor"])
        refused = await site.http.post(
            entered["whip"], content=guest.offer("sendonly", {"VP8": 96}), headers=SDP | bearer(entered["token"])
        )
        assert refused.status_code in (401, 403)
    await guest.close()


async def test_a_token_for_the_stage_opens_nothing_else(site: Site) -> None:
    async with site.talk("moderator") as moderator, site.talk("attendee") as attendee:
        await bring(moderator, attendee)
        token = (await enter(site)).json()["token"]
        peer = LightPeer(Certificate.generateCertificate())
        peer.socket.close()
        offer = peer.offer("sendonly", {"audio": 111})
        for path in (f"/whep/{SESSION}", f"/whip/{SESSION}/es", "/whip/other"):
            refused = await site.http.post(path, content=offer, headers=SDP | bearer(token))
            assert refused.status_code == 403, path
        assert (await site.http.get("/api/invites", headers=bearer(token))).status_code == 401
        main = await site.post("whip", offer, "publisher")
        gone = await site.http.delete(main.headers["Location"], headers=bearer(token))
        assert gone.status_code == 404  # it is not the guest's own
        async with site.talk(token=token) as nobody:
            assert nobody.heard[0]["problem"]["code"] == "bad_token"
