"""Questions as moderators and speakers handle them: the three axes and labels."""

from collections.abc import Callable

import pytest

from sessions import wording
from sessions.errors import Conflict, Invalid, NotHere, TooLong, TooMany
from sessions.questions import ANSWER_LIMIT, LABEL_LIMIT, LABELS_LIMIT, SLOW_LIMIT, Questions
from tests.sessions.making import question

STATES = ("pending", "published", "dismissed", "archived", "withdrawn")
MOVES: dict[str, dict[str, str]] = {
    "publish": {"pending": "published", "published": "published", "dismissed": "published"},
    "dismiss": {"pending": "dismissed", "published": "dismissed", "dismissed": "dismissed"},
    "archive": {"published": "archived", "archived": "archived"},
    "restore": {"archived": "published", "dismissed": "pending"},
}
ANSWERS: dict[str, dict[str, str]] = {
    "take": {"unanswered": "answering", "answering": "answering"},
    "answer": {"unanswered": "answered", "answering": "answered", "answered": "answered"},
    "reopen": {"unanswered": "unanswered", "answering": "unanswered", "answered": "unanswered"},
}


def do(questions: Questions, act: str, id: str = "q1") -> None:
    more: dict[str, list[str | None]] = {"dismiss": ["off_topic"], "answer": [None, "en"]}
    getattr(questions, act)(id, *more.get(act, []))


@pytest.mark.parametrize("act", MOVES)
@pytest.mark.parametrize("state", STATES)
def test_a_moderators_act_leads_where_the_table_says_or_nowhere(act: str, state: str) -> None:
    questions = Questions([question(state=state)])
    to = MOVES[act].get(state)
    if to is None:
        with pytest.raises(Conflict, match=state):
            do(questions, act)
        assert questions.items["q1"] == question(state=state)
    else:
        do(questions, act)
        assert questions.items["q1"].state == to


@pytest.mark.parametrize("act", ANSWERS)
@pytest.mark.parametrize("before", ["unanswered", "answering", "answered"])
def test_an_answer_is_begun_given_and_taken_back(act: str, before: str) -> None:
    questions = Questions([question(state="published", answer_state=before)])
    to = ANSWERS[act].get(before)
    if to is None:
        with pytest.raises(Conflict, match="reopen it first"):
            do(questions, act)
    else:
        do(questions, act)
        assert questions.items["q1"].answer_state == to


@pytest.mark.parametrize("state", [state for state in STATES if state != "published"])
def test_only_a_published_question_is_highlighted_or_answered(state: str) -> None:
    questions = Questions([question(state=state)])
    for act in ("highlight", *ANSWERS):
        with pytest.raises(Conflict, match=state):
            do(questions, act)
    assert questions.items["q1"] == question(state=state)
    assert questions.stage is None


@pytest.mark.parametrize("act", ["publish", "dismiss", "archive", "take", "answer", "reopen"])
def test_saying_it_twice_changes_nothing_and_makes_no_new_version(act: str) -> None:
    questions = Questions([question(state="published", answer_state="answering")])
    do(questions, act)
    version = questions.find("q1").version
    do(questions, act)
    assert questions.find("q1").version == version


@pytest.mark.parametrize("act", ["dismiss", "archive"])
def test_what_leaves_the_public_leaves_the_stage(act: str) -> None:
    questions = Questions([question(state="published"), question("q2", state="published")], stage="q1")
    do(questions, act, "q2")
    assert questions.stage == "q1"
    do(questions, act, "q1")
    assert questions.stage is None


def test_a_dismissal_keeps_its_reason_until_the_question_is_published() -> None:
    questions = Questions([question(state="published")])
    item = questions.dismiss("q1", "off_topic")
    assert (item.state, item.reason) == ("dismissed", "off_topic")
    assert questions.dismiss("q1", "conduct").reason == "conduct"
    assert questions.publish("q1").reason is None


def test_the_stage_holds_one_question_or_none() -> None:
    questions = Questions([question(state="published"), question("q2", state="published")])
    questions.highlight("q1")
    questions.highlight("q2")
    assert questions.stage == "q2"
    questions.highlight(None)
    assert questions.stage is None


def test_an_answer_is_live_or_in_writing_and_a_written_one_stays_until_the_question_is_reopened() -> None:
    questions = Questions([question(state="published")])
    assert (questions.answer("q1", None, "en").answer_state, questions.find("q1").answer) == ("answered", None)
    assert questions.answer("q1", " Because. ", "en").answer == "Because."
    assert questions.answer("q1", None, "en").answer == "Because."
    with pytest.raises(TooLong):
        questions.answer("q1", "x" * (ANSWER_LIMIT + 1), "en")
    assert questions.find("q1").answer == "Because."
    assert questions.reopen("q1").answer is None


def test_a_refused_answer_does_not_count_as_one() -> None:
    questions = Questions([question(state="published")])
    with pytest.raises(Invalid):
        questions.answer("q1", " \u200b ", "en")
    assert questions.find("q1").answer_state == "unanswered"


def test_labels_are_a_short_list_without_repeats() -> None:
    questions = Questions([question()])
    assert questions.label("q1", [" money ", "money", "法律"]).labels == ["money", "法律"]
    with pytest.raises(TooMany):
        questions.label("q1", [str(number) for number in range(LABELS_LIMIT + 1)])
    with pytest.raises(TooLong):
        questions.label("q1", ["x" * (LABEL_LIMIT + 1)])
    assert questions.find("q1").labels == ["money", "法律"]
    assert questions.label("q1", []).labels == []


def test_votes_and_the_machines_work_make_no_new_version() -> None:
    questions = Questions([question(state="published")])
    questions.find("q1").votes.add("ben")
    wording.translated(questions, "q1", "fr", "Pourquoi ?", of=questions.find("q1").text)
    assert questions.find("q1").version == 1


@pytest.mark.parametrize("seconds", [-1, SLOW_LIMIT + 1])
def test_slow_mode_has_a_limit(seconds: int) -> None:
    questions = Questions([], slow=5)
    with pytest.raises(Invalid):
        questions.slow_down(seconds)
    assert questions.slow == 5


def test_what_is_not_there_is_said_so() -> None:
    questions = Questions([])
    acts: list[Callable[[str], object]] = [questions.publish, questions.find, questions.highlight, questions.restore]
    for act in acts:
        with pytest.raises(NotHere):
            act("q9")
