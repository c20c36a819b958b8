"""What each role may do, held against the commands there are."""

from typing import get_args

import pytest

from server import wire
from server.commands import HANDLERS
from sessions.people import CAPTION, CURATE, PUBLISH, RIGHTS, RUN_POLLS, Role

ACTS = {command.__struct_config__.tag for command in get_args(wire.Command)} - {"channel.subscribe", "channel.unsubscribe"}
"""Following a channel is no right of its own: which ones, the roles' reading rights say."""

OTHER_RIGHTS = {
    "programme.edit",
    "dashboard.read",
    "export.read",
    "session.read",
    "staff.read",
    "invite.read",
    "caption.read",
    "media.watch",
    "media.publish",
    "media.interpret",
    "media.air",
}


@pytest.mark.parametrize("act", sorted(ACTS))
def test_somebody_may_do_each_command(act: str) -> None:
    assert any(act in rights for rights in RIGHTS.values())


def test_each_command_has_a_handler() -> None:
    assert {command.__struct_config__.tag for command in HANDLERS} == ACTS


def test_every_right_is_a_command_or_a_known_use() -> None:
    assert frozenset().union(*RIGHTS.values()) == ACTS | OTHER_RIGHTS


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == set(Role)
    assert all(RIGHTS.values())


@pytest.mark.parametrize("role", [Role.ATTENDEE, Role.INTERPRETER, Role.SCREEN])
def test_the_audience_curates_runs_and_publishes_nothing(role: Role) -> None:
    assert not RIGHTS[role] & (CURATE | RUN_POLLS | CAPTION | PUBLISH)


def test_a_screen_in_the_hall_only_watches() -> None:
    assert not RIGHTS[Role.SCREEN] & ACTS


def test_an_encoder_only_publishes() -> None:
    assert RIGHTS[Role.PUBLISHER] == {"media.publish"}


@pytest.mark.parametrize("role", [role for role in Role if RIGHTS[role] & CURATE - {"staff.read"}])
def test_who_handles_questions_or_polls_may_see_those_that_others_cannot(role: Role) -> None:
    assert "staff.read" in RIGHTS[role]


def test_nobody_but_the_organiser_sees_the_links_that_let_others_in() -> None:
    assert [role for role in Role if "invite.read" in RIGHTS[role]] == [Role.ORGANISER]
