"""Polls: who may choose what and when, and counts that never drift."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sessions.errors import Closed, Conflict, Invalid, NotHere, RuleError
from sessions.polls import Poll, Polls
from tests.sessions.making import poll


def counts(item: Poll) -> dict[str, int]:
    return {option: count for option, count in item.counts.items() if count}


def test_a_ballot_counts_for_what_it_chose() -> None:
    polls = Polls([poll(kind="multiple", max_choices=2)])
    polls.vote("p1", "ana", ["a", "c"])
    item = polls.vote("p1", "ben", ["a"])
    assert counts(item) == {"a": 2, "c": 1}
    assert len(item.ballots) == 2


def test_a_second_ballot_replaces_the_first() -> None:
    polls = Polls([poll()])
    polls.vote("p1", "ana", ["a"])
    item = polls.vote("p1", "ana", ["b"])
    assert counts(item) == {"b": 1}
    assert item.ballots == {"ana": ["b"]}


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ([], "choose 1 to 2"),
        (["a", "b", "c"], "choose 1 to 2"),
        (["a", "a"], "each once"),
        (["x"], "of this poll"),
        (["a", "x"], "of this poll"),
    ],
)
def test_a_wrong_ballot_is_refused_and_the_one_before_stays(choices: list[str], why: str) -> None:
    polls = Polls([poll(kind="multiple", max_choices=2)])
    polls.vote("p1", "ana", ["a", "b"])
    with pytest.raises(Invalid, match=why):
        polls.vote("p1", "ana", choices)
    item = polls.find("p1")
    assert (counts(item), item.ballots, item.version) == ({"a": 1, "b": 1}, {"ana": ["a", "b"]}, 1)


def test_a_single_choice_is_one_whatever_the_poll_says_of_more() -> None:
    polls = Polls([poll(max_choices=3)])
    with pytest.raises(Invalid, match="choose 1 to 1"):
        polls.vote("p1", "ana", ["a", "b"])


@pytest.mark.parametrize("state", ["draft", "closed", "published"])
def test_a_poll_takes_ballots_only_while_it_is_open(state: str) -> None:
    polls = Polls([poll(state=state)])
    with pytest.raises(Closed, match=state):
        polls.vote("p1", "ana", ["a"])
    assert polls.find("p1").ballots == {}


@pytest.mark.parametrize(
    ("state", "open_", "close", "reveal"),
    [
        ("draft", "open", None, None),
        ("open", "open", "closed", None),
        ("closed", "open", "closed", "published"),
        ("published", None, None, "published"),
    ],
)
def test_a_poll_goes_its_way_and_saying_it_twice_is_no_error(state: str, open_: str | None, close: str | None, reveal: str | None) -> None:
    for name, wanted in (("open", open_), ("close", close), ("reveal", reveal)):
        polls = Polls([poll(state=state)])
        move: Callable[[str], Poll] = getattr(polls, name)
        if wanted is None:
            with pytest.raises(Conflict, match=state):
                move("p1")
            assert polls.find("p1").state == state
        else:
            assert move("p1").state == wanted


def test_ballots_stay_when_a_poll_opens_again() -> None:
    polls = Polls([poll()])
    polls.vote("p1", "ana", ["a"])
    polls.close("p1")
    polls.open("p1")
    assert counts(polls.vote("p1", "ben", ["b"])) == {"a": 1, "b": 1}


def test_counts_start_from_the_ballots() -> None:
    item = poll(kind="multiple", max_choices=2, ballots={"ana": ["a", "b"], "ben": ["b"]}, counts=Counter({"c": 99}))
    Polls([item])
    assert (counts(item), item.version) == ({"a": 1, "b": 2}, 2)


def test_there_is_no_such_poll() -> None:
    with pytest.raises(NotHere):
        Polls([]).vote("p1", "ana", ["a"])


ballots = some.tuples(some.sampled_from("vwxyz"), some.lists(some.sampled_from("abcd?"), max_size=4))


@given(steps=some.lists(ballots | some.sampled_from(["open", "close"]), max_size=60), kind=some.sampled_from(["single", "multiple"]))
@settings(deadline=None, max_examples=150)
def test_counts_never_drift_from_the_ballots(steps: list[tuple[str, list[str]] | str], kind: str) -> None:
    polls = Polls([poll(options="abcd", kind=kind, max_choices=3)])
    item = polls.find("p1")
    wanted: dict[str, list[str]] = {}
    for step in steps:
        version = item.version
        if isinstance(step, str):
            getattr(polls, step)("p1")
            continue
        person, choices = step
        try:
            polls.vote("p1", person, choices)
        except RuleError:
            assert item.version == version
        else:
            wanted[person] = choices
            assert item.version > version
        assert item.ballots == wanted
        assert counts(item) == Counter(choice for ballot in wanted.values() for choice in ballot)
