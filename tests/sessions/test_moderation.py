"""The log of moderation, and undoing: only what is still as the act left it."""

from collections.abc import Callable

import pytest

from sessions import asking, merging, moderation, wording
from sessions.errors import Conflict, NotHere
from sessions.moderation import ENTRIES_LIMIT, Actor, Entry, Log
from sessions.questions import Questions
from tests.sessions.making import question

MO = Actor("mo", "Mo", "moderator")


class Desk:
    """A session's questions and log, and a moderator who acts."""

    def __init__(self) -> None:
        published = [question("q1", state="published", votes={"v"}), question("q2", "ben", state="published")]
        self.questions = Questions([*published, question("q3", "cho")])
        self.log = Log()

    def act(self, name: str, rule: Callable[[Questions], object], id: str | None = "q1") -> Entry:
        before = moderation.facts(self.questions, id)
        rule(self.questions)
        return self.log.add(name, 1, MO, *moderation.changed(before, moderation.facts(self.questions, id)), question=id)

    def undo(self, entry: Entry) -> Entry:
        return self.act("moderation.undo", lambda questions: moderation.undo(questions, entry), entry.question)

    def facts(self) -> list[moderation.Facts]:
        return [moderation.facts(self.questions, id) for id in self.questions.items]


@pytest.fixture
def desk() -> Desk:
    return Desk()


ACTS: dict[str, Callable[[Questions], object]] = {
    "publish": lambda questions: questions.publish("q3"),
    "dismiss": lambda questions: questions.dismiss("q1", "off_topic"),
    "archive": lambda questions: questions.archive("q1"),
    "highlight": lambda questions: questions.highlight("q1"),
    "answer": lambda questions: questions.answer("q1", "Because.", "en"),
    "label": lambda questions: questions.label("q1", ["money"]),
    "merge": lambda questions: merging.merge(questions, "q1", "q2"),
    "correct": lambda questions: wording.correct(questions, "q1", "fr", "Pourquoi ?"),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_undone_and_the_undoing_too(desk: Desk, act: str) -> None:
    desk.questions.highlight("q2")
    before = desk.facts()
    entry = desk.act(act, ACTS[act], "q3" if act == "publish" else "q1")
    after = desk.facts()
    undone = desk.undo(entry)
    assert desk.facts() == before
    desk.undo(undone)
    assert desk.facts() == after


def test_slow_mode_is_undone(desk: Desk) -> None:
    entry = desk.act("slow", lambda questions: questions.slow_down(30), None)
    desk.undo(entry)
    assert desk.questions.slow == 0


def test_a_list_of_watched_words_is_undone(desk: Desk) -> None:
    desk.act("watch", lambda questions: wording.watch(questions, "en", ["money"]), None)
    entry = desk.act("watch", lambda questions: wording.watch(questions, "en", ["gold", "money"]), None)
    desk.undo(entry)
    assert list(desk.questions.watched["en"]) == ["money"]


def test_a_question_comes_back_to_the_stage_it_was_dismissed_from(desk: Desk) -> None:
    desk.questions.highlight("q1")
    desk.undo(desk.act("dismiss", ACTS["dismiss"]))
    assert (desk.questions.find("q1").public, desk.questions.stage) == (True, "q1")


def test_what_has_changed_since_is_not_undone_and_nothing_changes(desk: Desk) -> None:
    entry = desk.act("dismiss", ACTS["dismiss"])
    desk.act("publish", lambda questions: questions.publish("q1"))
    facts = desk.facts()
    with pytest.raises(Conflict, match="changed since"):
        desk.undo(entry)
    assert desk.facts() == facts


def test_another_fact_of_the_same_question_does_not_stand_in_the_way(desk: Desk) -> None:
    entry = desk.act("answer", ACTS["answer"])
    desk.act("label", ACTS["label"])
    desk.undo(entry)
    item = desk.questions.find("q1")
    assert (item.answer_state, item.answer, item.labels) == ("unanswered", None, ["money"])


def test_undoing_an_unmerge_makes_no_circle(desk: Desk) -> None:
    desk.act("merge", ACTS["merge"])
    entry = desk.act("unmerge", lambda questions: merging.unmerge(questions, "q1"))
    desk.act("merge", lambda questions: merging.merge(questions, "q2", "q1"), "q2")
    with pytest.raises(Conflict):
        desk.undo(entry)
    assert desk.questions.find("q1").merged_into is None


def test_nothing_that_is_not_public_comes_to_the_stage_by_undoing(desk: Desk) -> None:
    desk.questions.highlight("q2")
    entry = desk.act("highlight", ACTS["highlight"])
    desk.questions.archive("q2")
    with pytest.raises(Conflict, match="archived"):
        desk.undo(entry)
    assert desk.questions.stage == "q1"


def test_a_dismissal_that_was_appealed_is_the_next_moderators_to_decide(desk: Desk) -> None:
    entry = desk.act("dismiss", ACTS["dismiss"])
    asking.appeal(desk.questions, "q1", "ana", "It is on topic.")
    with pytest.raises(Conflict):
        desk.undo(entry)


def test_what_an_author_did_is_told_without_a_name_and_is_theirs_alone(desk: Desk) -> None:
    asking.withdraw(desk.questions, "q1", "ana")
    entry = desk.log.add("question.withdraw", 1, None, {}, {}, question="q1")
    assert entry.actor is None
    with pytest.raises(Conflict):
        desk.undo(entry)
    assert desk.log.acts == {}


def test_no_author_edits_the_moderators_acts_out_of_the_log() -> None:
    log = Log()
    for number in range(1, ENTRIES_LIMIT + 1):
        log.add("question.dismiss" if number % 2 else "question.edit", 1, MO if number % 2 else None, {}, {})
    for _ in range(ENTRIES_LIMIT * 2):
        log.add("question.edit", 1, None, {}, {})
    assert len(log.entries) == ENTRIES_LIMIT
    assert sum(entry.actor is not None for entry in log.entries.values()) == ENTRIES_LIMIT // 2
    for _ in range(ENTRIES_LIMIT):
        log.add("question.dismiss", 1, MO, {}, {})
    assert all(entry.actor is not None for entry in log.entries.values())
    assert log.add("question.edit", 1, None, {}, {}).number == ENTRIES_LIMIT * 4 + 1
    assert log.add("question.dismiss", 1, MO, {}, {}).number == ENTRIES_LIMIT * 4 + 2


def test_numbers_rise_by_one_and_the_counts_outlive_the_entries() -> None:
    log = Log()
    for number in range(1, ENTRIES_LIMIT + 11):
        assert log.add("question.dismiss", 1, MO, {}, {}, reason="conduct").number == number
    assert len(log.entries) == ENTRIES_LIMIT
    assert (log.acts, log.reasons) == ({"question.dismiss": ENTRIES_LIMIT + 10}, {"conduct": ENTRIES_LIMIT + 10})
    for number in (1, ENTRIES_LIMIT + 11):
        with pytest.raises(NotHere):
            log.find(number)
