"""Merging: one question stands for all that ask the same, each person counts once, and unmerging loses nothing."""

from copy import deepcopy

import msgspec
import pytest

from sessions import asking, merging, wording
from sessions.errors import Conflict
from sessions.merging import SUGGESTIONS_LIMIT
from sessions.questions import Questions
from tests.sessions.making import question


def three(state: str = "published") -> Questions:
    return Questions(
        [
            question("q1", "ana", state=state, votes={"v", "w"}),
            question("q2", "ben", state=state, votes={"w", "x", "ana"}, lang="es"),
            question("q3", "cho", state=state, votes={"ben"}, lang="zh"),
        ]
    )


def voters(questions: Questions, id: str) -> set[str]:
    return questions.voters(questions.find(id))


def test_each_person_counts_once_whether_they_voted_or_asked_the_same() -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    merging.merge(questions, "q3", "q1")
    assert voters(questions, "q1") == {"v", "w", "x", "ana", "ben", "cho"}
    assert questions.votes(questions.find("q1")) == 6
    assert not questions.find("q2").public


def test_unmerging_brings_back_exactly_what_there_was() -> None:
    questions = three()
    before = deepcopy(questions.items)
    merging.merge(questions, "q3", "q2")
    merging.merge(questions, "q2", "q1")
    assert questions.votes(questions.find("q1")) == 6
    merging.unmerge(questions, "q2")
    assert voters(questions, "q1") == {"v", "w"}
    assert voters(questions, "q2") == {"w", "x", "ana", "ben", "cho"}
    merging.unmerge(questions, "q3")
    for id, item in questions.items.items():
        assert msgspec.structs.replace(item, version=1) == before[id]


def test_votes_that_come_while_merged_stay_with_the_question_that_stood_for_it() -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    asking.vote(questions, "q1", "new", True)
    asking.vote(questions, "q1", "w", False)
    assert voters(questions, "q1") == {"v", "x", "ana", "ben", "new"}
    merging.unmerge(questions, "q2")
    assert (voters(questions, "q1"), voters(questions, "q2")) == ({"v", "new"}, {"x", "ana"})


def test_a_merged_question_leaves_the_stage_to_the_one_that_stands_for_it() -> None:
    questions = three()
    questions.highlight("q2")
    merging.merge(questions, "q2", "q1")
    assert questions.stage == "q1"


def test_there_is_never_a_circle() -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    for id, into in (("q1", "q2"), ("q3", "q2"), ("q2", "q3"), ("q1", "q1")):
        with pytest.raises(Conflict):
            merging.merge(questions, id, into)
    version = questions.find("q2").version
    merging.merge(questions, "q2", "q1")
    assert questions.find("q2").version == version, "saying it twice is no error"


@pytest.mark.parametrize("state", ["dismissed", "archived", "withdrawn"])
def test_what_is_done_with_is_not_merged(state: str) -> None:
    questions = Questions([question("q1", state=state), question("q2", state="published")])
    for id, into in (("q1", "q2"), ("q2", "q1")):
        with pytest.raises(Conflict):
            merging.merge(questions, id, into)


def test_what_the_audience_sees_does_not_vanish_into_what_it_does_not_see() -> None:
    questions = Questions([question("q1", state="published"), question("q2", state="pending")])
    with pytest.raises(Conflict):
        merging.merge(questions, "q1", "q2")
    merging.merge(questions, "q2", "q1")


@pytest.mark.parametrize("act", ["publish", "archive", "restore", "highlight", "take", "reopen"])
def test_a_moderator_acts_on_the_question_that_stands_for_the_others(act: str) -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    with pytest.raises(Conflict, match="merged into q1"):
        getattr(questions, act)("q2")


def test_an_author_who_takes_their_question_back_leaves_the_others_standing() -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    merging.merge(questions, "q3", "q1")
    asking.withdraw(questions, "q1", "ana")
    assert [questions.find(id).public for id in ("q1", "q2", "q3")] == [False, True, True]
    merging.merge(questions, "q3", "q2")
    asking.withdraw(questions, "q3", "cho")
    assert voters(questions, "q2") == {"w", "x", "ana"}


def test_the_index_of_merged_ones_is_made_from_the_rows() -> None:
    questions = three()
    merging.merge(questions, "q2", "q1")
    again = Questions(list(questions.items.values()))
    assert voters(again, "q1") == voters(questions, "q1")


def suggested(questions: Questions, id: str) -> list[str]:
    merging.compare(questions, id)
    return questions.find(id).similar


def test_questions_in_other_words_are_suggested_the_nearest_first() -> None:
    asked = [
        question("new", text="How can we fund independent films?"),
        question("near", text="How do we fund independent films?"),
        question("nearer", text="how can we fund independent film?"),
        question("far", text="Who owns the archive?"),
        question("other language", text="¿Cómo financiamos el cine independiente?", lang="es"),
    ]
    assert suggested(Questions(asked), "new") == ["nearer", "near"]


def test_languages_meet_in_the_translations_and_a_persons_are_better() -> None:
    machine = {"en": "From where comes the money of cinema?"}
    spanish = question("es", text="¿Cómo financiamos el cine independiente?", lang="es", translations=machine)
    chinese = question("zh", text="我们如何资助独立电影？", lang="zh-Hans", translations={"en": "How do we fund independent films?"})
    questions = Questions([spanish, chinese])
    assert suggested(questions, "zh") == []
    wording.correct(questions, "es", "en-GB", "How do we fund independent films?")
    assert suggested(questions, "es") == ["zh"]
    assert suggested(questions, "zh") == ["es"]


def test_words_that_were_edited_away_suggest_nothing_any_more() -> None:
    questions = Questions([question("q1"), question("q2", author="ben")])
    assert suggested(questions, "q2") == ["q1"]
    asking.edit(questions, "q1", "ana", "How do we fund independent films?", "en", now=9)
    merging.compare(questions, "q1")
    assert suggested(questions, "q2") == []


def test_only_the_nearest_few_are_suggested() -> None:
    asked = [question(f"q{number}", text=f"How do we fund films of kind {number}?") for number in range(9)]
    assert len(suggested(Questions(asked), "q1")) == SUGGESTIONS_LIMIT


def test_a_question_is_compared_with_those_that_may_still_be_merged() -> None:
    states = ("pending", "published", "dismissed", "withdrawn")
    questions = Questions([question(f"q{number}", state=state) for number, state in enumerate(states)])
    assert suggested(questions, "q0") == ["q1"]
