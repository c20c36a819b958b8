"""The programme over HTTP: who may change it, sessions that come to life, people who are told, files in and out, two processes."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from realtime.hub import MAX_CHANNELS
from realtime.relay.dtls import Certificate
from server.routes.programme import IMPORT_LIMIT
from sessions.people import RIGHTS, Role
from sessions.programme import Event
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.redis import redis
from tests.server.site import CHAMBER, SDP, SESSION, Site, opened, site
from tests.server.test_venues import camera, filming

__all__ = ["site"]

CSV = {"Content-Type": "text/csv; charset=utf-8"}


async def call(site: Site, method: str, path: str, status: int = 200, role: str = "organiser", **options: Any) -> Any:
    headers = options.pop("headers", {}) | site.bearer(role)
    answer = await site.http.request(method, f"/api/programme{path}", headers=headers, **options)
    assert answer.status_code == status, (path, answer.text)
    return answer.json()


async def session(site: Site, id: str = SESSION) -> dict[str, Any]:
    event = (await call(site, "GET", ""))["event"]
    return next(dict(one) for one in event["sessions"] if one["id"] == id)


async def edit(site: Site, id: str = SESSION, status: int = 200, **changes: Any) -> Any:
    held = await session(site, id)
    body = {"session": held | changes, "expected_version": held["version"]}
    return await call(site, "PUT", f"/sessions/{id}", status, json=body)


async def test_only_an_organiser_may_look_and_change(site: Site) -> None:
    paths = [
        ("GET", ""),
        ("POST", "/sessions"),
        ("PUT", f"/sessions/{SESSION}"),
        ("POST", "/check"),
        ("PUT", "/event"),
        ("GET", "/log"),
        ("POST", "/import"),
        ("GET", "/export.csv"),
    ]
    for method, path in paths:
        for role in Role:
            if role is not Role.ORGANISER:
                assert "programme.edit" not in RIGHTS[role]
                assert (await call(site, method, path, 403, role))["code"] == "forbidden"
        assert (await site.http.request(method, f"/api/programme{path}")).status_code == 401


async def test_a_session_that_is_added_is_open_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        draft = (await session(site)) | {
            "id": "",
            "titles": {"en": "New wave"},
            "floor": "fr",
            "captions": ["fr", "en"],
            "interpreted": ["en"],
        }
        added = (await call(site, "POST", "/sessions", 201, json={"session": draft}))["session"]
        assert (added["id"], added["version"]) == ("new-wave", 1)
        event = (await site.http.get("/api/event")).json()
        assert (event["sessions"][-1], event["live"]["new-wave"]) == (added, False)
        await used(site)
    async with opened(tmp_path) as site:
        await used(site)
        [act] = (await call(site, "GET", "/log"))["acts"]
        assert (act["number"], act["act"], act["session"], act["actor"]) == (1, "session.add", "new-wave", "a-organiser")


async def used(site: Site) -> None:
    """Somebody comes into the new session by its link and asks; it is published, and captioned by hand."""
    links = (await site.http.get("/api/invites", params={"session": "new-wave"}, headers=site.bearer("organiser"))).json()["invites"]
    codes = {link["role"]: link["code"] for link in links}
    assert set(codes) == {role for role in Role if role not in (Role.PUBLISHER, Role.DELEGATE)}
    joined = (await site.http.post(f"/api/join/{codes['attendee']}", json={"lang": "fr"})).json()
    captioner = (await site.http.post(f"/api/join/{codes['captioner']}", json={"lang": "fr"})).json()
    async with site.talk(token=joined["token"], captions="fr") as talk, site.talk(token=captioner["token"]) as desk:
        await talk.do("question.ask", text="Pourquoi ?", lang="fr")
        await desk.do("caption.commit", lang="fr", text="Bonjour.", final=True)
        await talk.until(lambda talk: "Bonjour." in [cue["text"] for cue in talk.states["new-wave/captions/fr"]["cues"].values()])

        async def signal(offer: str) -> str:
            headers = SDP | site.bearer("publisher", "new-wave")
            return (await site.http.post("/whip/new-wave", content=offer, headers=headers)).raise_for_status().text

        peer = await LightPeer(Certificate.generateCertificate()).open(signal, "sendonly", {"VP8": 96})
        async with asyncio.TaskGroup() as group:
            film = group.create_task(filming(peer))
            await talk.until(lambda talk: talk.states["new-wave/public"]["live"])
            film.cancel()
        await peer.close()


async def test_people_in_a_session_are_told_and_may_use_what_is_new(site: Site) -> None:
    async with site.talk() as talk:
        await edit(site, titles={"en": "Renamed"}, captions=["en", "es", "zh", "fr"], room="Hall 1", format="lecture")
        await talk.until(lambda talk: talk.public["session"]["titles"] == {"en": "Renamed"})
        assert (talk.public["session"]["room"], talk.public["policy"]["format"], talk.public["policy"]["hands"]) == (
            "Hall 1",
            "lecture",
            "nobody",
        )
        assert "floor" not in talk.public
        await talk.do("channel.subscribe", channel=f"{SESSION}/captions/fr")
        await talk.until(lambda talk: talk.states[f"{SESSION}/captions/fr"]["lang"] == "fr")
        await edit(site, captions=["en"], interpreted=[])
        assert (await talk.do("channel.subscribe", channel=f"{SESSION}/captions/zh"))["code"] == "unknown_channel"
        await edit(site, cancelled=True)
        await talk.until(lambda talk: talk.public["session"]["cancelled"])
        assert (await site.post("whip", "", "publisher")).json()["code"] == "closed"
    seats = (await session(site, CHAMBER))["seats"]
    await edit(site, CHAMBER, seats=[*seats[1:], {"id": "nz", "names": {"en": "New Zealand"}}])
    links = (await site.http.get("/api/invites", headers=site.bearer("organiser", CHAMBER))).json()["invites"]
    assert {link["seat"] for link in links if "seat" in link} == {"br", "cn", "dk", "nz"}
    assert [act["act"] for act in (await call(site, "GET", "/log"))["acts"]] == [
        "session.edit",
        "session.cancel",
        "session.edit",
        "session.edit",
    ]


async def test_who_is_too_late_is_shown_how_it_is_now(site: Site) -> None:
    held = await session(site)
    mine = {"session": held | {"room": "Mine"}, "expected_version": held["version"]}
    await edit(site, room="Theirs")
    refused = await call(site, "PUT", f"/sessions/{SESSION}", 409, json=mine)
    assert (refused["code"], refused["current"]["room"], refused["current"]["version"]) == ("conflict", "Theirs", 2)
    mine["expected_version"] = 2
    assert (await call(site, "PUT", f"/sessions/{SESSION}", json=mine))["session"]["room"] == "Mine"
    both = await asyncio.gather(*(site.http.put(f"/api/programme/sessions/{SESSION}", headers=site.bearer("organiser"), json={
        "session": held | {"room": f"Hall {number}"}, "expected_version": 3}) for number in range(4)))  # fmt: skip
    assert sorted(answer.status_code for answer in both) == [200, 409, 409, 409]


async def test_what_is_wrong_is_told_where_and_nothing_changes(site: Site) -> None:
    before = await call(site, "GET", "")
    held = await session(site)
    wrong = await edit(site, status=422, ends_at=held["starts_at"], captions=["es"])
    assert {issue["field"] for issue in wrong["issues"]} == {"ends_at", "captions"}
    for body, field in (({"session": held | {"starts_at": "noon"}}, "starts_at"), ({"session": held | {"format": "party"}}, "format")):
        told = await call(site, "POST", "/sessions", 422, json=body)
        assert told["issues"][0]["field"] == field
    assert (await call(site, "POST", "/sessions", 400, content=b"{"))["code"] == "bad_request"
    assert (await call(site, "PUT", "/sessions/nowhere", 404, json={"session": held | {"id": "nowhere"}, "expected_version": 1}))[
        "code"
    ] == "not_found"
    assert (await call(site, "PUT", "/sessions/other", 422, json={"session": held, "expected_version": 1}))["code"] == "invalid"
    clash = await call(site, "POST", "/check", json={"session": held | {"id": "", "speakers": [{"name": "Ana", "role": {}}], "room": ""}})
    assert clash["issues"] == []
    now = await call(site, "GET", "")
    assert now["event"] == before["event"]


async def test_a_clash_is_a_warning_that_leads_to_both(site: Site) -> None:
    await edit(site, room="Hall 1")
    told = await edit(site, "other", room="hall 1")
    assert [(issue["code"], issue["other"], issue["field"]) for issue in told["issues"]] == [("room_clash", SESSION, "room")]
    assert {issue["session"] for issue in (await call(site, "GET", ""))["issues"]} == {SESSION, "other"}


async def test_what_has_to_wait_while_a_session_is_on_waits(site: Site) -> None:
    peer = await camera(site, "a")
    async with asyncio.TaskGroup() as group:
        film = group.create_task(filming(peer))
        await until(lambda: site.services.lives[SESSION].live)
        refused = await edit(site, status=409, cancelled=True)
        assert (refused["code"], refused["issues"][0]["field"]) == ("running", "cancelled")
        held = await session(site)
        found = await call(site, "POST", "/check", json={"session": held | {"floor": "es", "interpreted": ["zh"]}})
        assert [issue["code"] for issue in found["issues"]] == ["while_live"]
        await edit(site, titles={"en": "Still on"}, starts_at=held["starts_at"] - 1)
        film.cancel()
    await peer.close()


async def test_the_event_changes_for_everyone(site: Site) -> None:
    event = (await call(site, "GET", ""))["event"]
    body = {name: event[name] for name in ("names", "tracks")} | {"zone": "Asia/Tokyo", "starts_at": 1, "ends_at": 2, "expected_version": 0}
    told = await call(site, "PUT", "/event", json=body)
    assert {issue["code"] for issue in told["issues"]} == {"outside"}
    assert (await site.http.get("/api/event")).json()["zone"] == "Asia/Tokyo"
    assert (await call(site, "PUT", "/event", 409, json=body))["current"]["version"] == 1
    assert (await call(site, "PUT", "/event", 422, json=body | {"zone": "Here", "expected_version": 1}))["code"] == "invalid"


async def test_pages_that_ask_again_are_told_only_what_has_changed(site: Site) -> None:
    tag = (await site.http.get("/api/event")).headers["etag"]
    assert (await site.http.get("/api/event", headers={"If-None-Match": tag})).status_code == 304
    await edit(site, room="Hall 1")
    assert (await site.http.get("/api/event", headers={"If-None-Match": tag})).status_code == 200


async def test_a_file_is_looked_at_before_it_is_taken(site: Site) -> None:
    table = (await site.http.get("/api/programme/export.csv", headers=site.bearer("organiser"))).content
    same = await call(site, "POST", "/import", headers=CSV, content=table)
    assert (same["ok"], same["added"], same["changed"], same["unchanged"], same["issues"]) == (True, [], [], 3, [])
    more = table + b",Fresh,film,seminar,2026-11-28 10:00,2026-11-28 11:00,en,en,,Hall 2,Ana: Director,no\r\n"
    report = await call(site, "POST", "/import", headers=CSV, content=more)
    assert [one["id"] for one in report["added"]] == ["fresh"]
    assert len((await call(site, "GET", ""))["event"]["sessions"]) == 3
    apply = f"/import?apply=true&expected_version={report['expected_version']}"
    await call(site, "POST", apply, headers=CSV, content=more)
    assert (await session(site, "fresh"))["speakers"][0]["role"] == {"en": "Director"}
    assert "fresh" in site.services.lives
    assert (await call(site, "POST", apply, 409, headers=CSV, content=table))["code"] == "conflict"
    wrong = await call(
        site, "POST", "/import?apply=true&expected_version=1", 422, headers=CSV, content=more.replace(b"11:00,en", b"09:00,en")
    )
    assert [issue["field"] for issue in wrong["issues"]] == ["ends_at"]
    assert (await call(site, "POST", "/import", 415, content=b"x"))["code"] == "unsupported_media"
    assert (await call(site, "POST", "/import", 422, headers=CSV, content=b"\xff"))["code"] == "invalid"
    assert (await call(site, "POST", "/import", 413, headers=CSV, content=b"x" * (IMPORT_LIMIT + 1)))["code"] == "too_large"


async def test_a_programme_that_was_exported_starts_another_server(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "programme.json"
    await edit(site, room="Hall 1", titles={"en": "Film", "ar": "فيلم"})
    exported = (await site.http.get("/api/programme/export.json", headers=site.bearer("organiser"))).content
    await asyncio.to_thread(file.write_bytes, exported)
    assert msgspec.json.decode(exported, type=Event) == site.services.event
    report = await call(site, "POST", "/import", json=msgspec.json.decode(exported))
    assert (report["ok"], report["unchanged"]) == (True, 3)
    calendar = await site.http.get("/api/event.ics", params={"lang": "ar", "session": SESSION})
    assert calendar.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:فيلم\r\n" in calendar.text
    assert (await site.http.get("/api/event.ics")).text.count("BEGIN:VEVENT") == 3
    assert (await site.http.get("/api/event.ics?session=none")).status_code == 404


async def test_what_is_written_again_because_the_answer_was_lost_is_done_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    write, draft = site.services.store.write, await session(site)

    async def twice(*writes: Any) -> None:
        await write(*writes)
        await write(*writes)

    monkeypatch.setattr(site.services.store, "write", twice)
    added = await call(site, "POST", "/sessions", 201, json={"session": draft | {"id": "", "titles": {"en": "Once"}}})
    assert added["session"]["id"] == "once"
    assert [one.id for one in site.services.event.sessions] == [SESSION, "other", CHAMBER, "once"]
    assert "once" in site.services.lives


async def test_a_server_without_room_for_its_channels_takes_no_more_sessions(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = await session(site)
    monkeypatch.setattr("realtime.hub.MAX_CHANNELS", MAX_CHANNELS - site.services.hub.room + 10)
    body = {"session": draft | {"id": "one-more"}}
    assert (await call(site, "POST", "/sessions", 429, json=body))["code"] == "too_many"
    body["session"]["captions"] = ["en"]
    body["session"]["interpreted"] = []
    await call(site, "POST", "/sessions", 201, json=body)


async def test_two_processes_on_one_database_have_one_programme(tmp_path: Path) -> None:
    with redis() as bus:
        async with opened(tmp_path, bus=bus.url) as one, opened(tmp_path, bus=bus.url) as two:
            draft = (await session(one)) | {"id": "shared"}
            await call(one, "POST", "/sessions", 201, json={"session": draft})
            await until(lambda: "shared" in two.services.lives)
            assert {invite.code for invite in one.services.invites.values()} == {invite.code for invite in two.services.invites.values()}
            with bus.paused():  # neither hears of the other: the numbers of the acts decide
                both = await asyncio.gather(edit(one, room="Hall 1"), edit(two, "other", room="Hall 2"))
            assert all(answer["session"]["version"] == 2 for answer in both)
            await edit(one, "shared", room="Hall 3")
            await until(lambda: one.services.event == two.services.event)
            assert [act["number"] for act in (await call(two, "GET", "/log"))["acts"]] == [4, 3, 2, 1]
