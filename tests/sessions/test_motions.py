"""Motions: one seat has one vote, and every seat is somewhere in the count."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sessions import motions
from sessions.errors import Closed, Conflict, Invalid, NotHere, TooMany
from sessions.motions import Choice, Motion, Motions

SEATS = ["ar", "br", "cn", "dk"]
TEXTS = {"en": "To open the archives."}


def put(*present: str, majority: motions.Majority = "simple") -> tuple[Motions, Motion]:
    held = Motions([])
    return held, held.put("m1", TEXTS, majority, list(present), len(SEATS))


@given(some.lists(some.tuples(some.sampled_from(SEATS), some.sampled_from(["yes", "no", "abstain"])), max_size=12))
def test_the_count_adds_up_whatever_is_voted(votes: list[tuple[str, Choice]]) -> None:
    held, motion = put("ar", "br", "cn")
    last: dict[str, Choice] = {}
    for seat, choice in votes:
        if seat == "dk":
            with pytest.raises(Conflict, match="absent"):
                held.vote("m1", seat, choice)
        else:
            held.vote("m1", seat, choice)
            last[seat] = choice
    count = held.close("m1").division
    assert count is not None
    assert motion.votes == last
    assert count.yes + count.no + count.abstain == len(last)
    assert count.yes + count.no + count.abstain + count.silent == count.entitled == 3
    assert count.entitled + count.absent == len(SEATS)
    assert count.adopted == (count.yes > count.no)


@pytest.mark.parametrize(("yes", "no", "adopted"), [(2, 1, True), (1, 1, False), (0, 0, False), (1, 0, True)])
def test_two_thirds_are_of_those_who_took_a_side(yes: int, no: int, adopted: bool) -> None:
    held, _ = put(*SEATS, majority="two_thirds")
    for number, seat in enumerate(SEATS):
        held.vote("m1", seat, "yes" if number < yes else "no" if number < yes + no else "abstain")
    division = held.close("m1").division
    assert division is not None
    assert division.adopted == adopted


def test_a_closed_motion_takes_no_votes_and_stays_as_it_was_counted() -> None:
    held, motion = put(*SEATS)
    held.vote("m1", "ar", "yes")
    count = held.close("m1").division
    with pytest.raises(Closed):
        held.vote("m1", "br", "no")
    with pytest.raises(Conflict):
        held.withdraw("m1")
    assert held.close("m1").division == count
    assert motion.votes == {"ar": "yes"}


def test_a_withdrawn_motion_has_no_count() -> None:
    held, motion = put(*SEATS)
    held.withdraw("m1")
    with pytest.raises(Closed):
        held.vote("m1", "ar", "yes")
    with pytest.raises(Conflict):
        held.close("m1")
    assert motion.division is None


def test_one_motion_is_open_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held, _ = put(*SEATS)
    with pytest.raises(Conflict, match="another motion"):
        held.put("m2", TEXTS, "simple", SEATS, 4)
    held.close("m1")
    assert held.put("m2", TEXTS, "simple", SEATS, 4).order == 2
    held.close("m2")
    monkeypatch.setattr(motions, "MOTIONS_LIMIT", 2)
    with pytest.raises(TooMany):
        held.put("m3", TEXTS, "simple", SEATS, 4)
    with pytest.raises(Invalid):
        Motions([]).put("m1", {}, "simple", SEATS, 4)
    with pytest.raises(NotHere):
        held.vote("m9", "ar", "yes")
