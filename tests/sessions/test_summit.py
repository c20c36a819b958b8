"""A summit in any order of acts: time is neither lost nor counted twice, and whoever spoke least is next."""

from collections.abc import Callable
from copy import deepcopy

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sessions import formats
from sessions.errors import Conflict, Invalid, NotHere, NotYet, RuleError
from sessions.formats import SessionPolicy
from sessions.summit import Account, Summit

SEATS = ("ar", "br", "cn", "dk")
POLICY = formats.policy("summit", {"speech_seconds": 60, "account_seconds": 100, "point_seconds": 30})
seats = some.sampled_from(SEATS)


class Chamber(RuleBasedStateMachine):
    @initialize(wait=some.booleans())
    def open(self, wait: bool) -> None:
        self.policy: SessionPolicy = msgspec.structs.replace(POLICY, wait=wait)
        self.summit = Summit({seat: Account() for seat in SEATS})
        self.now = 1_000_000
        self.ran = dict.fromkeys(SEATS, 0)
        """ms that each seat was seen to speak, points of order aside."""

    def attempt(self, deed: Callable[[], object]) -> bool:
        """Do it or have it refused; what is refused changed nothing."""
        before = deepcopy(self.summit)
        try:
            deed()
        except RuleError:
            assert self.summit == before
            return False
        return True

    @rule(ms=some.integers(0, 40_000))
    def pass_time(self, ms: int) -> None:
        speech = self.summit.speech
        if speech is not None and speech.state == "speaking" and not speech.point:
            self.ran[speech.seat] += ms
        self.now += ms

    @rule(on=some.booleans())
    def roll(self, on: bool) -> None:
        self.summit.call_roll(on)

    @rule(seat=seats)
    def answer(self, seat: str) -> None:
        assert self.attempt(lambda: self.summit.answer(seat)) == self.summit.roll

    @rule(seat=seats, present=some.booleans())
    def mark(self, seat: str, present: bool) -> None:
        self.summit.mark(seat, present)
        assert present or (seat not in self.summit.queue and seat not in self.summit.points)

    @rule(seat=seats, on=some.booleans())
    def ask(self, seat: str, on: bool) -> None:
        done = self.attempt(lambda: self.summit.ask(seat, on, self.now))
        assert done == (not on or self.summit.accounts[seat].present)

    @rule(seat=seats, deny=some.booleans())
    def point(self, seat: str, deny: bool) -> None:
        self.attempt(lambda: self.summit.deny(seat) if deny else self.summit.point(seat))

    @rule(seat=seats | some.none())
    def call(self, seat: str | None) -> None:
        points, queue, before = list(self.summit.points), self.summit.queue, deepcopy(self.summit.speech)
        if not self.attempt(lambda: self.summit.call(self.policy, self.now, seat)):
            return
        speech = self.summit.speech
        assert speech is not None
        assert speech.seat == (seat or [*points, *queue][0])
        assert (speech.state, speech.point) == ("waiting", speech.seat in points)
        if before is not None and before.state != "over":
            assert speech.point
            assert self.summit.aside is not None
            assert self.summit.aside.state in ("waiting", "paused")

    @rule()
    def start(self) -> None:
        self.attempt(lambda: self.summit.start(self.now))

    @rule()
    def pause(self) -> None:
        self.attempt(lambda: self.summit.pause(self.now))

    @rule()
    def end(self) -> None:
        self.attempt(lambda: self.summit.end(self.policy, self.now))

    @rule(lang=some.sampled_from(["es", "zh"]), seconds=some.sampled_from([0, 4, 9, 61]))
    def declare(self, lang: str, seconds: int) -> None:
        self.attempt(lambda: self.summit.declare(lang, seconds))

    @invariant()
    def accounts_hold_what_was_spoken(self) -> None:
        for seat, account in self.summit.accounts.items():
            speech = self.summit.speech
            running = speech is not None and speech.seat == seat and not speech.point and speech.state == "speaking"
            spent = account.spent + (speech.elapsed(self.now) - speech.spent if running and speech is not None else 0)
            assert spent == self.ran[seat]

    @invariant()
    def the_queue_is_by_least_time(self) -> None:
        spent = [self.summit.accounts[seat].spent for seat in self.summit.queue]
        assert spent == sorted(spent)

    @invariant()
    def the_rows_say_all_of_it(self) -> None:
        assert msgspec.convert(msgspec.to_builtins(self.summit), Summit) == self.summit


TestChamber = Chamber.TestCase
TestChamber.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def chamber(*present: str) -> Summit:
    summit = Summit({seat: Account() for seat in SEATS})
    for seat in present or SEATS:
        summit.mark(seat, True)
    return summit


def speak(summit: Summit, seat: str, at: int, ms: int) -> None:
    summit.call(POLICY, at, seat)
    summit.start(at)
    summit.end(POLICY, at + ms)


def test_who_spoke_least_is_next_and_among_equals_who_asked_first() -> None:
    summit = chamber()
    speak(summit, "ar", 0, 20_000)
    speak(summit, "br", 30_000, 5_000)
    for number, seat in enumerate(("ar", "br", "dk", "cn")):
        summit.ask(seat, True, 40_000 + number)
    assert summit.queue == ["dk", "cn", "br", "ar"]
    assert summit.call(POLICY, 50_000).seat == "dk"


def test_a_speech_counts_down_from_what_is_left_of_the_seat_s_account() -> None:
    summit = chamber()
    assert summit.call(POLICY, 0, "ar").limit == 60_000
    summit.start(0)
    summit.end(POLICY, 70_000)
    assert summit.call(POLICY, 80_000, "ar").limit == 30_000
    summit.start(80_000)
    summit.end(POLICY, 115_000)
    with pytest.raises(Conflict, match="no time left"):
        summit.call(POLICY, 120_000, "ar")


