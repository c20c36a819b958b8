"""Captions break where people would break them, and no word is lost."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.lines import DASH, ROWS, length, row, split, tail, wrap

SENTENCES = (
    "It was the best of times, it was the worst of times. It was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity."
)
CHINESE = "本届峰会邀请了十八位领袖，共同讨论电影技术、资本与知识媒体的未来。我们希望不同文化之间的对话能够带来新的合作。"
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=30)
sentences = st.lists(texts, min_size=1, max_size=40).map(" ".join)
tags = st.sampled_from(["en", "ar", "zh-Hans", "ja", "ko", "es-MX"])


@given(sentences, tags)
def test_no_caption_is_too_long_and_no_letter_is_lost(text: str, lang: str) -> None:
    parts = split(text, lang, 0, 10)
    assert all(0 < length(part.text) <= ROWS * row(lang) for part in parts)
    assert "".join("".join(part.text.split()) for part in parts) == "".join(text.split())


@given(sentences, tags, st.floats(0, 1e6), st.floats(0.1, 100))
def test_the_time_is_shared_without_a_gap(text: str, lang: str, start: float, seconds: float) -> None:
    parts = split(text, lang, start, start + seconds)
    assert parts[0].start == start
    assert parts[-1].end == pytest.approx(start + seconds)
    assert all(before.end == after.start for before, after in itertools.pairwise(parts))


@given(sentences, tags)
def test_the_tail_is_the_end_of_the_line_and_fits(text: str, lang: str) -> None:
    end = tail(text, lang)
    assert length(end) <= ROWS * row(lang)
    assert " ".join(text.split()).endswith(end)


def test_a_sentence_ends_a_caption() -> None:
    first, *others = split(SENTENCES, "en", 0, 9)
    assert first.text == "It was the best of times, it was the worst of times."
    assert all(not other.text.startswith(",") for other in others)


def test_chinese_breaks_after_its_own_marks() -> None:
    parts = [part.text for part in split(CHINESE, "zh-Hans", 0, 9)]
    assert parts[0].endswith(("，", "、", "。"))
    assert "".join(parts) == CHINESE
    assert max(map(length, wrap(parts[0], "zh-Hans").split("\n"))) <= 16


def test_rows_break_between_words() -> None:
    rows = wrap("We will write the future of cinema together with all of you", "en").split("\n")
    assert len(rows) == 2
    assert " ".join(rows) == "We will write the future of cinema together with all of you"


def test_a_family_emoji_is_one_letter_and_stays_whole() -> None:
    family = "👨‍👩‍👧‍👦"
    assert length(family) == 1
    assert all(set(part.text) == set(family) for part in split(family * 200, "zh", 0, 1))


def test_nothing_said_is_no_caption() -> None:
    assert split("  ", "en", 0, 1) == []
    assert tail("  ", "en") == ""


@given(sentences, tags)
def test_every_caption_stands_in_two_rows_also_after_a_dash(text: str, lang: str) -> None:
    for part in split(text, lang, 0, 10):
        for said in (part.text, f"{DASH}{part.text}"):
            rows = wrap(said, lang).split("\n")
            assert len(rows) <= ROWS
            assert max(map(length, rows)) <= row(lang)


def test_a_word_is_broken_only_where_it_is_longer_than_a_row() -> None:
    words = set(SENTENCES.split())
    assert all(set(wrap(part.text, "en").split()) <= words for part in split(SENTENCES, "en", 0, 9))
    assert wrap("a" * 50, "en").split("\n") == ["a" * 25, "a" * 25]


def test_what_closes_does_not_begin_a_row() -> None:
    for part in split(CHINESE, "zh-Hans", 0, 9):
        assert not any(line.startswith(tuple("，、。")) for line in wrap(part.text, "zh-Hans").split("\n"))
