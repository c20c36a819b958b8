"""The chat: who may write when, what moderators take out and bring back, and what is forgotten."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sessions import chat
from sessions.chat import Chat, Facts
from sessions.errors import Conflict, Forbidden, Invalid, NotHere, RuleError, TooLong, TooMany, TooSoon

LEGAL = {("shown", "retracted"), ("hidden", "retracted"), ("shown", "hidden"), ("hidden", "shown")}
people = some.sampled_from(["ana", "ben", "cho"])


class Hall(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def open(self) -> None:
        self.chat, self.now, self.log = Chat(), 1_000_000, list[tuple[Facts, Facts]]()

    def attempt(self, deed: Callable[[], object]) -> bool:
        before = deepcopy((self.chat.items, self.chat.muted, self.chat.slow, self.chat.sent))
        try:
            deed()
        except RuleError:
            assert (self.chat.items, self.chat.muted, self.chat.slow, self.chat.sent) == before
            return False
        moved = {(before[0][id].state, one.state) for id, one in self.chat.items.items() if id in before[0]}
        assert {(old, new) for old, new in moved if old != new} <= LEGAL
        return True

    def moderate(self, id: str | None, deed: Callable[[], object]) -> None:
        known = id is None or id in self.chat.items
        before = self.chat.facts(id) if known else {}
        if self.attempt(deed):
            after = self.chat.facts(id)
            changed = [name for name in after if after[name] != before[name]]
            if changed:
                self.log.append(({name: before[name] for name in changed}, {name: after[name] for name in changed}))

    @rule(target=ids, author=people, wait=some.sampled_from([0, 1_000, 40_000]))
    def send(self, author: str, wait: int) -> str:
        self.now += wait
        id, muted = f"m{self.chat.sent + 1}", author in self.chat.muted
        last = max((one.at for one in self.chat.items.values() if one.author == author), default=-1_000_000)
        done = self.attempt(lambda: self.chat.send(id, author, "Hello", "en", self.now, name=None, role="attendee"))
        assert done == (not muted and self.now - last >= self.chat.slow * 1000)
        return id

    @rule(id=ids, person=people)
    def retract(self, id: str, person: str) -> None:
        if self.attempt(lambda: self.chat.retract(id, person)):
            assert (self.chat.items[id].author, self.chat.items[id].text) == (person, "")

    @rule(id=ids)
    def hide(self, id: str) -> None:
        self.moderate(id, lambda: self.chat.hide(id, "conduct"))

    @rule(id=ids)
    def show(self, id: str) -> None:
        self.moderate(id, lambda: self.chat.show(id))

    @rule(id=ids, on=some.booleans())
    def mute(self, id: str, on: bool) -> None:
        self.moderate(id, lambda: self.chat.mute(id, on))

    @rule(seconds=some.sampled_from([0, 30, 5_000]))
    def slow(self, seconds: int) -> None:
        self.moderate(None, lambda: self.chat.slow_down(seconds))

    @rule(back=some.integers(0, 4))
    def undo(self, back: int) -> None:
        if back < len(self.log):
            before, after = self.log[-1 - back]
            if self.attempt(lambda: self.chat.undo(before, after)):
                now = self.chat.facts(chat.about(after))
                assert {name: now[name] for name in before} == before

    @invariant()
    def what_is_hidden_has_a_reason_and_what_is_shown_has_none(self) -> None:
        assert all((one.reason is not None) == (one.state == "hidden") for one in self.chat.items.values() if one.state != "retracted")


TestHall = Hall.TestCase
TestHall.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def said(*authors: str) -> Chat:
    hall = Chat()
    for number, author in enumerate(authors, 1):
        hall.send(f"m{number}", author, "Hello", "en", number, name=None, role="attendee")
    return hall


def test_the_oldest_message_is_forgotten_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "HISTORY_LIMIT", 2)
    hall = said("ana", "ben")
    assert hall.send("m3", "cho", "Hi", "en", 3, name=None, role="attendee")[1] == "m1"
    assert list(hall.items) == ["m2", "m3"]
    with pytest.raises(NotHere):
        hall.hide("m1", "conduct")


def test_who_is_muted_can_be_let_write_again_however_much_others_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "HISTORY_LIMIT", 3)
    hall = said("ana", "ana", "ben")
    hall.mute("m1", True)
    for number in range(4, 9):
        hall.send(f"m{number}", "ben", "Hi", "en", number, name=None, role="attendee")
    assert list(hall.items) == ["m2", "m7", "m8"]
    hall.mute("m2", False)
    hall.send("m9", "ana", "Thanks", "en", 9, name=None, role="attendee")
    assert list(hall.items) == ["m7", "m8", "m9"]


def test_one_person_does_not_fill_the_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "PERSON_LIMIT", 2)
    hall = said("ana", "ben", "ana")
    with pytest.raises(TooMany):
        hall.send("m4", "ana", "Hi", "en", 4, name=None, role="attendee")
    hall.send("m4", "ben", "Hi", "en", 4, name=None, role="attendee")


def test_slow_mode_says_how_long_to_wait() -> None:
    hall = said("ana")
    hall.slow_down(30)
    with pytest.raises(TooSoon) as refused:
        hall.send("m2", "ana", "Hi", "en", 10_001, name=None, role="attendee")
    assert refused.value.wait == 20
    with pytest.raises(Invalid):
        hall.slow_down(-1)


def test_who_is_muted_writes_nothing_and_a_long_message_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = said("ana", "ben", "ana")
    assert [one.id for one in hall.mute("m1", True)] == ["m1", "m3"]
    with pytest.raises(Forbidden):
        hall.send("m4", "ana", "Hi", "en", 10, name=None, role="attendee")
    with pytest.raises(TooLong):
        hall.send("m4", "ben", "👩‍🚀" * 301, "en", 10, name=None, role="attendee")
    hall.send("m4", "ben", "👩‍🚀" * 300, "en", 10, name=None, role="attendee")
    monkeypatch.setattr(chat, "MESSAGES_LIMIT", 4)
    with pytest.raises(TooMany):
        hall.send("m5", "ben", "Hi", "en", 10, name=None, role="attendee")


def test_a_translation_of_words_that_are_gone_is_not_kept() -> None:
    hall = said("ana")
    assert hall.items["m1"].translated("es", "Hola", "Hello")
    hall.retract("m1", "ana")
    assert not hall.items["m1"].translated("fr", "Bonjour", "Hello")
    with pytest.raises(Conflict):
        hall.hide("m1", "conduct")
