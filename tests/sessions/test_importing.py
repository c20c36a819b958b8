"""Programmes from files: what a file says is done, what it does not say stays, and what is exported comes back as it was."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sessions import importing, planning
from sessions.errors import Invalid, TooMany
from sessions.importing import Incoming, Report
from sessions.planning import Running
from sessions.programme import Event, Seat, Session, Speaker
from tests.sessions.test_issues import HOUR, event, session

ZONE = "Europe/Paris"
IDLE = Running()
TEN = "2026-11-28 10:00"


def planned(before: Event, incoming: Incoming, running: Running = IDLE) -> tuple[Event, Report]:
    change, report = importing.plan(before, incoming, lambda _: running, 7)
    return change.event, report


def table(*rows: dict[str, str]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def read(*rows: dict[str, str]) -> Incoming:
    return importing.from_csv(table(*rows), ZONE)


def test_a_table_adds_and_changes_and_leaves_the_rest() -> None:
    speakers = [Speaker(name="Ana", role={"en": "Director", "fr": "Réalisatrice"}, region="Oceania")]
    before = event(session("a", titles={"en": "A", "fr": "Un"}, speakers=speakers, rules={"chat": "staff"}), session("b"), zone=ZONE)
    rows = [
        {"id": "a", "title:en": "A new", "room": "Hall 1", "speakers": "Ana: Director; Bo\\: Lee: Sound; Cy"},
        {"title:en": "Fresh", "starts": TEN, "ends": "2026-11-28T11:00+00:00", "floor": "fr", "format": "seminar"},
    ]
    after, report = planned(before, read(*rows))
    assert report.ok
    assert [(one.id, one.fields) for one in report.changed] == [("a", ["room", "speakers", "titles"])]
    assert ([one.id for one in report.added], report.unchanged, report.kept) == (["fresh"], 0, 1)
    changed, same, added = after.sessions
    assert same == before.sessions[1]
    assert (changed.titles, changed.rules, changed.speakers[0]) == ({"en": "A new", "fr": "Un"}, {"chat": "staff"}, speakers[0])
    assert [(one.name, one.role) for one in changed.speakers[1:]] == [("Bo: Lee", {"en": "Sound"}), ("Cy", {})]
    assert (added.starts_at, added.ends_at - added.starts_at) == (importing.moment("2026-11-28T09:00Z", "UTC"), 2 * HOUR)
    assert (added.floor, added.captions, added.format, added.track) == ("fr", ["fr"], "seminar", "film")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"starts": "tomorrow"}, "starts_at"),
        ({"starts": ""}, "starts_at"),
        ({"ends": "2026-11-28 09:00"}, "ends_at"),
        ({"format": "party"}, "format"),
        ({"track": "jazz"}, "track"),
        ({"captions": "es"}, "captions"),
        ({"floor": "e"}, "floor"),
        ({"title:en": ""}, "titles"),
    ],
)
def test_what_a_row_says_wrong_is_told_where_and_nothing_is_done(row: dict[str, str], field: str) -> None:
    sound = {"id": "x", "title:en": "X", "starts": TEN, "ends": "2026-11-28 11:00", "floor": "en", "captions": "en"}
    assert planned(event(), read(sound))[1].ok
    _, report = planned(event(), read(sound | row))
    assert not report.ok
    assert ("x", field) in {(issue.session, issue.field) for issue in report.issues if issue.severity == "error"}


def test_a_file_that_is_none_is_refused_whole() -> None:
    for data in (b"", b"\xff\xfe", b"a,b\n1,2\n", b"id,starts\n", b'id\n"x'):
        with pytest.raises(Invalid):
            importing.from_csv(data, ZONE)
    for data in (b"", b"[]", b"{}", b'{"sessions": 1}', b'{"sessions": [1]}', b"[" * 5000, b'{"sessions": [], "tracks": 1}'):
        with pytest.raises(Invalid):
            importing.from_json(data)
    with pytest.raises(TooMany):
        importing.from_json(msgspec.json.encode({"sessions": [{}] * 1001}))


def test_a_table_of_semicolons_is_one_too() -> None:
    incoming = importing.from_csv(f"id;title:en;starts;ends;floor\nx;A, B;{TEN};2026-11-28 11:00;en\n".encode(), ZONE)
    after, report = planned(event(), incoming)
    assert report.ok
    assert after.sessions[0].titles == {"en": "A, B"}


def test_a_session_named_twice_or_on_air_is_not_imported() -> None:
    before = event(session("a"))
    twice = planned(before, Incoming([{"id": "a"}, {"id": "a"}], []))[1]
    assert [issue.field for issue in twice.issues] == ["id"]
    live = planned(before, Incoming([{"id": "a", "cancelled": True}], []), Running(live=True))[1]
    assert [issue.code for issue in live.issues] == ["while_live"]


def test_a_file_older_than_the_last_change_says_so_and_goes_on() -> None:
    before = event(session("a", version=3, room="Hall"))
    stale = planned(before, Incoming([{"id": "a", "version": 2, "room": ""}], []))[1]
    assert [(issue.code, issue.severity) for issue in stale.issues] == [("stale", "warning")]
    assert stale.ok
    assert planned(before, Incoming([{"id": "a", "version": 2, "room": "Hall"}], []))[1].issues == []


def test_a_document_may_bring_tracks_and_seats() -> None:
    doc = msgspec.to_builtins(session("s", format="summit", track="sound", seats=[Seat(id="br", names={"en": "Brazil"})]))
    data = msgspec.json.encode({"sessions": [doc], "tracks": [{"id": "sound", "names": {"en": "Sound"}}]})
    after, report = planned(event(), importing.from_json(data))
    assert report.ok
    assert ([track.id for track in after.tracks], after.sessions[0].seats[0].id) == (["film", "sound"], "br")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "M")), min_size=1, max_size=8)
TEXTS = st.dictionaries(st.sampled_from(["en", "fr", "ar"]), NAMES, min_size=1)
SPEAKERS = st.lists(st.builds(Speaker, name=NAMES, role=TEXTS | st.just({})), max_size=3)
SESSIONS = st.builds(
    lambda titles, speakers, room, begins, lasts, gone: session(
        "x", titles=titles, speakers=speakers, room=room, starts_at=begins, ends_at=begins + lasts, cancelled=gone, interpreted=["es"]
    ),
    TEXTS, SPEAKERS, NAMES | st.just(""), st.integers(0, 4 * 10**12), st.integers(1, HOUR), st.booleans(),
)  # fmt: skip


@given(SESSIONS)
def test_what_is_written_comes_back_as_it_was(made: Session) -> None:
    before = event(planning.tidied(made), session("other"), zone="America/St_Johns", version=3)
    for incoming in (importing.from_json(msgspec.json.encode(before)), importing.from_csv(table(*importing.rows(before)), "UTC")):
        after, report = planned(before, incoming)
        assert (after, report.unchanged, report.issues) == (before, 2, [])
        alone, again = planned(structs.replace(before, sessions=[]), incoming)
        assert again.ok, again.issues
        assert [one.titles for one in alone.sessions] == [one.titles for one in before.sessions]
        assert [[one.name for one in session.speakers] for session in alone.sessions] == [
            [one.name for one in session.speakers] for session in before.sessions
        ]
