"""The HTTP of the product: the programme, coming in by a code, transcripts, pages, and every refusal as a problem."""

from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.contract import asyncapi
from server.doorkeeper import WRONG_BURST
from sessions.people import Role
from tests.server.site import SESSION, Site, opened, site

__all__ = ["site"]


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)


async def test_the_programme_says_what_is_live(site: Site) -> None:
    event = (await site.http.get("/api/event")).json()
    assert [session["id"] for session in event["sessions"]] == [SESSION, "other", "chamber"]
    assert event["live"] == {SESSION: False, "other": False, "chamber": False}


async def test_a_code_makes_a_person_of_whoever_has_it(site: Site) -> None:
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    looked = (await site.http.get(f"/api/join/{code.lower()}")).json()
    assert (looked["role"], looked["session"]["id"]) == ("attendee", SESSION)
    answer = await site.http.post(f"/api/join/{code}", json={"lang": "AR-eg", "name": "  ليلى ", "sector": "production"})
    assert answer.status_code == 201
    joined = answer.json()
    assert joined["person"] == {"id": joined["person"]["id"], "role": "attendee", "lang": "ar-EG", "name": "ليلى"}
    assert "whip" not in joined["links"]
    again = (await site.http.post(f"/api/join/{code}", json={"lang": "ar"})).json()
    assert again["person"]["id"] != joined["person"]["id"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"lang": "not a tag"}, "invalid"),
        ({"lang": "en", "name": "x" * 81}, "too_long"),
        ({"lang": "en", "rank": "boss"}, "invalid"),
        ([], "invalid"),
    ],
)
async def test_a_bad_joining_is_a_problem(site: Site, body: object, code: str) -> None:
    invite = site.services.invite(SESSION, Role.ATTENDEE)
    problem(await site.http.post(f"/api/join/{invite.code}", json=body), 422, code)


async def test_codes_cannot_be_guessed(site: Site) -> None:
    for _ in range(WRONG_BURST):
        problem(await site.http.get("/api/join/WRONG1"), 404, "not_found")
    problem(await site.http.get("/api/join/WRONG1"), 429, "rate_limited")
    right = site.services.invite(SESSION, Role.ATTENDEE).code
    problem(await site.http.get(f"/api/join/{right}"), 429, "rate_limited")


async def test_who_opens_sockets_from_all_addresses_of_an_ipv6_network_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.HANDSHAKES_BURST", 2)
    monkeypatch.setattr("server.services.HANDSHAKES_RATE", 0.01)
    statuses = {}
    async with opened(tmp_path) as site:
        for address in ("2001:db8::1", "2001:db8::2:1", "2001:db8::3", "2001:db8:0:1::1"):
            try:
                async with connect(site.ws, proxy=None, additional_headers={"X-Forwarded-For": address}):
                    statuses[address] = 101
            except InvalidStatus as refused:
                statuses[address] = refused.response.status_code
    assert list(statuses.values()) == [101, 101, 429, 101]


async def test_only_an_organiser_reads_the_links(site: Site) -> None:
    problem(await site.http.get("/api/invites"), 401, "no_token")
    problem(await site.http.get("/api/invites", headers=site.bearer("moderator")), 403, "forbidden")
    links = (await site.http.get("/api/invites", headers=site.bearer("organiser"))).json()["invites"]
    assert {link["role"] for link in links} == set(Role) - {Role.PUBLISHER, Role.DELEGATE}
    assert {link["session"] for link in links} == {SESSION}


async def test_a_transcript_is_for_its_own_session_and_languages(site: Site) -> None:
    path = f"/api/sessions/{SESSION}/captions"
    problem(await site.http.get(f"{path}.vtt?lang=en"), 401, "no_token")
    problem(await site.http.get(f"{path}.vtt?lang=en", headers=site.bearer("attendee", "other")), 403, "forbidden")
    problem(await site.http.get(f"{path}.vtt?lang=fr", headers=site.bearer("attendee")), 404, "not_found")
    problem(await site.http.get("/api/sessions/none/captions.vtt?lang=en", headers=site.bearer("attendee")), 404, "not_found")
    assert (await site.http.get(f"{path}.srt?lang=en", headers=site.bearer("attendee"))).text == ""


async def test_the_service_says_that_it_is_well_and_what_it_speaks(site: Site) -> None:
    assert (await site.http.get("/healthz")).json() == {"status": "ok"}
    assert (await site.http.get("/asyncapi")).json() == asyncapi()
    described = (await site.http.get("/openapi.json")).json()
    assert {"/whip/{session}", "/whep/{session}", "/api/join/{code}"} <= set(described["paths"])
    assert (await site.http.get("/asyncapi")).json()["info"]["version"] == described["info"]["version"]


async def test_every_route_is_described_with_its_refusals_as_problems(site: Site) -> None:
    described = (await site.http.get("/openapi.json")).json()
    refusals = {status: answer["content"] for status, answer in described["components"]["responses"].items()}
    schema = {"$ref": "#/components/schemas/Problem"}
    assert refusals == {status: {"application/problem+json": {"schema": schema}} for status in refusals}
    operations = [operation for ways in described["paths"].values() for operation in ways.values()]
    assert all("503" in operation["responses"] for operation in operations)
    assert {"404", "413", "422", "429"} <= set(described["paths"]["/api/join/{code}"]["post"]["responses"])
    assert {"401", "403", "404", "409", "413", "415"} <= set(described["paths"]["/whep/{session}"]["post"]["responses"])
    tools = [described["paths"][f"/ingest/{kind}/closedcaption"]["post"] for kind in ("youtube", "zoom")]
    assert all({"401", "409", "413", "415", "422", "429"} <= set(tool["responses"]) for tool in tools)
    assert all(list(tool["requestBody"]["content"]) == ["text/plain"] for tool in tools)
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_every_page_is_the_web_client_and_runs_only_our_own_scripts(site: Site) -> None:
    for page in ("/", "/index.html", "/j/ABCDEF", f"/s/{SESSION}", f"/s/{SESSION}/screen", f"/overlay/{SESSION}?lang=en"):
        answer = await site.http.get(page)
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-cache"
    problem(await site.http.get("/no/such/page"), 404, "not_found")
    problem(await site.http.get("/..%2f..%2fsettings.py"), 404, "not_found")
    problem(await site.http.get("/no-such-page"), 404, "not_found")


async def test_a_session_that_does_not_exist_is_not_found(site: Site) -> None:
    token = {"Authorization": f"Bearer {site.token('attendee', 'none')}", "Content-Type": "application/sdp"}
    problem(await site.http.post("/whep/none", content="v=0", headers=token), 404, "not_found")
