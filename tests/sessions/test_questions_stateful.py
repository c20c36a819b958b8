"""Any acts in any order by anyone: the three axes never disagree with the tables, and nobody is counted twice or lost."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sessions import asking, merging, moderation, ordering, wording
from sessions.errors import RuleError
from sessions.moderation import Actor, Entry, Log
from sessions.questions import Questions

LEGAL = {
    "publish": {("pending", "published"), ("dismissed", "published")},
    "dismiss": {("pending", "dismissed"), ("published", "dismissed")},
    "archive": {("published", "archived")},
    "restore": {("archived", "published"), ("dismissed", "pending")},
    "edit": {("published", "pending")},
    "appeal": {("dismissed", "pending"), ("pending", "pending"), ("published", "pending")},  # the last two: merged into a dismissed one
    "withdraw": {("pending", "withdrawn"), ("published", "withdrawn"), ("dismissed", "withdrawn")},
}
PEOPLE = ("ana", "ben", "cho", "dia")
people = some.sampled_from(PEOPLE)
MO = Actor("mo", None, "moderator")


class Session(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def open(self) -> None:
        self.questions, self.log, self.now = Questions([]), Log(), 0

    def attempt(self, act: str, deed: Callable[[], object], id: str | None = None) -> bool:
        """Do it or have it refused; what is refused changed nothing, what is done moved by the tables and is a new version."""
        before, facts = deepcopy(self.questions), moderation.facts(self.questions, id)
        try:
            deed()
        except RuleError:
            assert self.questions.items == before.items
            assert (self.questions.stage, self.questions.slow) == (before.stage, before.slow)
            return False
        for one, item in self.questions.items.items():
            old = before.items.get(one)
            if old is None or item == old:
                continue
            assert item.version > old.version or act == "vote"
            if item.state != old.state and act != "undo":
                assert one == id
                assert (old.state, item.state) in LEGAL[act]
        if act not in ("ask", "edit", "appeal", "withdraw", "vote"):
            differs = moderation.changed(facts, moderation.facts(self.questions, id))
            if differs[1]:
                self.log.add(act, 1, MO, *differs, question=id)
        return True

    @rule(target=ids, author=people, text=some.sampled_from(["Why?", "Who owns it?", "كيف؟"]))
    def ask(self, author: str, text: str) -> str:
        self.now += 1
        id = f"q{self.now}"
        self.attempt("ask", lambda: asking.ask(self.questions, id, author, text, "en", self.now * 1000))
        return id

    @rule(id=ids, person=people, on=some.booleans())
    def vote(self, id: str, person: str, on: bool) -> None:
        done = self.attempt("vote", lambda: asking.vote(self.questions, id, person, on))
        if done and on:
            assert self.questions.wants(self.questions.items[id], person)

    @rule(id=ids, person=people, text=some.sampled_from(["How?", "When?"]), act=some.sampled_from(["edit", "appeal", "withdraw"]))
    def author(self, id: str, person: str, text: str, act: str) -> None:
        args: dict[str, tuple[Any, ...]] = {"edit": (text, "en", self.now), "appeal": (text,), "withdraw": ()}
        done = self.known(act, lambda: getattr(asking, act)(self.questions, id, person, *args[act]), id)
        assert not done or self.questions.items[id].author == person

    @rule(id=ids, act=some.sampled_from(["publish", "dismiss", "archive", "restore", "take", "answer", "reopen", "highlight"]))
    def moderate(self, id: str, act: str) -> None:
        args = {"dismiss": ("conduct",), "answer": ("Because.", "en")}
        self.known(act, lambda: getattr(self.questions, act)(id, *args.get(act, ())), id)

    @rule(id=ids, into=ids)
    def merge(self, id: str, into: str) -> None:
        wanted = set[str]()
        for one in (id, into):
            if one in self.questions.items:
                wanted |= self.questions.voters(self.questions.items[one])
        if self.known("merge", lambda: merging.merge(self.questions, id, into), id):
            wanted |= {self.questions.items[id].author}
            assert self.questions.voters(self.questions.items[into]) == wanted

    @rule(id=ids)
    def unmerge(self, id: str) -> None:
        self.known("unmerge", lambda: merging.unmerge(self.questions, id), id)

    @rule(id=ids, text=some.sampled_from(["Pourquoi ?", "Comment ?"]))
    def correct(self, id: str, text: str) -> None:
        self.known("correct", lambda: wording.correct(self.questions, id, "fr", text), id)

    @rule(seconds=some.sampled_from([0, 2, 5000]))
    def slow(self, seconds: int) -> None:
        self.attempt("slow", lambda: self.questions.slow_down(seconds))

    @rule(words=some.lists(some.sampled_from(["why", "how"]), max_size=2))
    def watch(self, words: list[str]) -> None:
        self.attempt("watch", lambda: wording.watch(self.questions, "en", words))

    @rule(back=some.integers(0, 5))
    def undo(self, back: int) -> None:
        entries = list(self.log.entries.values())
        if back >= len(entries):
            return
        entry: Entry = entries[-1 - back]
        if self.attempt("undo", lambda: moderation.undo(self.questions, entry), entry.question):
            now = moderation.facts(self.questions, entry.question)
            assert {name: now.get(name) for name in entry.before} == entry.before or now["stage"] is None

    def known(self, act: str, deed: Callable[[], object], id: str) -> bool:
        return id in self.questions.items and self.attempt(act, deed, id)

    @invariant()
    def the_stage_is_public(self) -> None:
        stage = self.questions.stage
        assert stage is None or self.questions.items[stage].public

    @invariant()
    def the_index_of_merged_ones_is_that_of_the_rows(self) -> None:
        again = Questions(list(self.questions.items.values()))
        for item in self.questions.items.values():
            voters = self.questions.voters(item)
            assert voters == again.voters(item)
            assert len(voters) == self.questions.votes(item)
            assert {person for person in (*PEOPLE, "mo") if self.questions.wants(item, person)} == voters
            assert self.questions.root(item).merged_into is None

    @invariant()
    def what_is_dismissed_has_a_reason(self) -> None:
        assert all(item.reason is not None for item in self.questions.items.values() if item.state == "dismissed")

    @invariant()
    def the_fair_order_holds_each_waiting_question_once(self) -> None:
        waiting = {id for id, item in self.questions.items.items() if item.public and item.answer_state == "unanswered"}
        listed = [item.id for item in ordering.fair(self.questions)]
        assert sorted(listed) == sorted(waiting - {self.questions.stage})


TestSession = Session.TestCase
TestSession.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
