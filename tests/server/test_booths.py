"""Interpreters at their booths and the people who listen to them, over HTTP and the socket."""

from aiortc import RTCPeerConnection
from aiortc.sdp import SessionDescription

from tests.realtime.relay.clients import Signal, negotiate, no_servers, publishing, until, viewing
from tests.server.site import SDP, SESSION, Site, site

__all__ = ["site"]


def microphone(site: Site, lang: str = "es") -> Signal:
    """An interpreter's."""

    async def signal(offer: str) -> str:
        answer = await site.http.post(f"/whip/{SESSION}/{lang}", content=offer, headers=SDP | site.bearer("interpreter"))
        assert answer.status_code == 201, answer.text
        return answer.text

    return signal


async def offer(direction: str) -> str:
    connection = no_servers()
    connection.addTransceiver("audio", direction=direction)
    await connection.setLocalDescription(await connection.createOffer())
    sdp: str = connection.localDescription.sdp
    await connection.close()
    return sdp


async def test_a_booth_is_for_its_interpreters_and_for_languages_the_session_has(site: Site) -> None:
    sends = await offer("sendonly")
    for role, lang, status in [("attendee", "es", 403), ("speaker", "es", 403), ("interpreter", "fr", 404), ("interpreter", "en", 404)]:
        answer = await site.http.post(f"/whip/{SESSION}/{lang}", content=sends, headers=SDP | site.bearer(role))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    answer = await site.http.post(f"/whip/{SESSION}/es", content=sends, headers=SDP | site.bearer("interpreter"))
    assert answer.status_code == 201
    assert SessionDescription.parse(answer.text).media[0].direction == "recvonly"
    location = answer.headers["location"]
    for role, status in [("attendee", 403), ("speaker", 404), ("interpreter", 200), ("interpreter", 404)]:
        assert (await site.http.delete(location, headers=site.bearer(role))).status_code == status


async def test_an_interpreter_may_not_take_the_floor_nor_end_who_has_it(site: Site) -> None:
    sends = await offer("sendonly")
    answer = await site.http.post(f"/whip/{SESSION}", content=sends, headers=SDP | site.bearer("interpreter"))
    assert answer.status_code == 403
    floor = await site.http.post(f"/whip/{SESSION}", content=sends, headers=SDP | site.bearer("speaker"))
    assert (await site.http.delete(floor.headers["location"], headers=site.bearer("interpreter"))).status_code == 404


async def test_everyone_hears_which_booths_speak_and_chooses_in_the_middle_of_the_stream(site: Site) -> None:
    async with publishing(site.signal("whip", "speaker")), site.talk("attendee") as talk:
        await talk.until(lambda talk: talk.public["live"])
        assert talk.public["interpreting"] == []
        resources: list[str] = []

        async def watch(offer: str) -> str:
            answer = await site.post("whep", offer, "attendee")
            resources.append(answer.headers["location"])
            return answer.text

        async with viewing(watch) as viewer:
            await until(lambda: viewer.samples > 10_000)

            async def choose(lang: str | None, role: str = "attendee") -> tuple[int, object]:
                answer = await site.http.put(f"{resources[0]}/language", json={"lang": lang}, headers=site.bearer(role))
                return answer.status_code, answer.json()

            assert await choose("es") == (200, {"lang": "es", "hears": None})
            async with publishing(microphone(site), video=None, tone=900.0):
                await talk.until(lambda talk: talk.public["interpreting"] == ["es"])
                assert await choose("es") == (200, {"lang": "es", "hears": "es"})
                heard = viewer.samples
                await until(lambda: viewer.samples > heard + 20_000)
                assert (await choose("fr"))[0] == 404
                assert (await choose("es", "publisher"))[0] == 403
                assert await choose(None) == (200, {"lang": None, "hears": None})
            await talk.until(lambda talk: talk.public["interpreting"] == [])
            heard = viewer.samples
            await until(lambda: viewer.samples > heard + 20_000)


async def test_who_comes_for_a_language_asks_for_it_at_once(site: Site) -> None:
    async def watch(offer: str) -> str:
        headers = SDP | site.bearer("attendee")
        assert (await site.http.post(f"/whep/{SESSION}", params={"lang": "fr"}, content=offer, headers=headers)).status_code == 404
        answer = await site.http.post(f"/whep/{SESSION}", params={"lang": "es"}, content=offer, headers=headers)
        assert answer.status_code == 201
        return answer.text

    async with publishing(site.signal("whip", "speaker")), publishing(microphone(site), video=None, tone=900.0):
        await until(lambda: site.live)
        connection: RTCPeerConnection = no_servers()
        connection.addTransceiver("audio", direction="recvonly")
        await negotiate(connection, watch)
        await until(lambda: connection.connectionState == "connected")
        await connection.close()
