"""`floor.*`: what each command does to the hands, their rows, and the stage."""

import secrets
import time
from collections.abc import Callable
from functools import partial

from msgspec import structs

from server import wire
from server.commands.context import Context
from server.commands.deed import expect_stage, logged
from server.live import Change, Outcome
from server.patch import Doc, difference
from server.wire import UpdateType
from sessions.floor import Floor, Hand
from sessions.people import require_not_above
from sessions.store import Write


def raise_hand(context: Context, command: wire.FloorRaise) -> Outcome:
    caller, id = context.caller, secrets.token_urlsafe(9)

    def rule(floor: Floor) -> list[Hand]:
        hand = floor.raise_hand(id, caller.person, caller.lang, _now(), caller.name, caller.role.value)
        return [hand] if hand.id == id else []

    return act(context, "floor.raised", rule)


def lower(context: Context, command: wire.FloorLower) -> Outcome:
    return act(context, "floor.lowered", lambda floor: [floor.lower(context.caller.person)])


def accept(context: Context, command: wire.FloorAccept) -> Outcome:
    return act(context, "floor.accepted", lambda floor: [floor.accept(context.caller.person)])


def decline(context: Context, command: wire.FloorDecline) -> Outcome:
    return act(context, "floor.lowered", lambda floor: [floor.decline(context.caller.person)])


def leave(context: Context, command: wire.FloorLeave) -> Outcome:
    return act(context, "floor.cleared", lambda floor: [floor.leave(context.caller.person)])


def invite(context: Context, command: wire.FloorInvite) -> Outcome:
    return act(context, "floor.invited", lambda floor: [floor.invite(command.hand)], "floor.invite")


def order(context: Context, command: wire.FloorOrder) -> Outcome:
    return act(context, "floor.ordered", lambda floor: floor.order(command.hand, command.before), "floor.order")


def dismiss(context: Context, command: wire.FloorDismiss) -> Outcome:
    _require_not_above(context, context.live.podium.floor.find(command.hand))
    return act(context, "floor.lowered", lambda floor: [floor.dismiss(command.hand)], "floor.dismiss")


def call(context: Context, command: wire.FloorCall) -> Outcome:
    guest = context.live.podium.floor.guest
    there = guest.id if guest is not None else None
    expect_stage(there, command.expected_hand, command.hand)
    if guest is not None and there != command.hand:
        _require_not_above(context, guest)
    return act(context, "floor.called", lambda floor: floor.call(command.hand, _now()), "floor.call")


def down(context: Context, command: wire.FloorDown) -> Outcome:
    guest = context.live.podium.floor.guest
    if guest is not None:
        _require_not_above(context, guest)
    return act(context, "floor.cleared", lambda floor: [floor.down(command.hand)], "floor.down")


def _require_not_above(context: Context, hand: Hand) -> None:
    require_not_above(hand.role, context.caller.role)


def act(context: Context, type: UpdateType, rule: Callable[[Floor], list[Hand]], log: str | None = None) -> Outcome:
    """Run a rule, which returns whose hands it changed. Each owner is told their own, and their place when others left the queue.

    What staff does is logged as `log`, without whose hand it was.
    """
    session, podium = context.live.session.id, context.live.podium
    before = podium.hands()
    changed = rule(podium.floor)
    if not changed:
        return Outcome()
    change = Change(type, podium=True, desk=log is not None)
    outcome = Outcome([_write(session, hand) for hand in changed], change, mine=_mine(before, podium.hands()))
    if log is not None:
        outcome.writes.append(logged(context, log))
    if any(hand.state == "done" for hand in changed):
        outcome.after = partial(context.stages.clear, session)
    return outcome


def _mine(before: dict[str, Doc], after: dict[str, Doc]) -> dict[str, Doc]:
    mine: dict[str, Doc] = {}
    for person in before.keys() | after.keys():
        was, now = ({"hand": hands[person]} if person in hands else {} for hands in (before, after))
        if patch := difference(was, now):
            mine[person] = patch
    return mine


def _write(session: str, hand: Hand) -> Write:
    return Write("hand", {"session": session} | structs.asdict(hand))


def _now() -> int:
    return time.time_ns() // 1_000_000
