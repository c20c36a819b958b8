"""`summit.*` and `motion.*`: what each command does to the summit, its rows and its record. What the chair does is logged as well."""

import secrets
import time
from typing import Any

import msgspec

from server import wire
from server.commands.context import Context
from server.commands.deed import logged
from server.errors import Forbidden
from server.live import Change, Outcome
from server.wire import UpdateType
from sessions.errors import Invalid
from sessions.motions import Motion
from sessions.record import Entry
from sessions.store import Write
from sessions.summit import Summit


def roll(context: Context, command: wire.SummitRoll) -> Outcome:
    _summit(context).call_roll(command.on)
    return _done(context, "summit.rolled", "summit.roll", by_chair="summit.roll")


def answer(context: Context, command: wire.SummitAnswer) -> Outcome:
    _summit(context).answer(_seat(context))
    return _done(context, "summit.rolled", "summit.answer", _seat(context))


def mark(context: Context, command: wire.SummitMark) -> Outcome:
    _summit(context).mark(command.seat, command.present)
    return _done(context, "summit.rolled", "summit.mark", command.seat, by_chair="summit.mark")


def ask(context: Context, command: wire.SummitAsk) -> Outcome:
    _summit(context).ask(_seat(context), command.on, _now())
    return _done(context, "summit.asked")


def point(context: Context, command: wire.SummitPoint) -> Outcome:
    if not _summit(context).point(_seat(context)):
        return Outcome()
    return _done(context, "summit.asked", "summit.point", _seat(context))


def deny(context: Context, command: wire.SummitDeny) -> Outcome:
    _summit(context).deny(command.seat)
    return _done(context, "summit.asked", "summit.deny", command.seat, by_chair="summit.deny")


def call(context: Context, command: wire.SummitCall) -> Outcome:
    speech = _summit(context).call(context.live.podium.policy, _now(), command.seat)
    return _done(context, "summit.called", "summit.call", speech.seat, by_chair="summit.call")


def start(context: Context, command: wire.SummitStart) -> Outcome:
    _summit(context).start(_now())
    return _done(context, "summit.started", by_chair="summit.start")


def pause(context: Context, command: wire.SummitPause) -> Outcome:
    _summit(context).pause(_now())
    return _done(context, "summit.paused", by_chair="summit.pause")


def end(context: Context, command: wire.SummitEnd) -> Outcome:
    speech = _summit(context).end(context.live.podium.policy, _now())
    return _done(context, "summit.ended", "summit.end", speech.seat, by_chair="summit.end")


def declare(context: Context, command: wire.SummitDeclare) -> Outcome:
    if command.lang not in context.live.session.interpreted:
        raise Invalid(f"this session is not interpreted into {command.lang}")
    _summit(context).declare(command.lang, command.seconds)
    return _done(context, "summit.declared")


def put(context: Context, command: wire.MotionPut) -> Outcome:
    podium = context.live.podium
    entitled, seats = podium.summit.entitled(podium.policy), len(podium.summit.accounts)
    motion = podium.motions.put(secrets.token_urlsafe(9), command.texts, command.majority, entitled, seats)
    outcome = _moved(context, motion, "motion.put", "motion.put")
    outcome.result = {"motion": motion.id}
    return outcome


def vote(context: Context, command: wire.MotionVote) -> Outcome:
    seat, podium = _seat(context), context.live.podium
    motion = podium.motions.vote(command.motion, seat, command.choice)
    delegation = podium.delegates.get(seat, set()) | {context.caller.person}
    mine = {person: {"votes": {motion.id: command.choice}} for person in delegation}
    return Outcome([motion_write(context.live.session.id, motion)], Change("motion.voted", podium=True), mine=mine)


def close(context: Context, command: wire.MotionClose) -> Outcome:
    return _moved(context, context.live.podium.motions.close(command.motion), "motion.closed", "motion.close")


def withdraw(context: Context, command: wire.MotionWithdraw) -> Outcome:
    return _moved(context, context.live.podium.motions.withdraw(command.motion), "motion.withdrawn", "motion.withdraw")


def _seat(context: Context) -> str:
    """The caller's. Raises Forbidden."""
    seat = context.caller.seat
    if seat is None:
        raise Forbidden("you have no seat in this session", code="no_seat")
    return seat


def _summit(context: Context) -> Summit:
    return context.live.podium.summit


def _done(context: Context, type: UpdateType, act: str | None = None, seat: str | None = None, *, by_chair: str | None = None) -> Outcome:
    """The summit as it is now; `act` goes on the record, which is everyone's, what is done `by_chair` into staff's log."""
    writes = [summit_write(context.live.session.id, _summit(context))]
    if act is not None:
        writes.append(_recorded(context, act, seat=seat))
    if by_chair is not None:
        writes.append(logged(context, by_chair))
    return Outcome(writes, Change(type, podium=True, desk=by_chair is not None))


def _moved(context: Context, motion: Motion, type: UpdateType, act: str) -> Outcome:
    writes = [motion_write(context.live.session.id, motion), _recorded(context, type, motion=motion.id), logged(context, act)]
    return Outcome(writes, Change(type, podium=True, desk=True))


def _recorded(context: Context, act: str, **others: Any) -> Write:
    entry = context.live.podium.record.add(act, _now(), **others)
    return Write("record", {"session": context.live.session.id} | {name: getattr(entry, name) for name in Entry.__struct_fields__})


def motion_write(session: str, motion: Motion) -> Write:
    """The row of a motion as it is now."""
    return Write("motion", {"id": motion.id, "session": session, "motion": msgspec.to_builtins(motion)})


def summit_write(session: str, summit: Summit) -> Write:
    """The row of a summit as it is now."""
    return Write("summit", {"session": session, "summit": msgspec.to_builtins(summit)})


def _now() -> int:
    return time.time_ns() // 1_000_000
