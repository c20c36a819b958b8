"""What is wrong with a programme's sessions, and what is in the way of what: tables, and a clash found as by looking at every pair."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sessions import issues
from sessions.errors import Faulty
from sessions.formats import SEATS_LIMIT
from sessions.programme import Event, Seat, Session, Speaker, Track

HOUR = 3_600_000


def session(id: str = "one", **others: Any) -> Session:
    given = {
        "titles": {"en": "One"},
        "track": "film",
        "format": "forum",
        "starts_at": 10 * HOUR,
        "ends_at": 11 * HOUR,
        "floor": "en",
        "captions": ["en", "es"],
        "speakers": [],
    }
    return Session(id=id, **(given | others))


def event(*sessions: Session, **others: Any) -> Event:
    return Event(id="e", names={"en": "E"}, tracks=[Track(id="film", names={"en": "Film"})], sessions=list(sessions), **others)


def speaker(name: str) -> Speaker:
    return Speaker(name=name, role={})


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"titles": {}}, "empty", "titles"),
    ({"titles": {"en": " "}}, "empty", "titles.en"),
    ({"titles": {"en": "x" * 201}}, "too_long", "titles.en"),
    ({"titles": {"en": "a" + "\u0301" * 12}}, "bad_text", "titles.en"),
    ({"titles": {"EN": "One"}}, "language", "titles"),
    ({"track": "jazz"}, "no_track", "track"),
    ({"ends_at": 10 * HOUR}, "ends_before", "ends_at"),
    ({"starts_at": -1}, "no_time", "starts_at"),
    ({"ends_at": 10**15}, "no_time", "starts_at"),
    ({"floor": "e"}, "language", "floor"),
    ({"captions": ["es"]}, "no_floor", "captions"),
    ({"captions": ["en", "en"]}, "twice", "captions"),
    ({"interpreted": ["en"]}, "floor_booth", "interpreted"),
    ({"interpreted": [f"a{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(33)]}, "too_many", "interpreted"),
    ({"speakers": [speaker("")]}, "empty", "speakers.0.name"),
    ({"speakers": [Speaker(name="Ana", role={"en": ""})]}, "empty", "speakers.0.role.en"),
    ({"speakers": [speaker(f"S{n}") for n in range(101)]}, "too_many", "speakers"),
    ({"room": "x" * 201}, "too_long", "room"),
    ({"rules": {"dancing": True}}, "rules", "rules"),
    ({"seats": [Seat(id="br", names={"en": "B"})] * 2}, "twice", "seats"),
    ({"seats": [Seat(id="b r", names={"en": "B"})]}, "bad_id", "seats.0.id"),
    ({"seats": [Seat(id=f"s{n}", names={"en": "B"}) for n in range(SEATS_LIMIT + 1)]}, "too_many", "seats"),
]


@pytest.mark.parametrize(("changes", "code", "field"), WRONG)
def test_what_is_wrong_is_told_where_it_is_mended(changes: dict[str, Any], code: str, field: str) -> None:
    found = issues.of_session(event(), session(**changes))
    assert (code, field) in {(issue.code, issue.field) for issue in found if issue.severity == "error"}
    with pytest.raises(Faulty) as refused:
        issues.refuse(found)
    assert refused.value.code == "invalid"


def test_a_sound_session_has_no_issue() -> None:
    assert issues.of_session(event(), session(speakers=[Speaker(name="Ana", role={"en": "Director"})], room="Hall 1")) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ends_at": 23 * HOUR}, "long"),
        ({"starts_at": 7 * HOUR}, "outside"),
        ({"ends_at": 13 * HOUR}, "outside"),
        ({"speakers": [speaker("ANA  Ｎogués")]}, "speaker_clash"),
        ({"room": "hall 1"}, "room_clash"),
    ],
)
def test_what_may_be_meant_is_a_warning(changes: dict[str, Any], code: str) -> None:
    other = session("other", starts_at=10 * HOUR + 1, ends_at=12 * HOUR, speakers=[speaker("Ana Nogués")], room="Hall 1")
    programme = event(other, starts_at=8 * HOUR, ends_at=12 * HOUR)
    found = issues.of_session(programme, session(**changes))
    assert code in {issue.code for issue in found}
    assert {issue.severity for issue in found} == {"warning"}
    issues.refuse(found)
    gone = issues.of_session(event(structs.replace(other, cancelled=True)), session(**changes))
    assert not {issue.code for issue in gone} & {"speaker_clash", "room_clash"}


def test_an_id_is_of_one_session_and_fits_into_an_address() -> None:
    programme = event(session())
    assert [issue.code for issue in issues.id_errors(programme, session())] == ["bad_id"]
    assert [issue.code for issue in issues.id_errors(programme, session("a/b"))] == ["bad_id"]
    assert list(issues.id_errors(programme, session("a-b"))) == []


def test_a_hall_that_everything_is_in_is_told_up_to_the_limit() -> None:
    found = issues.of(event(*(session(f"s{number}", room="Hall") for number in range(300))))
    assert len(found) == issues.ISSUES_LIMIT


PEOPLE = st.lists(st.sampled_from(["Ana", "Bo", "Cy"]), max_size=2, unique=True)
PLANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), PEOPLE, st.sampled_from(["", "Hall", "hall "]), st.booleans()), max_size=7)


@given(PLANS)
def test_clashes_are_those_of_every_pair(plans: list[tuple[int, int, list[str], str, bool]]) -> None:
    made = [
        session(
            f"s{number}", starts_at=begins * HOUR, ends_at=(begins + lasts) * HOUR, room=room, cancelled=gone, speakers=[*map(speaker, who)]
        )
        for number, (begins, lasts, who, room, gone) in enumerate(plans)
    ]
    found = {(issue.code, issue.session, issue.other, issues.fold(issue.name)) for issue in issues.clashes(made)}
    wanted = set()
    for one in made:
        for other in made:
            if one is other or one.cancelled or other.cancelled or one.ends_at <= other.starts_at or other.ends_at <= one.starts_at:
                continue
            wanted |= {("speaker_clash", one.id, other.id, issues.fold(who.name)) for who in one.speakers if who in other.speakers}
            if one.room and other.room:
                wanted.add(("room_clash", one.id, other.id, "hall"))
    assert found == wanted
    for one in made:
        assert {issue for issue in issues.clashes(made) if issue.session == one.id} == set(issues.clashes(made, one.id))
