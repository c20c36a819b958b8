"""What the audience does to questions: asks within limits, edits, withdraws, appeals, votes."""

from typing import Any

import pytest

from sessions import asking, merging
from sessions.asking import PENDING_LIMIT, PERSON_LIMIT, QUESTIONS_LIMIT
from sessions.errors import Conflict, Invalid, NotHere, RuleError, TooLong, TooMany, TooSoon
from sessions.questions import TEXT_LIMIT, Questions
from tests.sessions.making import question


def ask(questions: Questions, id: str = "q1", author: str = "ana", text: str = "Why?", lang: str = "en", now: int = 1) -> None:
    asking.ask(questions, id, author, text, lang, now)


def edit(questions: Questions, text: str = "Why so?", person: str = "ana") -> None:
    asking.edit(questions, "q1", person, text, "en", now=9)


def test_a_new_question_waits_for_a_moderator() -> None:
    questions = Questions([])
    ask(questions, text="  Why?\u202e ", lang="PT-br")
    item = questions.find("q1")
    assert (item.state, item.text, item.lang, item.votes) == ("pending", "Why?", "pt-BR", set())


@pytest.mark.parametrize(
    ("said", "error"),
    [({"text": ""}, Invalid), ({"text": "x" * (TEXT_LIMIT + 1)}, TooLong), ({"lang": "english please"}, Invalid)],
)
def test_a_question_that_says_nothing_or_too_much_or_in_no_language_is_refused(said: dict[str, Any], error: type[RuleError]) -> None:
    questions = Questions([])
    with pytest.raises(error):
        ask(questions, **said)
    assert questions.items == {}


def test_one_person_may_have_only_so_many_questions_waiting() -> None:
    questions = Questions([])
    for number in range(PENDING_LIMIT):
        ask(questions, f"q{number}")
    with pytest.raises(TooMany):
        ask(questions, "one more")
    ask(questions, "another's", author="ben")
    questions.publish("q0")
    ask(questions, "one more")
    assert len(questions.items) == PENDING_LIMIT + 2


def test_asking_and_withdrawing_does_not_fill_the_session() -> None:
    questions = Questions([])
    for number in range(PERSON_LIMIT):
        ask(questions, f"q{number}")
        asking.withdraw(questions, f"q{number}", "ana")
    with pytest.raises(TooMany):
        ask(questions, "one more")
    ask(questions, "another's", author="ben")


def test_a_session_takes_only_so_many_questions() -> None:
    questions = Questions([question(f"q{number}", f"author{number}") for number in range(QUESTIONS_LIMIT)])
    with pytest.raises(TooMany):
        ask(questions, "one more")


def test_slow_mode_says_how_long_to_wait_and_is_each_persons_own() -> None:
    questions = Questions([], slow=30)
    ask(questions, now=100_000)
    with pytest.raises(TooSoon) as soon:
        ask(questions, "q2", now=109_500)
    assert soon.value.wait == 21
    ask(questions, "q3", author="ben", now=109_500)
    ask(questions, "q2", now=130_000)
    questions.slow_down(0)
    ask(questions, "q4", now=130_000)


def test_an_edit_keeps_what_was_asked_first_and_waits_for_a_moderator_again() -> None:
    questions = Questions([question(state="published", votes={"ben"}, translations={"es": "¿De quién?"}, corrections={"fr": "À qui ?"})])
    questions.highlight("q1")
    edit(questions, "Who has the archive?")
    edit(questions, " Who keeps the archive? ")
    item = questions.find("q1")
    assert (item.state, item.text, item.original, item.edited_at) == ("pending", "Who keeps the archive?", "Who owns the archive?", 9)
    assert (item.votes, item.translations, item.corrections, questions.stage) == ({"ben"}, {}, {}, None)


def test_a_question_is_not_edited_without_end() -> None:
    questions = Questions([question()])
    for number in range(asking.CHANGES_LIMIT - 1):
        edit(questions, f"Who owns archive {number}?")
    with pytest.raises(TooMany):
        edit(questions, "Who owns another archive?")


