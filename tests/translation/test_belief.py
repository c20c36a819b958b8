"""What a recognizer says of music, or of a language that it does not know, is not told as if it had been said."""

import pytest

from translation.belief import LINES, LOOP, MEMORY, Belief, unlooped
from translation.engines import Heard


def line(text: str, confidence: float | None = None, final: bool = True, seconds: float = 10.0) -> Heard:
    return Heard(text, 0.0, seconds, final, confidence)


def told(belief: Belief, *lines: Heard) -> list[str]:
    return [heard.text for heard in map(belief.judge, lines) if heard is not None]


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        # Moonshine (tiny) on a Spanish voice, and on a Russian one.
        (
            "Because the sun is on the day that the sun is on the day that the sun is on the day that the sun is on the day",
            "Because the sun is on the day that",
        ),
        (
            "The configuration of the most advanced 100-year-old solar solar solar solar solar solar solar solar sol",
            "The configuration of the most advanced 100-year-old solar sol",
        ),
        ("the data of the data, of the data, of the data and of the data", "the data of the data and of the data"),
        ("No, no, no, no!", "No, no, no, no!"),
        ("Row, row, row your boat gently down the stream", "Row, row, row your boat gently down the stream"),
        ("Ha ha ha ha ha ha ha ha ha ha", "Ha"),
        ("", ""),
    ],
)
def test_words_that_a_model_says_again_and_again_are_said_once(said: str, believed: str) -> None:
    assert unlooped(said) == unlooped(believed) == believed


def test_what_was_really_said_stays_as_it_is() -> None:
    said = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness."
    belief = Belief()
    assert told(belief, line(said, final=False), line(said)) == [said, said]
    assert not belief.doubtful


def test_more_words_than_anyone_speaks_are_not_told() -> None:
    assert told(Belief(), line("so " * 3 + "it goes on and on and on for ever", seconds=0.5)) == []


def test_a_sound_is_named_once_until_something_is_said() -> None:
    belief = Belief()
    music = ["[Music]", "[Music]", "♪♪", "(music playing)", "♪"]
    assert told(belief, *(line(text) for text in music)) == ["[Music]"]
    assert told(belief, line("[Music]", final=False)) == []
    assert told(belief, line("Good evening."), line("♪"), line("♪ Hello, Dolly! ♪")) == ["Good evening.", "♪", "♪ Hello, Dolly! ♪"]
    assert not belief.doubtful


def test_hours_of_the_same_line_are_a_few_lines_and_a_doubt() -> None:
    belief = Belief()
    for _ in range(500):
        belief.judge(line("Thank you.", final=False))
    assert told(belief, *[line("Thank you.")] * 500) == ["Thank you."] * LOOP
    assert told(belief, line("Thank you.", final=False)) == []
    assert belief.doubtful


def test_a_few_lines_that_go_round_for_hours_are_said_a_few_times() -> None:
    belief = Belief()
    few = [line(text) for text in ("Thank you.", "Thanks for watching!", "[Music]", "Subtitles by the community", "you", "See you.")]
    assert len(told(belief, *few * 1_000)) <= 2 * MEMORY
    assert belief.doubtful
    assert told(belief, *(line(f"Good evening {number}.") for number in range(LINES)))
    assert not belief.doubtful


def test_a_line_without_end_is_neither_looked_at_nor_told_and_others_turn_no_page_around() -> None:
    belief = Belief()
    assert told(belief, *[line("a" * 10_000_000)] * LINES, line("a b " * 1_000_000, final=False)) == []
    assert belief.doubtful
    assert told(Belief(), line("\u202eGood\x00 \nevening\u2066.\ud800")) == ["Good evening."]


def test_a_language_that_the_engine_does_not_know_is_held_back_and_the_right_one_comes_back() -> None:
    belief = Belief()
    assert told(belief, *[line(f"Good evening {number}.", 0.9) for number in range(9)])
    nonsense = [line(f"Enter Cambio {number}", 0.2) for number in range(50)]
    shown = told(belief, *nonsense)
    assert 0 < len(shown) < LINES
    assert belief.doubtful
    assert told(belief, line("A guess", final=False)) == []
    back = [line(f"We go on {number}.", 0.9) for number in range(LINES)]
    assert told(belief, *back) == [heard.text for heard in back]
    assert not belief.doubtful


def test_one_bad_line_is_no_doubt() -> None:
    belief = Belief()
    assert told(belief, line("Hm", 0.1), line("Good evening.", 0.9), line("Welcome.", 0.9)) == ["Hm", "Good evening.", "Welcome."]
    assert not belief.doubtful
