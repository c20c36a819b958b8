"""The problem board: what is published when, versions that are never written over, and votes that count once."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sessions import problems
from sessions.errors import Conflict, NotHere, RuleError, TooLong, TooMany
from sessions.problems import Problems, Version

LEGAL = {
    "publish": {("draft", "published"), ("withdrawn", "published")},
    "withdraw": {("draft", "withdrawn"), ("published", "withdrawn")},
    "hide": {("open", "hidden")},
    "show": {("hidden", "open")},
    "retract": {("open", "retracted"), ("hidden", "retracted")},
}
people = some.sampled_from(["ana", "ben", "cho"])
texts = some.sampled_from(["The archive burns.", "档案在燃烧。", "الأرشيف يحترق."])


def kept(before: Version, after: Version, taken: bool) -> bool:
    """A version says what it said, unless its words were taken back while it was nobody's to read; what was public stays so."""
    emptied = taken and before.quotes and not before.public and after.text == ""
    return (after.text == before.text or emptied) and (after.lang, after.at) == (before.lang, before.at) and after.public >= before.public


class Board(RuleBasedStateMachine):
    questions, solutions = Bundle("questions"), Bundle("solutions")

    @initialize()
    def open(self) -> None:
        self.board, self.now = Problems(), 0

    def attempt(self, act: str, deed: Callable[[], object]) -> bool:
        before = deepcopy((self.board.items, self.board.solutions))
        try:
            deed()
        except RuleError:
            assert (self.board.items, self.board.solutions) == before
            return False
        for old, new in zip(before, (self.board.items, self.board.solutions), strict=True):
            for id, one in old.items():
                assert one.state == new[id].state or (one.state, new[id].state) in LEGAL.get(act, ())
                assert act == "retract" or all(map(kept, one.versions, new[id].versions, [act == "take_back"] * len(one.versions)))
        return True

    @rule(target=questions, number=some.integers(1, 3), text=texts)
    def promote(self, number: int, text: str) -> str:
        known = f"p{number}" in self.board.items
        made = (f"p{number}", "mo", f"q{number}", text, "en", self.now, [text])
        assert self.attempt("promote", lambda: self.board.promote(*made)) != known
        return f"p{number}"

    @rule(id=questions, act=some.sampled_from(["publish", "withdraw"]))
    def curate(self, id: str, act: str) -> None:
        self.attempt(act, lambda: getattr(self.board, act)(id))

    @rule(id=questions)
    def take_back(self, id: str) -> None:
        assert self.attempt("take_back", lambda: self.board.take_back(self.board.items[id].question))
        assert all(one.public or not (one.quotes and one.text) for one in self.board.items[id].versions)

    @rule(id=questions, text=texts)
    def revise(self, id: str, text: str) -> None:
        if self.attempt("revise", lambda: self.board.revise(id, text, "en", self.now)):
            assert self.board.items[id].version.text == text

    @rule(target=solutions, problem=questions, author=people, text=texts)
    def propose(self, problem: str, author: str, text: str) -> str:
        self.now += 1
        id = f"s{self.now}"
        public = self.board.items[problem].state == "published"
        assert not self.attempt("propose", lambda: self.board.propose(id, author, problem, text, "en", self.now, None)) or public
        return id

    @rule(id=solutions, person=people, text=texts)
    def amend(self, id: str, person: str, text: str) -> None:
        if self.attempt("amend", lambda: self.board.amend(id, person, text, "en", self.now)):
            assert self.board.solutions[id].author == person

    @rule(id=solutions, person=people)
    def retract(self, id: str, person: str) -> None:
        self.attempt("retract", lambda: self.board.retract(id, person))

    @rule(id=solutions, hide=some.booleans())
    def moderate(self, id: str, hide: bool) -> None:
        if hide:
            self.attempt("hide", lambda: self.board.hide(id, "conduct"))
        else:
            self.attempt("show", lambda: self.board.show(id))

    @rule(id=solutions, person=people, on=some.booleans())
    def support(self, id: str, person: str, on: bool) -> None:
        if self.attempt("support", lambda: self.board.support(id, person, on)):
            assert (person in self.board.solutions[id].support) == on

    @invariant()
    def no_question_is_two_problems_and_no_text_too_many(self) -> None:
        questions = [problem.question for problem in self.board.items.values()]
        assert len(questions) == len(set(questions))
        written = [*self.board.items.values(), *self.board.solutions.values()]
        assert all(1 <= len(one.versions) <= problems.VERSIONS_LIMIT for one in written)


