"""The token bucket, and the doorkeeper who counts wrong codes with it."""

import time

import pytest

from server import doorkeeper, limits
from server.doorkeeper import WRONG_BURST, Doorkeeper
from server.errors import NotFound, TooMany
from server.limits import Bucket
from sessions.loading import Invite
from sessions.people import Role

INVITES = {code: Invite(code, "summit", Role.ATTENDEE) for code in ("ABC234", "a-Longer_Code")}


def guess(door: Doorkeeper, address: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NotFound):
            door.find(INVITES, "WRONG1", address)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(rate=50, burst=5)
    begun, given = time.monotonic(), 0
    while time.monotonic() - begun < 0.5:
        given += bucket.take()
    assert 5 + 20 <= given <= 5 + 50 * (time.monotonic() - begun)


def test_asking_whether_one_may_costs_nothing() -> None:
    bucket = Bucket(rate=0.001, burst=1)
    assert all(bucket.ready() for _ in range(100))
    assert bucket.take()
    assert not bucket.ready()
    assert not bucket.take()


def test_a_bucket_that_rests_holds_no_more_than_its_burst() -> None:
    bucket = Bucket(rate=1000, burst=2)
    time.sleep(0.02)
    bucket.rate = 0.001
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_a_right_code_opens_in_small_letters_too_and_as_often_as_one_likes() -> None:
    door = Doorkeeper()
    for _ in range(WRONG_BURST * 2):
        assert door.find(INVITES, "abc234", "10.0.0.1") is INVITES["ABC234"]
    assert door.find(INVITES, "a-Longer_Code", "10.0.0.1") is INVITES["a-Longer_Code"]
    with pytest.raises(NotFound):
        door.find(INVITES, "a-longer_code", "10.0.0.1")


def test_who_guesses_is_refused_even_the_right_code_and_nobody_else_is() -> None:
    door = Doorkeeper()
    guess(door, "10.0.0.1", WRONG_BURST)
    for code in ("WRONG1", "ABC234"):
        with pytest.raises(TooMany) as refused:
            door.find(INVITES, code, "10.0.0.1")
        assert refused.value.retry_after == 5
    assert door.find(INVITES, "ABC234", "10.0.0.2").session == "summit"


def test_who_guesses_from_all_addresses_of_an_ipv6_network_is_one() -> None:
    door = Doorkeeper()
    for number in range(WRONG_BURST):
        guess(door, f"2001:db8::{number:x}:1")
    with pytest.raises(TooMany):
        door.find(INVITES, "ABC234", "2001:db8::ffff:ffff")
    assert door.find(INVITES, "ABC234", "2001:db8:0:1::1").session == "summit"


def test_who_waited_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "WRONG_RATE", 20)
    monkeypatch.setattr(doorkeeper, "WRONG_BURST", 2)
    door = Doorkeeper()
    guess(door, "10.0.0.1", 2)
    with pytest.raises(TooMany):
        door.find(INVITES, "ABC234", "10.0.0.1")
    time.sleep(0.07)
    assert door.find(INVITES, "ABC234", "10.0.0.1").session == "summit"


def test_of_many_addresses_the_one_heard_of_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAMES_LIMIT", 2)
    monkeypatch.setattr(doorkeeper, "WRONG_BURST", 2)
    door = Doorkeeper()
    guess(door, "10.0.0.1")
    guess(door, "10.0.0.2", 2)
    guess(door, "10.0.0.1")  # heard of again: now the second is the oldest
    guess(door, "10.0.0.3")
    assert door.find(INVITES, "ABC234", "10.0.0.2").session == "summit"
    with pytest.raises(TooMany):
        door.find(INVITES, "ABC234", "10.0.0.1")