def test_a_point_of_order_interrupts_and_costs_its_seat_nothing() -> None:
    summit = chamber()
    summit.call(POLICY, 0, "ar")
    summit.start(0)
    with pytest.raises(Conflict, match="has the floor"):
        summit.call(POLICY, 5_000, "cn")
    summit.ask("cn", True, 6_000)
    summit.point("br")
    speech = summit.call(POLICY, 10_000)
    assert (speech.seat, speech.point, speech.limit) == ("br", True, 30_000)
    summit.start(10_000)
    assert summit.end(POLICY, 25_000).seat == "br"
    assert summit.speech is not None
    assert (summit.speech.seat, summit.speech.state, summit.speech.spent) == ("ar", "paused", 10_000)
    assert (summit.accounts["ar"].spent, summit.accounts["br"].spent) == (10_000, 0)
    summit.start(30_000)
    summit.end(POLICY, 35_000)
    assert summit.accounts["ar"].spent == 15_000


def test_the_next_speech_waits_for_the_slowest_interpreter() -> None:
    summit = chamber()
    summit.declare("es", 3)
    summit.declare("zh", 8)
    speak(summit, "ar", 0, 10_000)
    summit.call(POLICY, 11_000, "br")
    with pytest.raises(NotYet) as early:
        summit.start(12_500)
    assert early.value.wait == 6
    summit.point("cn")
    assert (summit.call(POLICY, 13_000).seat, summit.start(13_000).state) == ("cn", "speaking"), "a point waits for nobody"
    summit.end(POLICY, 13_000)
    with pytest.raises(NotYet):
        summit.start(13_000)
    summit.start(18_000)
    summit.declare("zh", 0)
    summit.end(POLICY, 20_000)
    assert summit.free_at == 23_000


def test_a_speech_that_a_point_interrupted_goes_on_when_the_point_was_interpreted() -> None:
    summit = chamber()
    summit.declare("zh", 8)
    summit.call(POLICY, 0, "br")
    summit.start(0)
    summit.point("cn")
    summit.call(POLICY, 5_000)
    summit.start(5_000)
    assert summit.end(POLICY, 6_000).seat == "cn"
    with pytest.raises(NotYet):
        summit.start(13_999)
    assert (summit.start(14_000).seat, summit.speech and summit.speech.state) == ("br", "speaking")


def test_a_clock_that_does_not_wait_lets_the_next_one_speak_at_once() -> None:
    summit, policy = chamber(), msgspec.structs.replace(POLICY, wait=False)
    summit.declare("zh", 8)
    summit.call(policy, 0, "ar")
    summit.start(0)
    summit.end(policy, 1_000)
    summit.call(policy, 1_000, "br")
    assert summit.start(1_000).state == "speaking"


def test_the_roll_finds_who_is_present_and_whether_they_are_enough() -> None:
    summit = chamber()
    summit.call_roll(True)
    assert summit.present == []
    summit.answer("ar")
    summit.answer("cn")
    assert not summit.quorate(POLICY)
    assert summit.quorate(msgspec.structs.replace(POLICY, quorum=2))
    summit.mark("dk", True)
    summit.call_roll(False)
    assert summit.present == ["ar", "cn", "dk"]
    assert summit.quorate(POLICY)
    with pytest.raises(Conflict):
        summit.answer("br")


def test_who_may_vote_is_known_when_the_roll_has_been_called() -> None:
    summit = chamber("ar", "cn")
    with pytest.raises(Conflict, match="no quorum: 3 seats"):
        summit.entitled(POLICY)
    summit.call_roll(True)
    for seat in ("ar", "cn", "dk"):
        summit.answer(seat)
    with pytest.raises(Conflict, match="the roll is being called"):
        summit.entitled(POLICY)
    summit.call_roll(False)
    assert summit.entitled(POLICY) == ["ar", "cn", "dk"]


def test_nobody_raises_a_point_of_order_against_themselves() -> None:
    summit = chamber()
    summit.call(POLICY, 0, "ar")
    summit.point("br")
    with pytest.raises(Conflict, match="seat ar has the floor itself"):
        summit.point("ar")
    summit.start(0)
    summit.call(POLICY, 1)
    for seat in ("ar", "br"):  # one was interrupted, one interrupts
        with pytest.raises(Conflict, match=f"seat {seat} has the floor itself"):
            summit.point(seat)
    summit.end(POLICY, 2)
    summit.end(POLICY, 3)
    assert summit.point("ar")


def test_an_absent_seat_wants_nothing() -> None:
    summit = chamber("ar")
    summit.ask("ar", True, 1)
    summit.point("ar")
    summit.mark("ar", False)
    assert (summit.queue, summit.points) == ([], [])
    for deed in (lambda: summit.ask("br", True, 2), lambda: summit.point("br"), lambda: summit.call(POLICY, 2, "br")):
        with pytest.raises(Conflict, match="absent"):
            deed()


def test_what_is_not_there_is_said_to_be_not_there() -> None:
    summit = chamber()
    for deed in (
        lambda: summit.mark("xx", True),
        lambda: summit.deny("ar"),
        lambda: summit.start(1),
        lambda: summit.pause(1),
        lambda: summit.end(POLICY, 1),
        lambda: summit.call(POLICY, 1),
    ):
        with pytest.raises(NotHere):
            deed()
    with pytest.raises(Invalid):
        summit.declare("es", 61)