TestBoard = Board.TestCase
TestBoard.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def board() -> Problems:
    made = Problems()
    made.promote("p", "mo", "q", "Who owns the archive?", "en", 1)
    made.publish("p")
    return made


def test_a_draft_takes_no_solutions_and_a_withdrawn_bulletin_takes_no_votes() -> None:
    made = board()
    made.propose("s", "ana", "p", "A trust.", "en", 2, "Ana")
    made.withdraw("p")
    for deed in (lambda: made.propose("t", "ana", "p", "A law.", "en", 3, None), lambda: made.support("s", "ben", True)):
        with pytest.raises(NotHere):
            deed()
    with pytest.raises(Conflict):
        made.revise("p", "Who?", "en", 4)


def test_a_bulletin_whose_words_were_erased_is_not_published_again() -> None:
    made = board()
    made.find("p").versions[-1].text = ""
    made.withdraw("p")
    with pytest.raises(Conflict):
        made.publish("p")


def test_a_version_is_public_once_everyone_could_read_it() -> None:
    made = Problems()
    made.promote("p", "mo", "q", "First.", "en", 1)
    made.revise("p", "Second.", "en", 2)
    made.withdraw("p")
    made.publish("p")
    made.revise("p", "Third.", "en", 3)
    assert [(version.text, version.public) for version in made.find("p").versions] == [
        ("First.", False),
        ("Second.", True),
        ("Third.", True),
    ]


def test_who_withdraws_a_question_takes_their_words_out_of_what_was_not_public() -> None:
    made = Problems()
    made.promote("p", "mo", "q", "Who owns it?", "en", 1, ["Who owns it?"])
    made.revise("p", "Asked: Who owns it? And who pays?", "en", 2)
    made.revise("p", "Ownership.", "en", 3)
    made.find("p").versions[0].translations = {"es": "¿De quién es?"}
    assert made.take_back("another") is None
    assert made.take_back("q") is made.find("p")
    assert [(version.text, version.translations) for version in made.find("p").versions] == [("", {}), ("", {}), ("Ownership.", {})]
    assert made.publish("p").state == "published"


def test_a_draft_without_words_of_its_own_is_not_published_and_does_not_take_the_same_ones_again() -> None:
    made = Problems()
    made.promote("p", "mo", "q", "Who owns it?", "en", 1, ["Who owns it?"])
    made.take_back("q")
    with pytest.raises(Conflict):
        made.publish("p")
    with pytest.raises(Conflict):
        made.revise("p", "Who owns it?", "en", 2, ["Who owns it?"])
    made.revise("p", "Ownership of archives.", "en", 3, ["Who owns it?"])
    assert made.publish("p").version.text == "Ownership of archives."


def test_a_bulletin_that_was_public_keeps_its_text_when_the_question_is_withdrawn() -> None:
    made = Problems()
    made.promote("p", "mo", "q", "Who owns it?", "en", 1, ["Who owns it?"])
    made.publish("p")
    problem = made.take_back("q")
    assert problem is not None
    assert (problem.version.text, problem.state, problem.taken_back) == ("Who owns it?", "published", True)
    made.revise("p", "Who owns it? Nobody.", "en", 2)


def test_what_is_past_a_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = board()
    for number in range(problems.PERSON_LIMIT):
        made.propose(f"s{number}", "ana", "p", f"Plan {number}", "en", 2, None)
    with pytest.raises(TooMany):
        made.propose("more", "ana", "p", "One more", "en", 2, None)
    with pytest.raises(TooLong):
        made.propose("long", "ben", "p", "x" * (problems.SOLUTION_LIMIT + 1), "en", 2, None)
    for number in range(problems.VERSIONS_LIMIT - 1):
        made.amend("s0", "ana", f"Words {number}", "en", 3)
    made.amend("s0", "ana", f"Words {number}", "en", 3)  # says the same: no version
    with pytest.raises(TooMany):
        made.amend("s0", "ana", "Other words", "en", 3)


def test_only_what_a_text_says_now_is_translated() -> None:
    problem = board().items["p"]
    problem.write("Who keeps it?", "en", 2, 100)
    assert not problem.translated("es", "¿De quién es?", "Who owns the archive?")
    assert problem.translated("es", "¿Quién lo guarda?", "Who keeps it?")
    assert [version.translations for version in problem.versions] == [{}, {"es": "¿Quién lo guarda?"}]
