"""Polls: what may happen when, and counts that never drift from the ballots."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sessions import kinds
from sessions.errors import Closed, Conflict, Invalid, NotHere, RuleError, TooLong, TooMany
from sessions.forms import TEXT_LIMIT
from sessions.kinds.form import Form, State
from sessions.polls import HELD_LIMIT, HIDDEN, POLLS_LIMIT, Poll, Polls
from tests.sessions.making import form, poll

MOVES: dict[str, dict[str, str]] = {
    "open": {"draft": "open", "open": "open", "paused": "open", "closed": "open"},
    "pause": {"open": "paused", "paused": "paused"},
    "close": {"open": "closed", "paused": "closed", "closed": "closed"},
    "reveal": {"closed": "published", "published": "published"},
    "archive": {"closed": "archived", "published": "archived", "archived": "archived"},
    "reset": {"open": "draft", "paused": "draft", "closed": "draft", "published": "draft", "archived": "draft"},
    "delete": {"draft": "draft"},
}
"""By command: from which state to which; from any other it is refused."""


def act(polls: Polls, name: str, id: str = "p1", now: int = 1_000) -> Poll:
    move: Callable[..., Poll] = getattr(polls, name)
    return move(id, now) if name in ("open", "pause", "close") else move(id)


def counts(item: Poll) -> dict[str, int]:
    return {option: count for option, count in item.tally.result().counts.items() if count}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", get_args(State))
def test_a_poll_goes_its_way_and_saying_it_twice_is_no_error(name: str, state: str) -> None:
    polls = Polls([poll(state=state)])
    if state in MOVES[name]:
        assert act(polls, name).state == MOVES[name][state]
    else:
        with pytest.raises(Conflict):
            act(polls, name)
        assert polls.find("p1").state == state


@pytest.mark.parametrize("state", [state for state in get_args(State) if state not in ("open", *HIDDEN)])
def test_a_poll_takes_ballots_only_while_it_is_open(state: str) -> None:
    polls = Polls([poll(state=state)])
    with pytest.raises(Closed, match=state):
        polls.vote("p1", "ana", ["a"], 1)
    assert polls.find("p1").ballots == {}


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_who_votes_in_a_poll_out_of_sight_does_not_learn_that_it_exists(state: str) -> None:
    polls = Polls([poll(state=state)])
    with pytest.raises(NotHere) as there:
        polls.vote("p1", "ana", ["a"], 1)
    with pytest.raises(NotHere) as absent:
        polls.vote("p9", "ana", ["a"], 1)
    assert str(there.value).replace("p1", "p9") == str(absent.value)


def test_a_second_ballot_replaces_the_first() -> None:
    polls = Polls([poll()])
    polls.vote("p1", "ana", ["a"], 1)
    item = polls.vote("p1", "ana", ["b"], 2)
    assert counts(item) == {"b": 1}
    assert item.ballots == {"ana": ["b"]}


def test_a_first_ballot_that_is_final_stays_and_may_be_said_again() -> None:
    polls = Polls([poll(revote="final")])
    polls.vote("p1", "ana", ["a"], 1)
    polls.vote("p1", "ana", ["a"], 2)
    with pytest.raises(Conflict, match="final"):
        polls.vote("p1", "ana", ["b"], 3)
    assert counts(polls.find("p1")) == {"a": 1}


def test_a_wrong_ballot_is_refused_and_the_one_before_stays() -> None:
    polls = Polls([poll(kind="multiple", rules={"max_choices": 2})])
    polls.vote("p1", "ana", ["a", "b"], 1)
    for wrong in ([], ["a", "b", "c"], ["a", "a"], ["x"], "a", 1, {"a": 1}):
        with pytest.raises(Invalid):
            polls.vote("p1", "ana", wrong, 2)  # type: ignore[arg-type]
    item = polls.find("p1")
    assert (counts(item), item.ballots, item.version) == ({"a": 1, "b": 1}, {"ana": ["a", "b"]}, 1)


def test_a_clock_stops_while_a_poll_is_paused_and_ends_it() -> None:
    polls = Polls([poll(state="draft", rules={"seconds": 10})])
    polls.open("p1", 0)
    polls.vote("p1", "ana", ["a"], 10_000)
    with pytest.raises(Closed, match="over"):
        polls.vote("p1", "ben", ["a"], 10_001)
    polls.pause("p1", 4_000)
    polls.open("p1", 100_000)
    polls.vote("p1", "ben", ["a"], 106_000)
    with pytest.raises(Closed, match="over"):
        polls.vote("p1", "cem", ["a"], 106_001)


def test_a_clock_stops_at_the_pause_even_when_the_poll_is_closed_from_it() -> None:
    polls = Polls([poll(state="draft", rules={"seconds": 10})])
    polls.open("p1", 0)
    polls.pause("p1", 4_000)
    polls.close("p1", 9_000)
    assert polls.open("p1", 50_000).elapsed(50_000) == 4_000


def test_ballots_stay_when_a_poll_opens_again() -> None:
    polls = Polls([poll()])
    polls.vote("p1", "ana", ["a"], 1)
    polls.close("p1", 2)
    polls.open("p1", 3)
    assert counts(polls.vote("p1", "ben", ["b"], 4)) == {"a": 1, "b": 1}


def test_a_reset_begins_a_round_without_ballots() -> None:
    polls = Polls([poll()])
    polls.vote("p1", "ana", ["a"], 1)
    version = polls.find("p1").version
    item = polls.reset("p1")
    assert (item.state, item.round, item.ballots, counts(item), item.opened_at) == ("draft", 2, {}, {}, None)
    assert item.version > version
    with pytest.raises(Conflict):
        polls.delete("p1")


class TestForms:
    def test_a_new_poll_is_a_draft_behind_the_others(self) -> None:
        polls = Polls([poll("one"), poll("two")])
        item = polls.create("three", form())
        assert (item.state, item.order, polls.items["three"]) == ("draft", 2, item)

    def test_a_session_has_only_so_many(self) -> None:
        polls = Polls([poll(str(number)) for number in range(POLLS_LIMIT)])
        with pytest.raises(TooMany):
            polls.create("more", form())

    @pytest.mark.parametrize(
        ("made", "error"),
        [
            (form(options="a"), Invalid),
            (form(options="aa"), Invalid),
            (form("multiple", rules={"max_choices": 4}), Invalid),
            (form("multiple", rules={"min_choices": 3, "max_choices": 2}), Invalid),
            (form("ranking", rules={"max_choices": 0}), Invalid),
            (form("image", rules={"image": "javascript:alert(1)"}), Invalid),
            (form("rating", rules={"low": 1, "high": 100}), Invalid),
            (form("numeric", rules={"low": 5, "high": 5}), Invalid),
            (form("words", rules={"max_choices": 11}), Invalid),
            (form("quiz", rules={"seconds": 20}), Invalid),
            (form("quiz", rules={"correct": ["a"]}), Invalid),
            (form("quiz", rules={"seconds": 20, "correct": ["x"]}), Invalid),
            (form("point"), Invalid),
            (form("budget", rules={"budget": 0}), Invalid),
            (form("words", anonymity="secret"), Invalid),
            (form(rules={"seconds": -1}), Invalid),
            (form(pair="nobody"), NotHere),
        ],
    )
    def test_a_form_nobody_could_vote_by_is_refused(self, made: Form, error: type[RuleError]) -> None:
        polls = Polls([])
        with pytest.raises(error):
            polls.create("p1", made)
        assert polls.items == {}

    def test_its_texts_are_clean_and_their_tags_usual(self) -> None:
        polls = Polls([])
        made = Form(kind="rating", texts={"PT-br": "  Olá\u202e "})
        assert polls.create("p1", made).form.texts == {"pt-BR": "Olá"}
        with pytest.raises(TooLong):
            polls.create("p2", Form(kind="rating", texts={"en": "x" * (TEXT_LIMIT + 1)}))
        with pytest.raises(Invalid):
            polls.create("p2", Form(kind="rating", texts={}))

    def test_yes_and_no_need_no_words_of_their_own(self) -> None:
        item = Polls([]).create("p1", Form(kind="yesno", texts={"en": "Shall we?"}))
        assert [option.id for option in item.form.options] == ["yes", "no", "abstain"]

    def test_what_there_is_to_answer_is_frozen_by_the_first_answer(self) -> None:
        polls = Polls([poll()])
        assert polls.edit("p1", form(options="abcd")).form == form(options="abcd")
        polls.vote("p1", "ana", ["d"], 1)
        for other in (form(options="abc"), form("multiple", options="abcd"), form(options="abcd", revote="final")):
            with pytest.raises(Conflict, match="frozen"):
                polls.edit("p1", other)
        changed = form(options="abcd", results_visibility="always")
        item = polls.edit("p1", changed)
        assert (item.form, counts(item)) == (changed, {"d": 1})

    def test_how_anonymous_a_poll_is_cannot_change_once_it_is_open(self) -> None:
        polls = Polls([poll(state="draft")])
        polls.edit("p1", form(anonymity="secret"))
        polls.open("p1", 1)
        for other in ("named", "pseudonymous"):
            with pytest.raises(Conflict, match="anonymous"):
                polls.edit("p1", form(anonymity=other))

    def test_a_pair_asks_for_the_same_answers(self) -> None:
        polls = Polls([poll("before")])
        assert polls.create("after", form(pair="before")).form.pair == "before"
        for other in (form(options="ab", pair="before"), form("ranking", rules={"max_choices": 2}, pair="before")):
            with pytest.raises(Invalid, match="same answers"):
                polls.create("other", other)
        with pytest.raises(Invalid):
            polls.edit("before", form(pair="before"))


def test_a_named_poll_knows_its_voters_names_and_no_other_does() -> None:
    polls = Polls([poll("named", anonymity="named"), poll("other")])
    for id in polls.items:
        polls.vote(id, "ana", ["a"], 1, "Ana")
    assert (polls.find("named").names, polls.find("other").names) == ({"ana": "Ana"}, {})


def test_a_moderator_holds_and_releases_words(monkeypatch: pytest.MonkeyPatch) -> None:
    polls = Polls([poll(kind="words", rules={"max_choices": 3})])
    polls.vote("p1", "ana", ["Cinema", "buy at www.example.net", "More"], 1)
    result = polls.find("p1").tally.result
    assert list(result().held) == ["buy at www.example.net"], "an address waits for a moderator"
    polls.hold("p1", "CINEMA", True)
    polls.hold("p1", "buy at www.example.net", False)
    assert list(result().held) == ["cinema"]
    monkeypatch.setattr("sessions.polls.HELD_LIMIT", 2)
    with pytest.raises(TooMany):
        polls.hold("p1", "more", True)
    with pytest.raises(NotHere, match="nobody said this"):
        polls.hold("p1", "never said", True)
    polls.vote("p1", "ana", ["More"], 1)
    polls.hold("p1", "cinema", False)  # what was held can be released, also when nobody says it now
    assert list(polls.find("p1").held.values()) == [False, False]
    assert HELD_LIMIT > 2


def test_only_words_are_held() -> None:
    with pytest.raises(Invalid):
        Polls([poll()]).hold("p1", "a", True)


def test_the_leaders_of_all_quizzes_so_far_are_known_when_one_closes() -> None:
    quiz = {"kind": "quiz", "rules": {"seconds": 20, "correct": ["a"]}}
    polls = Polls([poll("one", anonymity="named", **quiz), poll("two", **quiz)])
    polls.vote("one", "ana", ["a"], 10_000, "Ana")
    polls.vote("one", "ben", ["b"], 0, "Ben")
    polls.vote("one", "cem", ["a"], 0)
    assert polls.find("one").leaders == [], "not before it is over"
    first = polls.close("one", 20_000).leaders
    assert [(leader.name, leader.score) for leader in first[1:]] == [("Ana", 750)]
    assert first[0].score == 1000
    assert first[0].name.startswith("#"), "a player without a name is a sign"
    polls.vote("two", "ana", ["a"], 0)
    second = polls.close("two", 20_000).leaders
    assert (second[0].name, second[0].score) == ("Ana", 1750)
    assert Polls(list(polls.items.values())).find("two").leaders == second, "a restart says the same"


def test_there_is_no_such_poll() -> None:
    with pytest.raises(NotHere):
        Polls([]).vote("p1", "ana", ["a"], 1)


class Machine(RuleBasedStateMachine):
    """Any commands in any order: the tally is the ballots', the ballots are those of the last round, and what is frozen stays."""

    def __init__(self) -> None:
        super().__init__()
        self.polls = Polls([poll(state="draft", options="abcd", kind="multiple", rules={"max_choices": 3})])
        self.wanted: dict[str, list[str]] = {}
        self.now = 0

    @property
    def item(self) -> Poll:
        return self.polls.find("p1")

    @rule(name=some.sampled_from(["open", "pause", "close", "reveal", "archive", "reset"]))
    def move(self, name: str) -> None:
        self.now += 1
        allowed = self.item.state in MOVES[name]
        try:
            act(self.polls, name, now=self.now)
        except Conflict:
            assert not allowed
        else:
            assert allowed
            if name == "reset":
                self.wanted = {}

    @rule(person=some.sampled_from("vwxyz"), given=some.lists(some.sampled_from("abcd?"), max_size=4))
    def vote(self, person: str, given: list[str]) -> None:
        version = self.item.version
        try:
            self.polls.vote("p1", person, given, self.now)
        except RuleError:
            assert self.item.version == version
        else:
            assert self.item.version > version
            self.wanted[person] = given

    @rule(options=some.sampled_from(["abcd", "abcde"]), visibility=some.sampled_from(["always", "moderators"]))
    def edit(self, options: str, visibility: str) -> None:
        before = self.item.form
        try:
            self.polls.edit("p1", form("multiple", options, rules={"max_choices": 3}, results_visibility=visibility))
        except Conflict:
            assert self.item.form == before
        else:
            assert not self.wanted or self.item.form.options == before.options

    @invariant()
    def counts_are_those_of_the_ballots(self) -> None:
        assert self.item.ballots == self.wanted
        assert self.item.tally.result() == kinds.count(self.item.form, list(self.wanted.values())).result()


class TestMachine(Machine.TestCase):  # type: ignore[name-defined, misc]
    settings: Any = settings(deadline=None, max_examples=60, stateful_step_count=40)
