"""A word that readers have seen stays until the line ends."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from translation.stability import Agreement, erased, split

words = st.lists(st.sampled_from(["it", "was", "the", "best", "Best,", "worst", "of", "times"]), max_size=8).map(" ".join)


def test_a_word_is_shown_once_two_guesses_in_a_row_have_it() -> None:
    line = Agreement("en")
    assert [line.show(guess) for guess in ("it", "it was", "it was a", "it was the best")] == ["", "it", "it was", "it was"]


def test_a_comma_or_a_capital_that_comes_later_is_the_same_word() -> None:
    line = Agreement("en")
    line.show("it was the best of times it")
    assert line.show("It was the best of times, it was") == "It was the best of times, it"


def test_chinese_agrees_by_characters() -> None:
    line = Agreement("zh-Hans")
    line.show("电影是光")
    assert line.show("电影是艺术") == "电影是"


def test_another_line_begins_from_nothing() -> None:
    line = Agreement("en")
    line.show("it was")
    line.show("it was")
    line.end()
    assert line.show("the age") == ""


@given(st.lists(words, max_size=12))
def test_nothing_that_was_shown_goes_away(guesses: list[str]) -> None:
    line = Agreement("en")
    shown = [line.show(guess) for guess in guesses]
    for before, after in pairwise(shown):
        assert split(after, "en")[: len(split(before, "en"))] == split(before, "en")


def test_erasure_counts_what_readers_have_to_forget() -> None:
    assert erased("it was the beast", "it was the best of", "en") == 1
    assert erased("it was", "it was the", "en") == erased("", "it", "en") == 0
    assert erased("电影光", "电影是", "zh") == 1
