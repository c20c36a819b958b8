"""`poll.*`: what each command does to the session, its rows and its readers. What staff does is logged; a ballot never is."""

import secrets
import time
from functools import partial

from msgspec import structs

from server import wire
from server.commands.context import Context
from server.commands.deed import logged
from server.live import Change, Outcome, poll_write
from server.wire import UpdateType
from sessions.polls import Poll
from sessions.secrecy import Cast, receipt
from sessions.store import Write


def create(context: Context, command: wire.PollCreate) -> Outcome:
    poll = context.live.polls.create(secrets.token_urlsafe(9), command.form)
    outcome = _worded(context, poll, "poll.created", "poll.create")
    outcome.result = {"poll": poll.id}
    return outcome


def edit(context: Context, command: wire.PollEdit) -> Outcome:
    return _worded(context, context.live.polls.edit(command.poll, command.form), "poll.edited", "poll.edit")


def delete(context: Context, command: wire.PollDelete) -> Outcome:
    poll = context.live.polls.delete(command.poll)
    writes = [Write("poll.delete", {"id": poll.id}), logged(context, "poll.delete")]
    return Outcome(writes, Change("poll.deleted", polls=(poll.id,), desk=True))


def open_poll(context: Context, command: wire.PollOpen) -> Outcome:
    poll = context.live.polls.open(command.poll, _now())
    if poll.secret:
        context.live.safe.prepare(poll.id, poll.round)
    return _changed(context, poll, "poll.opened", "poll.open")


def pause(context: Context, command: wire.PollPause) -> Outcome:
    return _changed(context, context.live.polls.pause(command.poll, _now()), "poll.paused", "poll.pause")


def close(context: Context, command: wire.PollClose) -> Outcome:
    poll = context.live.polls.close(command.poll, _now())
    if not poll.secret or poll.count is not None:
        return _changed(context, poll, "poll.closed", "poll.close")
    return _parted(context, poll)


def reveal(context: Context, command: wire.PollReveal) -> Outcome:
    return _changed(context, context.live.polls.reveal(command.poll), "poll.revealed", "poll.reveal")


def archive(context: Context, command: wire.PollArchive) -> Outcome:
    return _changed(context, context.live.polls.archive(command.poll), "poll.archived", "poll.archive")


def reset(context: Context, command: wire.PollReset) -> Outcome:
    """Everyone's ballot of the former round leaves what is their own."""
    poll = context.live.polls.find(command.poll)
    voters, round = [*poll.ballots, *poll.voters], poll.round
    outcome = _changed(context, context.live.polls.reset(command.poll), "poll.reset", "poll.reset")
    outcome.mine = {person: {"cast" if poll.secret else "ballots": {command.poll: None}} for person in voters}
    if poll.secret:
        outcome.writes.append(Write("sealed.delete", {"poll": poll.id, "round": round}))
        outcome.after = partial(context.live.safe.destroy, poll.id, round)
    return outcome


def hold(context: Context, command: wire.PollHold) -> Outcome:
    """A word is taken out of sight, or back."""
    return _changed(context, context.live.polls.hold(command.poll, command.word, command.on), "poll.held", "poll.hold")


def vote(context: Context, command: wire.PollVote) -> Outcome:
    caller = context.caller
    poll = context.live.polls.vote(command.poll, caller.person, command.ballot, _now(), caller.name)
    ballot = poll.ballots[caller.person]
    if poll.secret:
        return _sealed(context, poll, command)
    row = {
        "poll": poll.id,
        "round": poll.round,
        "person": caller.person,
        "ballot": ballot,
        "name": poll.names.get(caller.person),
        "key": command.id,
        "said": wire.fingerprint(command),
    }
    mine = {caller.person: {"ballots": {poll.id: ballot}}}
    return Outcome([Write("ballot", row)], soon=Change("poll.tallied", polls=(poll.id,)), mine=mine, keyed=True, voted=poll.id)


def _sealed(context: Context, poll: Poll, command: wire.PollVote) -> Outcome:
    """The row is an envelope and nothing else, no reply beside it: only the voter hears the receipt."""
    person = context.caller.person
    ballot = poll.ballots[person]
    assert isinstance(ballot, list)
    cast = Cast(person, ballot, receipt(), command.id, wire.fingerprint(command))
    poll.take(cast)
    slot, envelope = context.live.safe.seal(poll.id, poll.round, poll.form, cast)
    write = Write("sealed", {"poll": poll.id, "round": poll.round, "slot": slot, "envelope": envelope})
    soon, mine = Change("poll.tallied", polls=(poll.id,)), {person: {"cast": {poll.id: True}}}
    return Outcome([write], soon=soon, mine=mine, keyed=True, result={"receipt": cast.receipt})


def _parted(context: Context, poll: Poll) -> Outcome:
    """One commit takes the envelopes away and lays down two lists without an order in common; then their key is destroyed."""
    live, of = context.live, {"poll": poll.id, "round": poll.round}
    answered = [(cast.person, cast.key) for cast in poll.sealed.values()]
    box, count = poll.empty(live.entitled)
    outcome = _changed(context, poll, "poll.closed", "poll.close")
    outcome.writes.append(Write("sealed.delete", of))
    outcome.writes += [Write("voter", of | {"person": person}) for person in sorted(poll.voters)]
    outcome.writes += [Write("secret_ballot", of | {"receipt": receipt, "ballot": ballot}) for receipt, ballot in box]
    outcome.writes.append(Write("count", of | structs.asdict(count)))

    def after() -> None:
        live.safe.destroy(poll.id, poll.round)
        live.forget(answered)

    outcome.after = after
    return outcome


def _worded(context: Context, poll: Poll, type: UpdateType, act: str) -> Outcome:
    """Its words may be new."""
    outcome = _changed(context, poll, type, act)
    outcome.after = partial(context.translator.add_poll, context.live, poll.id)
    return outcome


def _changed(context: Context, poll: Poll, type: UpdateType, act: str) -> Outcome:
    writes = [poll_write(context.live.session.id, poll), logged(context, act)]
    return Outcome(writes, Change(type, polls=(poll.id,), desk=True))


def _now() -> int:
    return time.time_ns() // 1_000_000
