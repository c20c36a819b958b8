"""A programme's file: formats with what is otherwise, and seats."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from server import seeding
from sessions import formats

SESSION: dict[str, Any] = {
    "id": "summit",
    "titles": {"en": "Summit"},
    "track": "film",
    "format": "summit",
    "starts_at": 0,
    "ends_at": 1,
    "floor": "en",
    "captions": ["en"],
    "speakers": [],
    "rules": {"chat": "everyone", "speech_seconds": 90},
    "seats": [{"id": "br", "names": {"en": "Brazil", "pt": "Brasil"}}],
}


def programme(folder: Path, **changes: Any) -> Path:
    event = {"id": "e", "names": {"en": "E"}, "tracks": [{"id": "film", "names": {"en": "Film"}}], "sessions": [SESSION | changes]}
    path = folder / "programme.json"
    path.write_bytes(msgspec.json.encode(event))
    return path


def test_a_session_is_of_its_format_but_for_what_is_said_otherwise(tmp_path: Path) -> None:
    [session] = seeding.from_file(programme(tmp_path)).event.sessions
    policy = formats.policy(session.format, session.rules)
    assert (policy.format, policy.summit, policy.chat, policy.speech_seconds) == ("summit", True, "everyone", 90)
    assert session.seats[0].names["pt"] == "Brasil"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "party"}, "format"),
        ({"rules": {"dancing": True}}, "dancing"),
        ({"rules": {"hands": "some"}}, "hands"),
        ({"rules": {"turn_seconds": -1}}, "turn_seconds"),
        ({"seats": SESSION["seats"] * 2}, "seats"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        seeding.from_file(programme(tmp_path, **changes))
