"""Acts on the programme: what they make of it, what is logged, and what has to wait while a session is on."""

from typing import Any

import pytest
from msgspec import structs

from sessions import planning
from sessions.errors import Conflict, Faulty, Invalid, NotHere, TooMany
from sessions.planning import Running
from sessions.programme import SESSIONS_LIMIT, Seat, Track
from tests.sessions.test_issues import HOUR, event, session, speaker

IDLE = Running()


def test_a_session_is_added_with_an_id_of_its_title() -> None:
    change = planning.put(event(session("the-one")), session("", titles={"en": " The  Óne! "}), None, IDLE, 7)
    [added] = change.sessions
    assert (added.id, added.version, added.titles) == ("the-one-2", 1, {"en": "The  Óne!"})
    [act] = change.acts
    assert (act.number, act.at, act.act, act.session, act.before) == (1, 7, "session.add", "the-one-2", {})
    assert act.after["titles"] == added.titles
    assert change.event.version == 1
    assert planning.put(event(), session("", titles={"zh": "电影"}), None, IDLE, 7).sessions[0].id == "session"


def test_a_change_is_logged_with_what_was_before_and_only_that() -> None:
    change = planning.put(event(session(), version=4), session(room="Hall", titles={"en": "Two"}), 1, IDLE, 7)
    [act] = change.acts
    assert (act.number, act.act) == (5, "session.edit")
    assert (act.before, act.after) == ({"titles": {"en": "One"}, "room": ""}, {"titles": {"en": "Two"}, "room": "Hall"})
    assert change.event.sessions[0].version == 2
    assert planning.put(event(session(), version=4), session(), 1, IDLE, 7).acts == []


def test_a_cancelled_session_stays_and_comes_back() -> None:
    gone = planning.put(event(session()), session(cancelled=True), 1, IDLE, 7)
    assert gone.acts[0].act == "session.cancel"
    back = planning.put(gone.event, session(), 2, IDLE, 8)
    assert (back.acts[0].act, back.acts[0].number, back.event.sessions[0].cancelled) == ("session.restore", 2, False)


def test_who_saw_another_version_changes_nothing() -> None:
    with pytest.raises(Conflict):
        planning.put(event(session(version=3)), session(room="Hall"), 2, IDLE, 7)
    with pytest.raises(NotHere):
        planning.put(event(), session(), 1, IDLE, 7)
    with pytest.raises(Faulty):
        planning.put(event(session()), session(), None, IDLE, 7)


def test_a_programme_takes_no_more_than_its_limit() -> None:
    full = event(*(session(f"s{number}") for number in range(SESSIONS_LIMIT)))
    with pytest.raises(TooMany):
        planning.put(full, session("more"), None, IDLE, 7)


SEATED = [Seat(id="br", names={"en": "Brazil"}), Seat(id="dk", names={"en": "Denmark"})]
LIVE = Running(live=True)
BEFORE = session(interpreted=["es", "zh"], seats=SEATED, floor="en")


@pytest.mark.parametrize(
    ("running", "changes", "field"),
    [
        (LIVE, {"titles": {"en": "Two"}, "room": "Hall", "starts_at": 9 * HOUR, "speakers": [speaker("Ana")]}, None),
        (LIVE, {"captions": ["en", "es", "fr"], "interpreted": ["es", "zh", "fr"]}, None),
        (LIVE, {"captions": ["en"]}, "captions"),
        (LIVE, {"floor": "fr", "captions": ["en", "es", "fr"]}, "floor"),
        (LIVE, {"cancelled": True}, "cancelled"),
        (LIVE, {"format": "seminar"}, "format"),
        (LIVE, {"rules": {"hands": "nobody"}}, "format"),
        (LIVE, {"interpreted": []}, None),
        (Running(booths=frozenset({"zh"})), {"interpreted": ["es"]}, "interpreted"),
        (Running(booths=frozenset({"zh"})), {"interpreted": ["zh"]}, None),
        (Running(busy=True), {"format": "seminar"}, "format"),
        (Running(busy=True), {"captions": ["en"], "cancelled": True}, None),
        (Running(seated=frozenset({"br"})), {"seats": SEATED[1:]}, "seats"),
        (Running(seated=frozenset({"br"})), {"seats": SEATED[:1]}, None),
        (IDLE, {"floor": "fr", "captions": ["fr"], "interpreted": [], "format": "seminar", "seats": []}, None),
    ],
)
def test_what_may_change_while_a_session_is_on(running: Running, changes: dict[str, Any], field: str | None) -> None:
    found = planning.forbidden(BEFORE, structs.replace(BEFORE, **changes), running)
    assert [issue.field for issue in found] == ([field] if field else [])


def test_what_waits_for_a_session_to_end_has_a_code_of_its_own() -> None:
    with pytest.raises(Faulty) as refused:
        planning.put(event(session()), session(cancelled=True), 1, LIVE, 7)
    assert refused.value.code == "running"


def test_the_event_changes_as_a_whole() -> None:
    before = event(session(), version=2)
    tracks = [*before.tracks, Track(id="sound", names={"en": " Sound "})]
    change = planning.set_event(before, structs.replace(before, zone="Asia/Kathmandu", starts_at=0, ends_at=HOUR, tracks=tracks), 2, 7)
    assert (change.event.zone, change.event.tracks[1].names, change.event.version) == ("Asia/Kathmandu", {"en": "Sound"}, 3)
    assert set(change.acts[0].after) == {"zone", "starts_at", "ends_at", "tracks"}
    with pytest.raises(Conflict):
        planning.set_event(change.event, before, 2, 8)
    assert planning.set_event(before, before, 2, 7).acts == []


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
        {"zone": ""},
        {"names": {}},
        {"names": {"en": " "}},
        {"tracks": []},
        {"tracks": [Track(id="sound", names={"en": "Sound"})]},
        {"tracks": [Track(id="film", names={"en": "Film"})] * 2},
        {"tracks": [Track(id="film", names={"en": "Film"}), Track(id="a b", names={"en": "A"})]},
        {"starts_at": 2, "ends_at": 1},
        {"starts_at": -1},
    ],
)
def test_an_event_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    before = event(session())
    with pytest.raises(Invalid):
        planning.set_event(before, structs.replace(before, **changes), 0, 7)
