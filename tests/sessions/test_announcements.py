"""Announcements: what is out is what the times and the clock say, whatever was done in whatever order."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sessions import announcements
from sessions.announcements import Announcements
from sessions.errors import Conflict, Invalid, NotHere, RuleError, TooLong, TooMany

TIMES = {("scheduled", "published"), ("published", "expired"), ("scheduled", "expired")}


class Board(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def open(self) -> None:
        self.board, self.now, self.read = Announcements([]), 1_000, set[tuple[str, str]]()

    def attempt(self, deed: Callable[[], object]) -> bool:
        before = deepcopy(self.board.items)
        try:
            deed()
        except RuleError:
            assert self.board.items == before
            return False
        return True

    def states(self) -> dict[str, str]:
        return {id: item.state(self.now) for id, item in self.board.items.items()}

    @rule(target=ids, wait=some.none() | some.integers(-5, 50), lasts=some.none() | some.integers(-5, 50))
    def compose(self, wait: int | None, lasts: int | None) -> str:
        id = f"a{len(self.board.items)}"
        publish = None if wait is None else self.now + wait
        expires = None if lasts is None else max(publish or 0, self.now) + lasts
        done = self.attempt(
            lambda: self.board.compose(id, "org", {"en": "Lunch."}, self.now, publish_at=publish, expires_at=expires),
        )
        assert done == (lasts is None or lasts > 0)
        return id

    @rule(id=ids)
    def withdraw(self, id: str) -> None:
        before = self.states()
        if self.attempt(lambda: self.board.withdraw(id, self.now)):
            assert before[id] != "expired"
            assert self.states() == before | {id: "withdrawn"}

    @rule(id=ids, person=some.sampled_from(["ana", "ben"]))
    def acknowledge(self, id: str, person: str) -> None:
        state = self.states().get(id)
        if self.attempt(lambda: self.board.acknowledge(id, person, self.now)):
            assert state == "published"
            self.read.add((id, person))

    @rule(ms=some.integers(1, 40))
    def the_clock_goes_on(self, ms: int) -> None:
        before, due = self.states(), self.board.next_change(self.now)
        self.now += ms
        moved = {(before[id], state) for id, state in self.states().items() if state != before[id]}
        assert moved <= TIMES
        assert bool(moved) == (due is not None and due <= self.now)

    @invariant()
    def each_person_counts_once_where_they_read(self) -> None:
        assert {(id, person) for id, item in self.board.items.items() for person in item.acknowledged} == self.read


TestBoard = Board.TestCase
TestBoard.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def test_the_machine_never_replaces_what_a_person_wrote() -> None:
    board = Announcements([])
    item = board.compose("a", "org", {"en": "Lunch.", "fr": "Déjeuner."}, 1)
    assert (item.lang, item.translated("fr", "Le repas.", "Lunch."), item.translations) == ("en", False, {})
    assert item.translated("es", "Almuerzo.", "Lunch.")
    assert not item.translated("zh", "午餐。", "Dinner.")
    assert item.translations == {"es": "Almuerzo."}


def test_what_makes_no_announcement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Announcements([])
    for texts, error in (
        ({}, Invalid),
        ({"en": " "}, Invalid),
        ({"??": "x"}, Invalid),
        ({"en": "x", "EN": "y"}, Invalid),
        ({"en": "é" * 401}, TooLong),
    ):
        with pytest.raises(error):
            board.compose("a", "org", texts, 1)
    with pytest.raises(Invalid):
        board.compose("a", "org", {"en": "Late."}, 1, publish_at=announcements.HORIZON + 2)
    monkeypatch.setattr(announcements, "ANNOUNCEMENTS_LIMIT", 1)
    board.compose("a", "org", {"en": "Lunch."}, 1)
    with pytest.raises(TooMany):
        board.compose("b", "org", {"en": "Dinner."}, 1)


def test_nobody_acknowledges_what_is_not_out() -> None:
    board = Announcements([])
    board.compose("a", "org", {"en": "Soon."}, 1, publish_at=10, expires_at=20)
    for now in (1, 20):
        with pytest.raises(NotHere):
            board.acknowledge("a", "ana", now)
    with pytest.raises(Conflict):
        board.withdraw("a", 20)
