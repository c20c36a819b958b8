"""Formats: picking one fills every rule of a session, and each rule can be another."""

from typing import Any, get_args

import pytest

from sessions import formats
from sessions.errors import FeatureOff, Invalid
from sessions.formats import POLICIES, Format
from sessions.people import RIGHTS, Role

FEATURES = ("questions", "anonymous", "votes", "polls", "reactions", "hands", "chat", "summit")


def test_every_format_has_the_row_that_the_table_shows() -> None:
    rows = [line.split() for line in (formats.__doc__ or "").splitlines()]
    told = {row[0]: row[1:] for row in rows if row and row[0] in get_args(Format)}
    says = {True: "yes", False: "no"}
    assert told == {
        name: [says.get(getattr(policy, feature), getattr(policy, feature)) for feature in FEATURES] for name, policy in POLICIES.items()
    }
    assert set(POLICIES) == set(get_args(Format))
    assert all(policy.format == name for name, policy in POLICIES.items())


def test_each_rule_can_be_another_than_the_format_s() -> None:
    made = formats.policy("lecture", {"hands": "everyone", "turn_seconds": 30})
    assert (made.format, made.hands, made.turn_seconds, made.chat) == ("lecture", "everyone", 30, "nobody")


@pytest.mark.parametrize(
    "changes", [{"dancing": True}, {"hands": "some"}, {"turn_seconds": -1}, {"speech_seconds": 90_000}, {"quorum": -1}, {"quorum": 101}]
)
def test_a_rule_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        formats.policy("forum", changes)


@pytest.mark.parametrize(
    ("feature", "act"),
    [
        ("questions", "question.ask"),
        ("questions", "question.publish"),
        ("votes", "question.vote"),
        ("polls", "poll.vote"),
        ("polls", "poll.open"),
        ("reactions", "reaction.send"),
        ("hands", "floor.raise"),
        ("hands", "floor.invite"),
    ],
)
def test_what_is_off_is_off_for_everyone(feature: str, act: str) -> None:
    off, on = (formats.policy("forum", {feature: who}) for who in ("nobody", "everyone"))
    for role in Role:
        formats.require(on, act, role)
        with pytest.raises(FeatureOff):
            formats.require(off, act, role)


@pytest.mark.parametrize("act", ["question.withdraw", "chat.retract"])
def test_words_are_taken_back_whatever_is_off(act: str) -> None:
    formats.require(formats.policy("forum", {"questions": "nobody", "chat": "nobody"}), act, Role.ATTENDEE)


def test_what_is_for_staff_is_refused_to_the_others_and_their_own_stays_theirs() -> None:
    policy = formats.policy("forum", {"hands": "staff"})
    formats.require(policy, "floor.raise", Role.MODERATOR)
    formats.require(policy, "floor.lower", Role.ATTENDEE)
    with pytest.raises(FeatureOff):
        formats.require(policy, "floor.raise", Role.ATTENDEE)


@pytest.mark.parametrize(
    ("act", "who", "said"),
    [
        ("chat.send", "staff", "the chat is only for staff in this session"),
        ("question.ask", "nobody", "questions are off in this session"),
        ("question.vote", "delegates", "votes on questions are only for delegates in this session"),
        ("floor.raise", "nobody", "raised hands are off in this session"),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(act: str, who: str, said: str) -> None:
    feature = {"chat.send": "chat", "question.ask": "questions", "question.vote": "votes", "floor.raise": "hands"}[act]
    with pytest.raises(FeatureOff, match=f"^{said}$"):
        formats.require(formats.policy("forum", {feature: who}), act, Role.ATTENDEE)


@pytest.mark.parametrize("act", ["summit.ask", "motion.put"])
def test_only_a_summit_does_what_summits_do(act: str) -> None:
    formats.require(formats.policy("summit"), act, Role.MODERATOR)
    with pytest.raises(FeatureOff):
        formats.require(formats.policy("forum"), act, Role.MODERATOR)


@pytest.mark.parametrize("role", list(Role))
def test_who_is_admitted_follows_from_their_rights(role: Role) -> None:
    staff = "staff.read" in RIGHTS[role]
    admitted = {who: formats.admits(who, role) for who in get_args(formats.Who)}
    assert admitted == {"nobody": False, "staff": staff, "delegates": staff or "motion.vote" in RIGHTS[role], "everyone": True}
