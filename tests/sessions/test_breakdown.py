"""Results by group: what is small stays unknown, also to who subtracts."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sessions.breakdown import LEAST, Cells, Row, rows, sizes, told, withheld
from sessions.errors import Invalid
from tests.sessions.making import form


def crowd(**groups: dict[str, int]) -> list[tuple[str | None, Any]]:
    """Voters by group and option; a group called `nobody` said nothing of themselves."""
    return [
        (None if group == "nobody" else group, [option])
        for group, counts in groups.items()
        for option, count in counts.items()
        for _ in range(count)
    ]


def test_great_groups_are_told_whole() -> None:
    told = rows(form(), crowd(Asia={"a": 9, "b": 6, "c": 5}, Africa={"a": 5, "b": 8, "c": 7}))
    assert told == [Row("Africa", 20, {"a": 5, "b": 8, "c": 7}), Row("Asia", 20, {"a": 9, "b": 6, "c": 5})]


def test_a_small_group_is_not_even_named() -> None:
    told = rows(form(), crowd(Asia={"a": 9, "b": 6, "c": 5}, Tuvalu={"a": 4}, nobody={"a": 5, "b": 5, "c": 5}))
    assert [row.group for row in told] == ["Asia", None]
    assert told[-1].voters == 19


def test_small_groups_that_are_few_together_take_another_along() -> None:
    assert told(Counter(Asia=40, Africa=9, Tuvalu=2, Nauru=2)) == {"Asia": 40, "Africa": None, "Tuvalu": None, "Nauru": None}
    assert told(Counter(Asia=40, Tuvalu=3, Nauru=3)) == {"Asia": 40, "Tuvalu": None, "Nauru": None}
    assert told(Counter(Tuvalu=2, Nauru=2)) == {"Tuvalu": None, "Nauru": None}


def test_sizes_alone_are_told_by_the_same_rule_and_whole_to_who_may_know() -> None:
    said = {"": 20, "Asia": 9, "asia": 3, "Africa": 7, "Tuvalu": 4}
    assert sizes(said) == {"Asia": 12, "Africa": 7}
    assert sizes(said, exact=True) == {"Asia": 12, "Africa": 7, "Tuvalu": 4}
    assert sizes({"Asia": 9, "Africa": 7, "Tuvalu": 2}) == {"Asia": 9}, "two others would be known by subtraction"
    assert sizes({"": 3, "Tuvalu": 4}) == sizes({}) == {}
    assert sizes({"Tuvalu": 4, "Nauru": 4}) == {}


def test_a_group_is_the_same_however_it_is_written() -> None:
    told = rows(form(), [*crowd(Asia={"a": 5}), *crowd(ASIA={"a": 1}), *crowd(asia={"a": 3})])
    assert [(row.group, row.voters) for row in told] == [("Asia", 9)]


def test_a_small_cell_takes_others_along_so_that_no_sum_gives_it_away() -> None:
    told = withheld({"Asia": {"a": 9, "b": 1, "c": 20}, "Africa": {"a": 10, "b": 30, "c": 40}, "Europe": {"a": 50, "b": 60, "c": 70}})
    assert told["Asia"] == {"a": None, "b": None, "c": 20}
    assert told["Africa"] == {"a": None, "b": None, "c": 40}
    assert told["Europe"] == {"a": 50, "b": 60, "c": 70}


def test_a_group_of_one_mind_is_not_shown_to_be() -> None:
    (asia, _) = rows(form(), crowd(Asia={"a": 12}, nobody={"a": 5, "b": 5, "c": 6}))[::-1]
    assert None in asia.counts.values()
    (told, _) = rows(form(), crowd(Asia={"a": 20}, nobody={"a": 5, "b": 5, "c": 6}))
    assert set(told.counts.values()) == {None}


def test_ratings_are_told_by_step_and_words_not_at_all() -> None:
    told = rows(form("rating"), [("Asia", 5)] * 6 + [("Asia", 4)] * 5)
    assert told[0].counts.keys() == {"1", "2", "3", "4", "5"}
    with pytest.raises(Invalid):
        rows(form("words"), [("Asia", ["kino"])])


def test_nobody_voted() -> None:
    assert rows(form(), []) == []


tables = some.integers(1, 5).flatmap(
    lambda width: some.lists(some.lists(some.integers(0, 14), min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(table=tables)
@settings(deadline=None, max_examples=300)
def test_who_subtracts_what_is_told_from_all_sums_learns_no_small_cell(table: list[list[int]]) -> None:
    """The attacker knows every sum of a row and a column, and that numbers are not negative: the bounds these give stay apart."""
    cells: Cells = {f"r{row}": {f"c{column}": count for column, count in enumerate(counts)} for row, counts in enumerate(table)}
    told = withheld(cells)
    for row, counts in told.items():
        for column, count in counts.items():
            assert count is None or count == cells[row][column] >= LEAST
    lines = [[(row, column) for column in told[row]] for row in told]
    lines += [[(row, column) for row in told] for column in told["r0"]]
    for line in lines:
        secret = [(row, column) for row, column in line if told[row][column] is None]
        left = sum(cells[row][column] for row, column in secret)
        assert not secret or len(secret) == len(line) or (len(secret) > 1 and left >= LEAST)
