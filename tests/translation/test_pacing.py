"""Captions stay long enough to be read, catch up after somebody spoke fast, and never stand over each other."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.formats import Line
from translation.lines import length, split
from translation.pacing import LATE, RATE, RATE_CJK_MOST, RATE_MOST, SHORTEST, SHORTEST_LONG, paced, seen

ZERO = 1_700_000_000_000


def talk(*said: tuple[float, float, str], lang: str = "en") -> list[Line]:
    """Lines by seconds: start, end, text."""
    return [Line(number, text, lang, ZERO + int(start * 1000), ZERO + int(end * 1000)) for number, (start, end, text) in enumerate(said, 1)]


def rate(line: Line) -> float:
    return length(line.text) * 1000 / (line.end - line.start)


def test_a_fast_line_stays_into_the_pause_after_it() -> None:
    first, second = paced(talk((0, 1, "x" * 34), (10, 12, "y" * 10)))
    assert (first.end - first.start, rate(first)) == (2000, RATE)
    assert (second.start, second.end) == (ZERO + 10_000, ZERO + 12_000)


def test_without_a_pause_the_next_one_waits_and_they_catch_up_in_the_next() -> None:
    lines = paced(talk((0, 1, "x" * 40), (1, 2, "y" * 30), (2, 6, "z" * 40), (6, 8, "z" * 20)))
    assert [round(rate(line)) for line in lines[:2]] == [RATE_MOST] * 2
    assert lines[1].start == ZERO + 2000
    assert lines[-1].start == ZERO + 6000


def test_who_speaks_faster_than_anybody_reads_is_not_followed_for_ever() -> None:
    lines = talk(*((second, second + 1, "x" * 60) for second in range(60)))
    assert max(after.start - before.start for before, after in zip(lines, paced(lines), strict=True)) <= LATE


def test_short_lines_of_a_burst_stand_together_so_that_it_is_over_sooner() -> None:
    burst = talk(*[(0, 0, f"This is line {number} of fifty.") for number in range(50)])
    read = paced(burst)
    assert read[-1].end - ZERO < 50 * SHORTEST_LONG * 2 / 3
    assert all(len(split(line.text, "en", 0, 0)) == 1 for line in read)
    two = [replace(line, speaker="AB"[line.number % 2]) for line in burst]
    assert [line.text for line in paced(two)] == [line.text for line in burst], "each speaker has captions of their own"


@pytest.mark.parametrize(("text", "least"), [("Yes.", SHORTEST), ("It was the best of times.", SHORTEST_LONG)])
def test_lines_that_come_in_a_burst_are_each_seen_one_after_the_other(text: str, least: int) -> None:
    burst = talk(*[(0, 0, text)] * 20)
    read = paced(burst)
    assert " ".join(line.text for line in read) == " ".join(line.text for line in burst)
    assert all(before.end <= after.start for before, after in pairwise(read))
    assert min(line.end - line.start for line in [*read, *seen(burst)]) >= least


WORDS = ["the", "cinema", "of", "tomorrow", "will", "be", "written", "by", "people", "who", "never", "met"]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60)


@given(st.lists(st.tuples(words, st.floats(11, 16), st.floats(0.1, 3)), min_size=1, max_size=12))
def test_people_who_speak_as_people_do_can_be_read_at_20_characters_a_second(turns: list[tuple[list[str], float, float]]) -> None:
    lines, at = [], float(ZERO)
    for said, pace, pause in turns:
        text = " ".join(said)
        for part in split(text, "en", at, at + 1000 * len(text) / pace):
            lines.append(Line(len(lines) + 1, part.text, "en", int(part.start), int(part.end)))
            at = part.end
        at += pause * 1000
    read = paced(lines)
    assert [line.text for line in read] == [line.text for line in lines]
    assert all(before.end <= after.start for before, after in pairwise(read))
    assert all(line.start <= later.start <= line.start + LATE for line, later in zip(lines, read, strict=True))
    assert max(map(rate, read)) <= RATE_MOST + 0.1


def test_chinese_is_given_more_time() -> None:
    (line,) = paced(talk((0, 0.5, "电影的未来由所有人书写"), lang="zh-Hans"))
    assert rate(line) <= RATE_CJK_MOST


@pytest.mark.parametrize("count", [0, 1])
def test_few_lines_are_lines(count: int) -> None:
    assert len(paced(talk(*[(0, 1, "x")] * count))) == count
