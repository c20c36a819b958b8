"""The programme in people's calendars: lines as RFC 5545 has them, and every text as it was."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sessions.calendar import LINE, calendar
from sessions.programme import Speaker
from tests.sessions.test_issues import HOUR, event, session

NOW = 1_800_000_000_000


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    lines = text.split("\r\n")[:-1]
    assert all("\n" not in line and len(line.encode()) <= LINE for line in lines)
    return "\n".join(lines).replace("\n ", "").split("\n")


def values(lines: list[str], name: str) -> list[str]:
    found = [line.split(":", 1)[1] for line in lines if line.startswith(f"{name}:")]
    return [re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], value) for value in found]


def test_a_session_is_told_in_the_readers_language_with_its_place_people_and_state() -> None:
    one = session(
        titles={"en": "Film; capital, and more", "fr": "Film"}, speakers=[Speaker(name="Ana", role={"en": "Director"})], room="Hall 1"
    )
    gone = session("two", cancelled=True, version=4, starts_at=24 * HOUR, ends_at=25 * HOUR)
    lines = unfolded(calendar(event(one, gone), [one, gone], "en", "https://example.org", NOW))
    assert (lines[0], lines[-1], lines.count("BEGIN:VEVENT"), lines.count("END:VEVENT")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 2, 2)
    assert values(lines, "SUMMARY") == ["Film; capital, and more", "One"]
    assert "SUMMARY:Film\\; capital\\, and more" in lines
    assert values(lines, "DTSTART") == ["19700101T100000Z", "19700102T000000Z"]
    assert (values(lines, "STATUS"), values(lines, "SEQUENCE")) == (["CONFIRMED", "CANCELLED"], ["1", "4"])
    assert (values(lines, "LOCATION"), values(lines, "DESCRIPTION")) == (["Hall 1"], ["Ana: Director"])
    assert values(lines, "UID") == ["one.e@marquee", "two.e@marquee"]
    assert values(lines, "URL")[0] == "https://example.org/s/one"
    assert values(unfolded(calendar(event(one), [one], "fr-CA", "", NOW)), "SUMMARY") == ["Film"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=120))
def test_every_text_survives(title: str) -> None:
    one = session(titles={"en": title})
    assert values(unfolded(calendar(event(one), [one], "en", "", NOW)), "SUMMARY") == [title]
