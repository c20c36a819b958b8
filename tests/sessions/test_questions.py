"""Questions: asked, curated, voted on, answered."""

from collections.abc import Callable

import pytest

from sessions.errors import Conflict, Invalid, NotHere, RuleError, TooLong, TooMany
from sessions.questions import ANSWER_LIMIT, PENDING_LIMIT, QUESTIONS_LIMIT, TEXT_LIMIT, Questions
from tests.sessions.making import question


def asked(questions: Questions, id: str = "q1", author: str = "ana", text: str = "Why?", lang: str = "en") -> None:
    questions.ask(id, author, "Ana", text, lang, now=1)


def test_a_new_question_waits_for_a_moderator() -> None:
    questions = Questions([])
    asked(questions, text="  Why?\u202e ", lang="PT-br")
    item = questions.find("q1")
    assert (item.state, item.text, item.lang, item.votes) == ("pending", "Why?", "pt-BR", set())


@pytest.mark.parametrize(("text", "error"), [("", Invalid), ("x" * (TEXT_LIMIT + 1), TooLong)])
def test_a_question_that_says_nothing_or_too_much_is_refused_and_nothing_changes(text: str, error: type[RuleError]) -> None:
    questions = Questions([])
    with pytest.raises(error):
        asked(questions, text=text)
    assert questions.items == {}


def test_a_question_in_no_language_is_refused() -> None:
    questions = Questions([])
    with pytest.raises(Invalid):
        asked(questions, lang="english please")
    assert questions.items == {}


def test_one_person_may_have_only_so_many_questions_waiting() -> None:
    questions = Questions([])
    for number in range(PENDING_LIMIT):
        asked(questions, f"q{number}")
    with pytest.raises(TooMany):
        asked(questions, "one more")
    asked(questions, "another's", author="ben")
    questions.publish("q0")
    asked(questions, "one more")
    assert len(questions.items) == PENDING_LIMIT + 2


def test_a_session_takes_only_so_many_questions() -> None:
    questions = Questions([question(f"q{number}", f"author{number}") for number in range(QUESTIONS_LIMIT)])
    with pytest.raises(TooMany):
        asked(questions, "one more")


def test_a_vote_says_how_it_shall_be_so_a_repeat_changes_nothing() -> None:
    questions = Questions([question(state="published")])
    for _ in range(2):
        assert questions.vote("q1", "ben", True).votes == {"ben"}
    for _ in range(2):
        assert questions.vote("q1", "ben", False).votes == set()


@pytest.mark.parametrize("state", ["pending", "dismissed"])
def test_only_a_published_question_is_voted_on_highlighted_or_answered(state: str) -> None:
    questions = Questions([question(state=state)])
    acts: list[Callable[[], object]] = [
        lambda: questions.vote("q1", "ben", True),
        lambda: questions.highlight("q1"),
        lambda: questions.answer("q1", "Because."),
    ]
    for act in acts:
        with pytest.raises(Conflict, match=state):
            act()
    assert questions.items["q1"] == question(state=state)
    assert questions.stage is None


def test_a_dismissed_question_leaves_the_stage_and_keeps_its_reason_until_it_is_published_again() -> None:
    questions = Questions([question(state="published"), question("q2", state="published")], stage="q1")
    questions.dismiss("q2", "duplicate")
    assert questions.stage == "q1"
    item = questions.dismiss("q1", "off_topic")
    assert (item.state, item.reason, questions.stage) == ("dismissed", "off_topic", None)
    questions.publish("q1")
    assert (item.state, item.reason, questions.stage) == ("published", None, None)


def test_the_stage_holds_one_question_or_none() -> None:
    questions = Questions([question(state="published"), question("q2", state="published")])
    questions.highlight("q1")
    questions.highlight("q2")
    assert questions.stage == "q2"
    questions.highlight(None)
    assert questions.stage is None


def test_an_answer_is_live_or_in_writing_and_a_written_one_stays() -> None:
    questions = Questions([question(state="published")])
    assert (questions.answer("q1", None).answered, questions.find("q1").answer) == (True, None)
    assert questions.answer("q1", " Because. ").answer == "Because."
    assert questions.answer("q1", None).answer == "Because."
    with pytest.raises(TooLong):
        questions.answer("q1", "x" * (ANSWER_LIMIT + 1))
    assert questions.find("q1").answer == "Because."


def test_a_refused_answer_does_not_count_as_one() -> None:
    questions = Questions([question(state="published")])
    with pytest.raises(Invalid):
        questions.answer("q1", " \u200b ")
    assert not questions.find("q1").answered


def test_what_is_not_there_is_said_so() -> None:
    questions = Questions([])
    for act in (questions.publish, questions.find, questions.highlight):
        with pytest.raises(NotHere):
            act("q9")
