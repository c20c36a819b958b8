"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) row by row, over real HTTP; sections in brackets are the RFC's."""

import asyncio
import base64
import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from aiortc.sdp import SessionDescription

from realtime.relay.dtls import Certificate
from server.settings import Settings
from tests.realtime.relay.clients import answer, no_servers, publishing, until
from tests.realtime.relay.light import LightPeer
from tests.realtime.relay.test_fragment import CANDIDATE, CREDENTIALS, MALFORMED, MEDIA
from tests.realtime.relay.test_offer import BAD, GOOD, UNACCEPTABLE
from tests.server.site import SDP, SESSION, Site, opened, site
from tests.server.test_media import RECEIVING, problem

__all__ = ["site"]

TRICKLE = {"Content-Type": "application/trickle-ice-sdpfrag"}
# The credentials GOOD has, and candidates for them.
LATE = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\n" + MEDIA + CANDIDATE
RESTART = CREDENTIALS + MEDIA + CANDIDATE


@pytest.fixture
async def live(site: Site) -> AsyncIterator[Site]:
    """A site with somebody on stage."""
    async with publishing(site.signal("whip", "speaker")):
        await until(lambda: site.live)
        yield site


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, strict_tags=True) as site:
        yield site


async def published(site: Site) -> httpx.Response:
    created = await site.post("whip", GOOD, "speaker")
    assert created.status_code == 201
    return created


async def patch(site: Site, location: str, body: str, **headers: str) -> httpx.Response:
    return await site.http.patch(location, content=body, headers=site.bearer("speaker") | TRICKLE | headers)


# Offers


async def test_an_offer_that_can_be_read_and_not_be_taken_is_unprocessable(site: Site) -> None:
    """[4.4.2, 4.4.3] Whole or not at all: a publisher of whom half were taken would not know which half."""
    for make in UNACCEPTABLE.values():
        refused = await site.post("whip", make(), "speaker")
        assert refused.json()["code"] in ("unacceptable_offer", "no_common_codec")
        problem(refused, 422, refused.json()["code"])


def answered(created: httpx.Response, direction: str) -> None:
    """Every section one way, passive, and its exclusive multiplexing repeated [4.4.1]."""
    assert created.status_code == 201
    for media in SessionDescription.parse(created.text).media:
        assert media.direction == direction
        assert media.dtls is not None
        assert media.dtls.role == "server"
    assert created.text.count("a=setup:passive") == created.text.count("a=rtcp-mux-only") == 2
    assert "a=ice-options:trickle ice2" in created.text


async def test_a_publisher_is_answered_recvonly_and_passive(site: Site) -> None:
    """[4.2]"""
    for offered in ("sendonly", "sendrecv"):
        answered(await site.post("whip", GOOD.replace("sendonly", offered), "speaker"), "recvonly")


async def test_a_viewer_is_answered_sendonly_and_passive(live: Site) -> None:
    for offered in ("recvonly", "sendrecv"):
        created = await live.post("whep", RECEIVING.replace("recvonly", offered), "attendee")
        answered(created, "sendonly")
        assert re.fullmatch(rf"/whep/{SESSION}/[\w-]{{16}}", created.headers["Location"])
        assert re.fullmatch(r'"[\w-]{8,}"', created.headers["ETag"])


async def test_only_an_offer_that_insists_on_being_the_server_is_answered_active(site: Site) -> None:
    created = await site.post("whip", GOOD.replace("actpass", "passive"), "speaker")
    assert created.text.count("a=setup:active") == 2
    created = await site.post("whip", GOOD.replace("actpass", "active"), "speaker")
    assert created.text.count("a=setup:passive") == 2


async def test_the_wrong_type_is_told_the_right_one(site: Site) -> None:
    """RFC 9110 section 15.5.16, RFC 5789 section 2.2."""
    location = (await published(site)).headers["Location"]
    plain = {"Content-Type": "text/plain"}
    refused = await site.http.post(f"/whip/{SESSION}", content=GOOD, headers=site.bearer("speaker") | plain)
    problem(refused, 415, "unsupported_media")
    assert refused.headers["Accept-Post"] == "application/sdp"
    for type in ("text/plain", "application/sdp", ""):
        refused = await patch(site, location, LATE, **{"Content-Type": type})
        problem(refused, 415, "unsupported_media")
        assert refused.headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"


# Methods


async def test_a_get_shows_nothing_with_success(site: Site) -> None:
    """[4.1]"""
    location = (await published(site)).headers["Location"]
    for path in (f"/whip/{SESSION}", location):
        for method in ("GET", "HEAD"):
            shown = await site.http.request(method, path, headers=site.bearer("speaker"))
            assert (shown.status_code, shown.content) == (204, b"")
            assert shown.headers["Access-Control-Allow-Origin"] == "*"
            assert (await site.http.request(method, path)).status_code == 401
    assert (await site.http.get(f"/whep/{SESSION}", headers=site.bearer("attendee"))).status_code == 204
    problem(await site.http.get(f"/whip/{SESSION}/never-was", headers=site.bearer("speaker")), 404, "unknown_resource")
    problem(await site.http.get("/whip/nowhere", headers=site.bearer("speaker")), 404, "not_found")


