"""Reactions: counts that only rise, and a pace for each person."""

import pytest

from sessions import reactions
from sessions.errors import TooSoon
from sessions.reactions import BURST, RATE, Reactions


def test_a_person_reacts_in_a_burst_and_then_at_a_pace() -> None:
    hall = Reactions({"heart": 3})
    for _ in range(BURST):
        hall.send("heart", "ana", 1_000)
    with pytest.raises(TooSoon):
        hall.send("heart", "ana", 1_000)
    hall.send("heart", "ben", 1_000)
    hall.send("heart", "ana", 1_000 + 1000 // RATE)
    assert hall.counts["heart"] == 3 + BURST + 2


def test_the_pace_of_the_least_recent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "PEOPLE_LIMIT", 1)
    hall = Reactions({})
    for _ in range(BURST):
        hall.send("wow", "ana", 1_000)
    hall.send("wow", "ben", 1_000)
    hall.send("wow", "ana", 1_000)
