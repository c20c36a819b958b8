"""The line at the door, and how long those who were cut off stay away."""

import time

import pytest

from realtime import admission
from realtime.admission import PACE, RETURN_PACE, Turnstile, window


def test_those_at_the_front_come_in_at_once_and_the_others_one_after_the_other() -> None:
    turnstile = Turnstile(pace=100, burst=5)
    turns = [turnstile.turn() or 0.0 for _ in range(20)]
    assert turns[:5] == [0.0] * 5
    assert turns[5] > 0
    assert turns[-1] == pytest.approx(0.15, abs=0.02)
    assert turns == sorted(turns)


def test_a_line_has_an_end_and_whoever_is_refused_makes_it_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "LINE_SECONDS", 0.1)
    turnstile = Turnstile(pace=100, burst=1)
    turns = [turnstile.turn() for _ in range(1000)]
    assert 10 <= sum(turn is not None for turn in turns) <= 15
    time.sleep(0.02)
    assert turnstile.turn() is not None


def test_a_quiet_door_saves_up_no_more_than_its_burst() -> None:
    turnstile = Turnstile(pace=1000, burst=3)
    time.sleep(0.05)
    assert sum(turnstile.turn() == 0 for _ in range(10)) <= 5


@pytest.mark.parametrize(("count", "expected"), [(0, 500), (750, 500), (3000, 2000), (10_000, 6666), (10**6, 30_000)])
def test_the_window_grows_with_the_crowd_between_its_ends(count: int, expected: int) -> None:
    assert window(count) == expected


def test_those_who_keep_to_the_window_find_no_line() -> None:
    assert RETURN_PACE < PACE