ALLOWED = {
    ("PUT", f"/whip/{SESSION}"): "GET, HEAD, OPTIONS, POST",
    ("DELETE", f"/whep/{SESSION}"): "GET, HEAD, OPTIONS, POST",
    ("BREW", f"/whep/{SESSION}"): "GET, HEAD, OPTIONS, POST",
    ("PUT", f"/whip/{SESSION}/any"): "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
    ("POST", f"/whep/{SESSION}/any"): "DELETE, GET, HEAD, OPTIONS, PATCH",
    ("GET", f"/whep/{SESSION}/any/language"): "OPTIONS, PUT",
    ("PUT", f"/whep/{SESSION}/any/layer"): "GET, OPTIONS, POST",
    ("PUT", f"/whep/{SESSION}/any/events"): "OPTIONS, POST",
    ("PUT", f"/whep/{SESSION}/any/events/any"): "DELETE, GET, OPTIONS",
}


async def test_a_method_that_is_not_there_is_told_which_are(site: Site) -> None:
    for (method, path), allowed in ALLOWED.items():
        refused = await site.http.request(method, path, headers=site.bearer("speaker"))
        problem(refused, 405, "method_not_allowed")
        assert refused.headers["Allow"] == allowed


TAKEN = {
    f"/whip/{SESSION}": ("Accept-Post", "application/sdp"),
    f"/whep/{SESSION}": ("Accept-Post", "application/sdp"),
    f"/whip/{SESSION}/any": ("Accept-Patch", "application/trickle-ice-sdpfrag"),
    f"/whep/{SESSION}/any": ("Accept-Patch", "application/trickle-ice-sdpfrag"),
    f"/whep/{SESSION}/any/events": ("Accept-Post", "application/json"),
}
LISTS = {
    "Allow-Headers": {"authorization", "content-type", "if-match"},
    "Allow-Methods": {"post", "patch", "delete"},
    "Expose-Headers": {"location", "etag", "link"},
}


async def test_a_preflight_needs_no_token_and_says_what_is_taken(site: Site) -> None:
    """[4.2]"""
    for path, (header, type) in TAKEN.items():
        told = await site.http.options(path, headers={"Origin": "https://player.example", "Access-Control-Request-Method": "POST"})
        assert (told.status_code, told.content) == (200, b"")
        assert told.headers[header] == type
        assert told.headers["Access-Control-Allow-Origin"] == "*"
        for name, least in LISTS.items():
            assert least <= {item.strip().lower() for item in told.headers[f"Access-Control-{name}"].split(",")}


# Trickle ICE and restarts


TOLERATED: list[dict[str, str]] = [{}, *({"If-Match": match} for match in ("*", '"*"', '"anything"', "anything", 'W/"weak"', "", ","))]


async def test_late_candidates_are_taken_and_forgotten(site: Site) -> None:
    """[4.3.2] No body and no ETag."""
    location = (await published(site)).headers["Location"]
    for match in TOLERATED:
        taken = await patch(site, location, LATE, **match)
        assert (taken.status_code, taken.content) == (204, b"")
        assert "ETag" not in taken.headers
    problem(await patch(site, f"/whip/{SESSION}/never-was", LATE), 404, "unknown_resource")


async def test_a_malformed_fragment_is_a_bad_request_and_changes_nothing(site: Site) -> None:
    """[4.3.1]"""
    created = await published(site)
    for body in MALFORMED.values():
        problem(await patch(site, created.headers["Location"], body), 400, "bad_fragment")
    assert (await site.relay.resource(created.headers["Location"].rpartition("/")[2])).etag == created.headers["ETag"].strip('"')


async def test_a_body_that_is_no_text_is_a_bad_request(site: Site) -> None:
    location = (await published(site)).headers["Location"]
    headers = site.bearer("speaker")
    problem(await site.http.patch(location, content=b"a=\xff", headers=headers | TRICKLE), 400, "bad_fragment")
    problem(await site.http.post(f"/whip/{SESSION}", content=b"v=\xff", headers=headers | SDP), 400, "bad_offer")
    problem(await patch(site, location, "a=x:" + "y" * 65_536), 413, "too_large")


