"""Hands in any order by anyone: nobody has two up, one guest is on the stage, and the queue loses nobody."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sessions import floor
from sessions.errors import Conflict, NotHere, RuleError, TooMany
from sessions.floor import Floor

LEGAL = {
    "lower": {("waiting", "lowered"), ("invited", "lowered"), ("accepted", "lowered")},
    "dismiss": {("waiting", "lowered"), ("invited", "lowered"), ("accepted", "lowered")},
    "invite": {("waiting", "invited")},
    "accept": {("invited", "accepted")},
    "decline": {("invited", "lowered")},
    "call": {("accepted", "on_stage"), ("on_stage", "done")},
    "leave": {("on_stage", "done")},
    "down": {("on_stage", "done")},
    "order": set(),
}
people = some.sampled_from(["ana", "ben", "cho", "dia", "eva"])


class Hall(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.floor, self.now = Floor([]), 0

    def attempt(self, act: str, deed: Callable[[], object]) -> bool:
        """Do it or have it refused; what is refused changed nothing, what is done moved by the table."""
        before, objects = deepcopy(self.floor.hands), dict(self.floor.hands)
        try:
            deed()
        except RuleError:
            assert self.floor.hands == before
            return False
        moves = {(before[id].state, hand.state) for id, hand in objects.items() if hand.state != before[id].state}
        assert moves <= LEGAL[act]
        return True

    @rule(person=people)
    def up(self, person: str) -> None:
        self.now += 1
        was = self.floor.of(person)
        hand = self.floor.raise_hand(f"h{self.now}", person, "en", self.now)
        assert hand is was if was is not None else self.floor.queue[-1] is hand

    @rule(person=people, act=some.sampled_from(["lower", "accept", "decline", "leave"]))
    def own(self, person: str, act: str) -> None:
        others = {id: deepcopy(hand) for id, hand in self.floor.hands.items() if hand.person != person}
        self.attempt(act, lambda: getattr(self.floor, act)(person))
        assert others.items() <= self.floor.hands.items()

    @rule(person=people, act=some.sampled_from(["invite", "dismiss", "call"]))
    def moderate(self, person: str, act: str) -> None:
        hand = self.floor.of(person)
        if hand is not None:
            args = (self.now,) if act == "call" else ()
            if self.attempt(act, lambda: getattr(self.floor, act)(hand.id, *args)) and act == "call":
                assert self.floor.guest is hand

    @rule()
    def down(self) -> None:
        if self.attempt("down", self.floor.down):
            assert self.floor.guest is None

    @rule(person=people, other=people | some.none())
    def order(self, person: str, other: str | None) -> None:
        hand, before = self.floor.of(person), self.floor.of(other) if other else None
        if hand is None or (other and before is None):
            return
        rest = [one for one in self.floor.queue if one is not hand]
        if self.attempt("order", lambda: self.floor.order(hand.id, before.id if before else None)) and before is not hand:
            at = rest.index(before) if before else len(rest)
            assert self.floor.queue == [*rest[:at], hand, *rest[at:]]

    @invariant()
    def everyone_has_one_hand_and_the_stage_one_guest(self) -> None:
        owners = [hand.person for hand in self.floor.hands.values()]
        assert len(owners) == len(set(owners))
        assert sum(hand.state == "on_stage" for hand in self.floor.hands.values()) <= 1
        assert all(hand.state not in ("lowered", "done") for hand in self.floor.hands.values())
        places = [hand.place for hand in self.floor.hands.values()]
        assert len(places) == len(set(places))


TestHall = Hall.TestCase
TestHall.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def hall(*people: str) -> Floor:
    floor = Floor([])
    for number, person in enumerate(people):
        floor.raise_hand(f"of-{person}", person, "en", number)
    return floor


def test_a_hand_goes_all_the_way_to_the_stage_and_down_again() -> None:
    floor = hall("ana")
    floor.invite("of-ana")
    floor.accept("ana")
    assert [hand.state for hand in floor.call("of-ana", 7)] == ["on_stage"]
    assert floor.guest is not None
    assert floor.guest.stage_at == 7
    assert floor.down().state == "done"
    assert floor.hands == {}


def test_who_is_called_takes_the_stage_from_who_was_there() -> None:
    floor = hall("ana", "ben")
    for person in ("ana", "ben"):
        floor.invite(f"of-{person}")
        floor.accept(person)
    floor.call("of-ana", 1)
    assert [(hand.person, hand.state) for hand in floor.call("of-ben", 2)] == [("ana", "done"), ("ben", "on_stage")]
    assert floor.call("of-ben", 3) == []


def test_when_hands_are_turned_off_nobody_is_left_with_one() -> None:
    floor = hall("ana", "ben")
    floor.invite("of-ana")
    floor.accept("ana")
    floor.call("of-ana", 1)
    assert [(hand.person, hand.state) for hand in floor.clear()] == [("ana", "done"), ("ben", "lowered")]
    assert floor.hands == {}


def test_only_who_accepted_can_be_called() -> None:
    floor = hall("ana")
    with pytest.raises(Conflict):
        floor.call("of-ana", 1)
    floor.invite("of-ana")
    with pytest.raises(Conflict):
        floor.call("of-ana", 1)


def test_who_has_no_hand_up_can_do_nothing_with_it() -> None:
    for act in (hall().lower, hall().accept, hall().decline, hall().leave):
        with pytest.raises(NotHere):
            act("ana")
    with pytest.raises(NotHere):
        hall().down()


def test_who_clears_the_stage_of_somebody_clears_it_of_nobody_else() -> None:
    full = hall("ana", "ben")
    for person in ("ana", "ben"):
        hand = full.of(person)
        assert hand is not None
        full.invite(hand.id)
        full.accept(person)
        full.call(hand.id, 5)
    with pytest.raises(Conflict):
        full.down("of-ana")
    assert full.down("of-ben").person == "ben"


def test_a_hall_has_a_limit_of_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "HANDS_LIMIT", 2)
    full = hall("ana", "ben")
    with pytest.raises(TooMany):
        full.raise_hand("of-cho", "cho", "en", 3)
    full.raise_hand("again", "ana", "en", 4)
