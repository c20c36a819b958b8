"""Each kind of poll: which ballots it takes, and that its running tally is what a recount says."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sessions.errors import Invalid, RuleError
from sessions.forms import checked
from sessions.kinds import FAMILIES, count
from sessions.kinds.form import Form, Kind, Result, chosen
from sessions.kinds.quiz import score
from sessions.kinds.scale import NUMBER_LIMIT
from sessions.kinds.words import key, suspect
from sessions.polls import Polls
from tests.sessions.making import form, poll

FORMS: dict[str, Form] = {
    "single": form("single"),
    "multiple": form("multiple", rules={"min_choices": 1, "max_choices": 2}),
    "image": form("image", rules={"max_choices": 2}),
    "yesno": checked(form("yesno")),
    "rating": form("rating"),
    "scale": form("scale", rules={"low": -2, "high": 2}),
    "numeric": form("numeric", rules={"low": -7, "high": 1_000}),
    "ranking": form("ranking", rules={"max_choices": 3}),
    "words": form("words", rules={"max_choices": 3}),
    "text": form("text"),
    "quiz": form("quiz", rules={"seconds": 20, "correct": ["b"]}),
    "point": form("point", rules={"image": "/map.jpg"}),
    "budget": form("budget", rules={"budget": 10}),
}

anything = (
    some.lists(some.sampled_from(["a", "b", "c", "x", "yes", "no", "Cinéma", "CINÉMA", "سينما", "سِينَما", "www.x.com"]), max_size=4)
    | some.integers(-10, 1_010)
    | some.sampled_from(["An answer.", " an ANSWER. ", "", "Другое"])
    | some.dictionaries(some.sampled_from(["a", "b", "c", "x", "y"]), some.integers(-1, 1_001), max_size=3)
    | some.fixed_dictionaries({"x": some.integers(0, 1_000), "y": some.integers(0, 1_000)})
)


def test_there_is_a_family_for_every_kind() -> None:
    assert set(FAMILIES) == set(get_args(Kind)) == set(FORMS)


@pytest.mark.parametrize("kind", FORMS)
def test_the_forms_of_these_tests_are_forms_that_polls_take(kind: str) -> None:
    assert checked(FORMS[kind]) == FORMS[kind]


@pytest.mark.parametrize("kind", FORMS)
@given(votes=some.lists(some.tuples(some.sampled_from("vwxyz"), anything), max_size=40))
@settings(deadline=None, max_examples=60)
def test_a_running_tally_is_what_a_recount_says(kind: str, votes: list[tuple[str, Any]]) -> None:
    polls = Polls([poll(kind=kind)])
    item = polls.find("p1")
    item.form = FORMS[kind]
    item.tally = count(item.form, [])
    for person, ballot in votes:
        try:
            polls.vote("p1", person, ballot, 5_000)
        except RuleError:
            continue
        assert item.tally.result() == count(item.form, list(item.ballots.values())).result()


def result(kind: str, *ballots: Any) -> Result:
    """Of these ballots, each checked as if it took its voter 5 s."""
    return count(FORMS[kind], [FAMILIES[kind].check(FORMS[kind], ballot, 5_000) for ballot in ballots]).result()


@pytest.mark.parametrize(("least", "most", "said"), [(1, 1, "1 option"), (2, 2, "2 options"), (1, 3, "1 to 3 options")])
def test_how_many_to_choose_is_said_as_people_say_it(least: int, most: int, said: str) -> None:
    with pytest.raises(Invalid, match=f"^choose {said}$"):
        chosen(form("multiple"), [], least, most)


def test_a_number_out_of_all_bounds_is_said_to_be_that() -> None:
    for rules in ({"high": NUMBER_LIMIT + 1}, {"low": -NUMBER_LIMIT - 1}):
        with pytest.raises(Invalid, match="the bounds are from -1000000000 to 1000000000"):
            FAMILIES["numeric"].form(form("numeric", rules=rules))


def test_choices_are_counted_by_option() -> None:
    assert result("multiple", ["a", "c"], ["a"]).counts == {"a": 2, "b": 0, "c": 1}
    assert result("yesno", ["yes"], ["abstain"], ["yes"]).counts == {"yes": 2, "no": 0, "abstain": 1}


def test_the_first_of_n_gets_n_points_and_one_left_out_none() -> None:
    assert result("ranking", ["c", "a", "b"], ["c"]).counts == {"a": 2, "b": 1, "c": 6}


def test_numbers_have_a_mean_a_median_and_a_bar_each() -> None:
    told = result("rating", 5, 4, 4, 1)
    assert told.counts == {"1": 1, "2": 0, "3": 0, "4": 2, "5": 1}
    assert (told.mean, told.median) == (3.5, 4.0)
    assert result("rating").mean is None
    assert result("scale", -2, 2).median == 0


@given(numbers=some.lists(some.integers(-7, 1_000), min_size=1))
def test_a_wide_range_is_told_in_ten_bars_that_hold_every_number(numbers: list[int]) -> None:
    counts = result("numeric", *numbers).counts
    assert len(counts) == 10
    for bar, told in counts.items():
        low, high = map(int, bar.split(".."))
        assert told == sum(low <= number <= high for number in numbers)
    assert sum(counts.values()) == len(numbers)


@pytest.mark.parametrize(
    "ways",
    [
        ("Cinema", "CINEMA", "  cinema!", "ＣＩＮＥＭＡ"),
        ("Straße", "STRASSE"),
        ("سينما", "سِينَما", "سينمـــا"),
        ("カメラ", "ｶﾒﾗ"),
        ("Ёлка", "ёлка"),
        ("ΌΣΚΑΡ", "όσκαρ"),
        ("film noir", "Film  Noir"),
    ],
)
def test_a_word_is_the_same_however_it_is_written(ways: tuple[str, ...]) -> None:
    told = result("words", *([way] for way in ways), [ways[0]])
    assert list(told.counts.values()) == [len(ways) + 1]
    assert list(told.texts.values()) == [ways[0].strip()]


def test_words_that_differ_are_different() -> None:
    assert len({key(word) for word in ("cinema", "cinéma", "سينما", "电影", "film", "!", "?")}) == 7


def test_a_voter_counts_once_for_a_word_they_say_twice() -> None:
    assert result("words", ["cinema", "CINEMA", "film"]).counts == {"cinema": 1, "film": 1}


@pytest.mark.parametrize("word", ["https://x", "WWW.spam.de", "shop.com", "@me", "call 0800 123 45 67", "ｗｗｗ．ｓ", "s。com", "＠me"])
def test_what_looks_like_an_advertisement_is_held(word: str) -> None:
    assert suspect(word)
    assert result("words", [word]).held


@pytest.mark.parametrize("word", ["cinema", "2026", "No. 5", "a.b", "50%", "电影"])
def test_what_does_not_is_shown(word: str) -> None:
    assert not suspect(word)


def test_new_words_can_all_be_held_first() -> None:
    held = form("words", rules={"held_first": True})
    assert count(held, [["cinema"]]).result().held == {"cinema": True}


def test_answers_that_say_the_same_are_one() -> None:
    told = result("text", "More light!", "more  light", "Less noise.")
    assert sorted(told.counts.values()) == [1, 2]


def test_a_quick_right_answer_is_worth_more() -> None:
    quiz = FORMS["quiz"]
    assert [score(quiz, {"b": ms}) for ms in (0, 5_000, 20_000, 99_000)] == [1000, 875, 500, 500]
    assert score(quiz, {"a": 0}) == score(quiz, {"a": 0, "b": 0}) == 0
    assert FAMILIES["quiz"].check(quiz, ["b"], 5_000) == {"b": 5_000}


def test_points_are_counted_by_cell() -> None:
    assert result("point", {"x": 0, "y": 0}, {"x": 49, "y": 49}, {"x": 1_000, "y": 50}).counts == {"0.0": 2, "19.1": 1}
    for wrong in ({"x": 1}, {"x": 1, "y": 1_001}, {"x": 1, "y": -1}, {"x": 1, "y": 2, "z": 3}):
        with pytest.raises(Invalid):
            result("point", wrong)


def test_a_budget_is_given_away_and_no_more() -> None:
    assert result("budget", {"a": 7, "b": 3}, {"c": 1}).counts == {"a": 7, "b": 3, "c": 1}
    for wrong in ({}, {"a": 0}, {"a": 11}, {"a": 6, "b": 5}, {"a": -1}, {"x": 1}):
        with pytest.raises(Invalid):
            result("budget", wrong)