async def test_new_credentials_restart_ice(site: Site) -> None:
    """[4.3.3] Told by the credentials, not by If-Match."""
    before = await published(site)
    location = before.headers["Location"]
    for number, match in enumerate(TOLERATED):
        fragment = RESTART.replace("EsAw", f"EsAw{number}").replace("P2uYro0U", f"P2uYro0U{number}")
        after = await patch(site, location, fragment, **match)
        assert after.status_code == 200
        assert after.headers["Content-Type"] == "application/trickle-ice-sdpfrag"
        assert re.fullmatch(r'"[\w-]{8,}"', after.headers["ETag"])
        assert after.headers["ETag"] != before.headers["ETag"]
        for name in ("ice-ufrag", "ice-pwd"):
            (new,), (old,) = (set(re.findall(f"a={name}:(.*)\r\n", told.text)) for told in (after, before))
            assert new != old
        # The same fragment again is no other restart, and the old sessions' late candidates are none.
        for late in (fragment, LATE):
            assert (await patch(site, location, late)).status_code == 204
        before = after


async def test_media_goes_on_through_a_restart(site: Site) -> None:
    publisher = LightPeer(Certificate.generateCertificate())
    locations: list[str] = []

    async def signal(offer: str) -> str:
        created = await site.post("whip", offer, "speaker")
        locations.append(created.headers["Location"])
        return created.text

    await publisher.open(signal, "sendonly", {"VP8": 96})
    publisher.send(96, 0, 0, 1, b"first")
    await until(lambda: site.live)
    before = (await site.relay.stats(SESSION)).packets
    publisher.rebind()
    await publisher.restarted((await patch(site, locations[0], publisher.fragment(restart=True))).text)
    publisher.send(96, 1, 3_000, 1, b"second")
    async with asyncio.timeout(5):
        while (await site.relay.stats(SESSION)).packets == before:  # noqa: ASYNC110 - another program counts
            await asyncio.sleep(0.05)
    await publisher.close()


async def test_strictly_a_patch_without_a_tag_is_refused_and_so_is_a_stale_one(strict: Site) -> None:
    """[4.3.1]"""
    created = await published(strict)
    location, first = created.headers["Location"], created.headers["ETag"]
    problem(await patch(strict, location, LATE), 428, "no_tag")
    for stale in ('"another"', f"W/{first}", '"a", "b"'):
        problem(await patch(strict, location, LATE, **{"If-Match": stale}), 412, "stale_tag")
    for fresh in (first, f'"another", {first}', "*"):
        assert (await patch(strict, location, LATE, **{"If-Match": fresh})).status_code == 204
    problem(await patch(strict, location, RESTART), 428, "no_tag")
    second = (await patch(strict, location, RESTART, **{"If-Match": '"*"'})).headers["ETag"]
    problem(await patch(strict, location, RESTART, **{"If-Match": first}), 412, "stale_tag")
    assert (await patch(strict, location, RESTART, **{"If-Match": second})).status_code == 204


async def test_a_delete_asks_for_no_tag(strict: Site) -> None:
    """[4.2] Whatever it names."""
    location = (await published(strict)).headers["Location"]
    gone = await strict.http.delete(location, headers=strict.bearer("speaker") | {"If-Match": '"stale"'})
    assert gone.status_code == 200


# Counter-offers


@pytest.mark.parametrize(
    "offer", [RECEIVING.replace("recvonly", "sendonly"), RECEIVING.replace("H264", "H265").replace("VP8", "AV1").replace("opus", "G722")]
)
async def test_a_viewer_whose_offer_cannot_be_taken_gets_one_and_answers_it(live: Site, offer: str) -> None:
    refused = await live.post("whep", offer, "attendee")
    assert refused.status_code == 406
    assert refused.headers["Content-Type"] == "application/sdp"
    assert 20 < parsedate_to_datetime(refused.headers["Expires"]).timestamp() - time.time() < 40
    location, connection = refused.headers["Location"], no_servers()
    headers = live.bearer("attendee")
    problem(await live.http.patch(location, content="nonsense", headers=headers | SDP), 400, "bad_offer")
    problem(await live.http.patch(location, content=LATE, headers=headers | TRICKLE), 415, "unsupported_media")

    async def signal(sdp: str) -> None:
        taken = await live.http.patch(location, content=sdp, headers=headers | SDP)
        assert (taken.status_code, taken.headers["ETag"]) == (204, refused.headers["ETag"])

    await answer(connection, refused.text, signal)
    await until(lambda: connection.connectionState == "connected")
    assert [t.direction for t in connection.getTransceivers()] == ["recvonly", "recvonly"]
    problem(await live.http.patch(location, content=connection.localDescription.sdp, headers=headers | SDP), 415, "unsupported_media")
    assert (await live.http.delete(location, headers=headers)).status_code == 200
    await connection.close()


async def test_a_counter_offer_can_be_declined(live: Site) -> None:
    location = (await live.post("whep", GOOD, "attendee")).headers["Location"]
    assert (await live.http.delete(location, headers=live.bearer("attendee"))).status_code == 200
    problem(await live.http.delete(location, headers=live.bearer("attendee")), 404, "unknown_resource")