def test_an_edit_that_changes_nothing_is_none() -> None:
    questions = Questions([question(state="published")])
    edit(questions, " Who owns the archive? ")
    assert questions.items["q1"] == question(state="published")


@pytest.mark.parametrize("others", [{"state": state} for state in ("dismissed", "archived", "withdrawn")] + [{"answer_state": "answered"}])
def test_a_question_that_is_done_with_cannot_be_edited(others: dict[str, str]) -> None:
    fields = {"state": "published"} | others
    questions = Questions([question(**fields)])
    with pytest.raises(Conflict):
        edit(questions)
    assert questions.items["q1"] == question(**fields)


@pytest.mark.parametrize("state", ["pending", "published", "dismissed"])
def test_a_withdrawn_question_is_gone_for_good(state: str) -> None:
    questions = Questions([question(state=state)], stage="q1" if state == "published" else None)
    assert asking.withdraw(questions, "q1", "ana").state == "withdrawn"
    assert questions.stage is None
    for act in (lambda: questions.publish("q1"), lambda: questions.restore("q1"), lambda: edit(questions)):
        with pytest.raises(Conflict, match="withdrawn"):
            act()


def test_a_dismissal_is_appealed_once_and_the_moderator_sees_why_it_was() -> None:
    questions = Questions([question(state="dismissed", reason="unclear")])
    with pytest.raises(Invalid):
        asking.appeal(questions, "q1", "ana", " ")
    item = asking.appeal(questions, "q1", "ana", "I mean the film archive.")
    assert (item.state, item.reason, item.appeal) == ("pending", "unclear", "I mean the film archive.")
    questions.dismiss("q1", "off_topic")
    with pytest.raises(Conflict, match="already"):
        asking.appeal(questions, "q1", "ana", "Please!")
    assert item.state == "dismissed"


def test_what_was_not_dismissed_cannot_be_appealed() -> None:
    questions = Questions([question(state="published")])
    with pytest.raises(Conflict):
        asking.appeal(questions, "q1", "ana", "More, please.")


def test_a_question_that_fell_with_another_is_appealed_for_itself() -> None:
    questions = Questions([question(), question("q2", author="ben")])
    merging.merge(questions, "q2", "q1")
    questions.dismiss("q1", "off_topic")
    item = asking.appeal(questions, "q2", "ben", "Mine is on topic.")
    assert (item.state, item.reason, item.merged_into) == ("pending", "off_topic", None)
    assert questions.find("q1").state == "dismissed"


def test_nobody_touches_anothers_question_nor_learns_that_it_exists() -> None:
    questions = Questions([question(state="dismissed")])
    acts = [
        lambda id: asking.edit(questions, id, "ben", "Mine?", "en", now=1),
        lambda id: asking.withdraw(questions, id, "ben"),
        lambda id: asking.appeal(questions, id, "ben", "Mine!"),
    ]
    for act in acts:
        with pytest.raises(NotHere) as there:
            act("q1")
        with pytest.raises(NotHere) as absent:
            act("q9")
        assert str(there.value).replace("q1", "q9") == str(absent.value)


def test_a_vote_says_how_it_shall_be_so_a_repeat_changes_nothing() -> None:
    questions = Questions([question(state="published")])
    for _ in range(2):
        assert asking.vote(questions, "q1", "ben", True).votes == {"ben"}
    for _ in range(2):
        assert asking.vote(questions, "q1", "ben", False).votes == set()


@pytest.mark.parametrize("state", ["pending", "dismissed", "archived", "withdrawn", "merged"])
@pytest.mark.parametrize("on", [True, False])
def test_who_votes_on_a_question_out_of_sight_does_not_learn_that_it_exists(state: str, on: bool) -> None:
    items = [question(state="published" if state == "merged" else state), question("q2", state="published")]
    questions = Questions(items)
    if state == "merged":
        merging.merge(questions, "q1", "q2")
    with pytest.raises(NotHere) as there:
        asking.vote(questions, "q1", "ben", on)
    with pytest.raises(NotHere) as absent:
        asking.vote(questions, "q9", "ben", on)
    assert str(there.value).replace("q1", "q9") == str(absent.value)
    assert questions.find("q1").votes == set()
