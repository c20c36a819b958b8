"""WHIP and WHEP over real HTTP: every status a client can meet, and ffmpeg, which meets them as they are."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import imageio_ffmpeg
import pytest

from realtime.relay.dtls import Certificate
from server.bodies import MAX_BODY
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_offer import BAD, GOOD
from tests.server.site import SDP, SESSION, Site, site

__all__ = ["site"]

RECEIVING = GOOD.replace("sendonly", "recvonly")


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    # A player on another site must be able to read why.
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_publishing_creates_a_resource_with_a_path_only_location_and_a_strong_etag(site: Site) -> None:
    answer = await site.post("whip", GOOD, "speaker")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/sdp"
    assert re.fullmatch(rf"/whip/{SESSION}/[\w-]{{16}}", answer.headers["Location"])
    assert re.fullmatch(r'"[\w-]{8,}"', answer.headers["ETag"])
    assert answer.text.startswith("v=0\r\n")
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"Location", "ETag", "Link"}


async def test_bad_sdp_is_a_problem_and_the_server_lives(site: Site) -> None:
    for name, make in BAD.items():
        offer = make().encode("utf-8", "surrogatepass")
        answer = await site.http.post(f"/whip/{SESSION}", content=offer, headers=SDP | site.bearer("speaker"))
        if len(offer) > MAX_BODY:
            problem(answer, 413, "too_large")
        else:
            assert answer.json()["code"] == "bad_offer", name
            problem(answer, 400, "bad_offer")
    assert (await site.post("whip", GOOD, "speaker")).status_code == 201


async def test_an_offer_must_be_called_sdp(site: Site) -> None:
    answer = await site.http.post(f"/whip/{SESSION}", content=GOOD, headers=site.bearer("speaker") | {"Content-Type": "text/plain"})
    problem(answer, 415, "unsupported_media")
    spelled = await site.post("whip", GOOD, "speaker", **{"Content-Type": "Application/SDP; charset=utf-8"})
    assert spelled.status_code == 201


async def test_without_a_token_nothing_is_read(site: Site) -> None:
    for entrance in ("whip", "whep"):
        answer = await site.http.post(f"/{entrance}/{SESSION}", content=GOOD, headers=SDP)
        problem(answer, 401, "no_token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    forged = await site.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP | {"Authorization": "Bearer forged"})
    problem(forged, 401, "bad_token")


async def test_an_attendee_may_not_publish_and_a_bare_publisher_may_not_watch(site: Site) -> None:
    problem(await site.post("whip", GOOD, "attendee"), 403, "forbidden")
    problem(await site.post("whep", RECEIVING, "publisher"), 403, "forbidden")


async def test_watching_before_anybody_publishes_is_a_conflict_to_try_again(site: Site) -> None:
    answer = await site.post("whep", RECEIVING, "attendee")
    problem(answer, 409, "not_live")
    assert int(answer.headers["Retry-After"]) > 0


async def test_viewers_past_the_limit_are_asked_to_come_later(site: Site) -> None:
    async with publishing(site.signal("whip", "speaker")):
        await until(lambda: site.live)
        for _ in range(2):
            assert (await site.post("whep", RECEIVING, "attendee")).status_code == 201
        answer = await site.post("whep", RECEIVING, "attendee")
        problem(answer, 503, "too_many_viewers")
        assert int(answer.headers["Retry-After"]) > 0


async def test_deleting_the_resource_ends_it(site: Site) -> None:
    location = (await site.post("whip", GOOD, "speaker")).headers["Location"]
    problem(await site.http.delete(location), 401, "no_token")
    problem(await site.http.delete(location, headers=site.bearer("attendee")), 403, "forbidden")
    assert (await site.http.delete(location, headers=site.bearer("speaker"))).status_code == 200
    problem(await site.http.delete(location, headers=site.bearer("speaker")), 404, "unknown_resource")


async def test_a_viewer_cannot_end_the_publisher_by_its_id(site: Site) -> None:
    location = (await site.post("whip", GOOD, "speaker")).headers["Location"]
    disguised = location.replace("/whip/", "/whep/")
    problem(await site.http.delete(disguised, headers=site.bearer("attendee")), 404, "unknown_resource")
    assert (await site.http.delete(location, headers=site.bearer("speaker"))).status_code == 200


async def test_a_body_without_an_end_is_cut_off(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"a" * 1_024

    answer = await site.http.post(f"/whip/{SESSION}", content=endless(), headers=SDP | site.bearer("speaker"))
    problem(answer, 413, "too_large")


@pytest.mark.parametrize("flags", [[], ["-whip_flags", "dtls_active"]], ids=["as the DTLS server", "as the DTLS client"])
async def test_ffmpeg_publishes_and_takes_its_leave(site: Site, flags: list[str]) -> None:
    source = "-re -f lavfi -i testsrc=size=320x240:rate=15 -f lavfi -i sine=f=440 -t 3"
    codecs = "-c:v libx264 -preset ultrafast -tune zerolatency -bf 0 -g 8 -pix_fmt yuv420p -c:a libopus -ar 48000 -ac 2"
    command = f"-nostdin -hide_banner -loglevel error {source} {codecs} -f whip -authorization {site.token('speaker')}".split()
    ffmpeg = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(), *command, *flags, f"{site.http.base_url}/whip/{SESSION}", stderr=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: site.live)
        async with viewing(site.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)
        async with asyncio.timeout(10):
            _, complaints = await ffmpeg.communicate()
        # What it says about the answer to its DELETE it says of any answer: what counts is that the resource is gone.
        assert ffmpeg.returncode == 0, complaints
        assert not site.live
    finally:
        if ffmpeg.returncode is None:
            ffmpeg.kill()
            await ffmpeg.wait()


async def test_what_goes_in_by_whip_comes_out_by_whep(site: Site) -> None:
    publisher = LightPeer(Certificate.generateCertificate())
    viewer = LightPeer(publisher.certificate)
    await publisher.open(site.signal("whip", "speaker"), "sendonly", {"VP8": 96})
    publisher.send(96, 0, 0, 1, b"first")
    await until(lambda: site.live)
    await viewer.open(site.signal("whep", "attendee"), "recvonly", {"VP8": 100})
    for sequence in range(1, 200):
        publisher.send(96, sequence, sequence * 3_000, 1, b"picture")
        await asyncio.sleep(0.01)
        if viewer.packets:
            break
    assert (viewer.packets[0].payload_type, viewer.packets[0].payload) == (100, b"picture")
    await publisher.close()
    await viewer.close()