async def test_counter_offers_take_the_places_of_viewers(live: Site) -> None:
    for _ in range(2):
        assert (await live.post("whep", GOOD, "attendee")).status_code == 406
    problem(await live.post("whep", GOOD, "attendee"), 503, "too_many_viewers")


async def test_there_is_nothing_to_offer_while_nobody_publishes(site: Site) -> None:
    problem(await site.post("whep", GOOD, "attendee"), 409, "not_live")
    problem(await site.post("whep", BAD["no media"](), "attendee"), 400, "bad_offer")


# TURN


async def test_the_turn_servers_come_with_credentials_for_a_while(tmp_path: Path) -> None:
    """[4.6] coturn makes the same HMAC of its own copy of the secret."""
    urls = ["stun:stun.example.org", "turn:turn.example.org:3478?transport=udp"]
    async with opened(tmp_path, turn_urls=urls, turn_secret="north") as site:
        for told in (await published(site), await site.http.options(f"/whip/{SESSION}", headers=site.bearer("speaker"))):
            stun, turn = (link for link in told.headers.get_list("Link") if "ice-server" in link)
            assert stun == '<stun:stun.example.org>; rel="ice-server"'
            parts = dict(re.findall(r'([\w-]+)="([^"]*)"', turn))
            assert turn.startswith("<turn:turn.example.org:3478?transport=udp>; ")
            assert (parts["rel"], parts["credential-type"]) == ("ice-server", "password")
            expiry, person = parts["username"].split(":")
            assert person == "a-speaker"
            assert 3_600 < int(expiry) - time.time() < 24 * 3_600
            expected = hmac.digest(b"north", parts["username"].encode(), hashlib.sha1)
            assert parts["credential"] == base64.b64encode(expected).decode()
        assert "Link" not in (await site.http.options(f"/whip/{SESSION}")).headers
        problem(await site.http.options(f"/whip/{SESSION}", headers={"Authorization": "Bearer forged"}), 401, "bad_token")


def test_a_turn_server_without_its_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="MARQUEE_TURN_SECRET"):
        Settings(turn_urls=["turn:turn.example.org"])
    for url in ("http://turn.example.org", 'turn:"x"', "turn:a>b", "turn:a,b"):
        with pytest.raises(ValueError, match="turn_urls"):
            Settings(turn_urls=[url], turn_secret="north")


# Other nodes


async def test_a_session_of_another_node_is_published_and_watched_there(tmp_path: Path) -> None:
    """[4.5] A client takes no Authorization to another host, so the URL lets it in, for a minute and for media only."""
    secret = "the same secret in both of the nodes"
    async with opened(tmp_path / "two", secret=secret) as there:
        nodes = {SESSION: there.server.url}
        async with opened(tmp_path / "one", secret=secret, nodes=nodes) as here:
            sent = await here.post("whip", GOOD, "speaker")
            assert sent.status_code == 307
            assert sent.headers["Access-Control-Allow-Origin"] == "*"
            target = httpx.URL(sent.headers["Location"])
            assert str(target).startswith(f"{there.server.url}/whip/{SESSION}?ticket=")
            created = await there.http.post(target, content=GOOD, headers=SDP)
            assert created.status_code == 201
            location = created.headers["Location"]
            assert (await there.http.delete(location, headers=there.bearer("speaker"))).status_code == 200
            ticket = {"Authorization": f"Bearer {target.params['ticket']}"}
            problem(await there.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP | ticket), 401, "bad_token")
            token = {"ticket": there.token("speaker")}
            problem(await there.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP, params=token), 401, "bad_token")
            problem(await here.post("whip", GOOD, "attendee"), 403, "forbidden")
            problem(await here.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP), 401, "no_token")
            followed = await here.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP | here.bearer("speaker"), follow_redirects=True)
            assert followed.status_code == 201


async def test_a_node_that_finds_itself_in_the_list_carries_the_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        site.services.settings.nodes[SESSION] = site.server.url
        assert (await site.post("whip", GOOD, "speaker")).status_code == 201


async def test_two_lists_that_do_not_agree_send_nobody_in_circles(tmp_path: Path) -> None:
    async with opened(tmp_path, nodes={SESSION: "http://two.example"}) as site:
        sent = httpx.URL((await site.post("whip", GOOD, "speaker")).headers["Location"])
        assert sent.host == "two.example"
        problem(await site.http.post(f"/whip/{SESSION}", content=GOOD, headers=SDP, params=sent.params), 409, "elsewhere")


# Floods


async def test_a_thousand_candidates_cost_nothing(site: Site) -> None:
    many = GOOD + CANDIDATE * 500
    assert len(many) < 64 * 1024
    async with asyncio.timeout(2):
        assert (await site.post("whip", many, "speaker")).status_code == 201
