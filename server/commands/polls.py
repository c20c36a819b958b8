"""`poll.*`: what each command does to the session, its rows and its readers."""

import secrets
import time

from server import wire
from server.commands.context import Context
from server.live import Change, Outcome, poll_write
from server.wire import UpdateType
from sessions.polls import Poll
from sessions.store import Write


def create(context: Context, command: wire.PollCreate) -> Outcome:
    poll = context.live.polls.create(secrets.token_urlsafe(9), command.form)
    outcome = _changed(context, poll, "poll.created")
    outcome.result = {"poll": poll.id}
    return outcome


def edit(context: Context, command: wire.PollEdit) -> Outcome:
    return _changed(context, context.live.polls.edit(command.poll, command.form), "poll.edited")


def delete(context: Context, command: wire.PollDelete) -> Outcome:
    poll = context.live.polls.delete(command.poll)
    return Outcome([Write("poll.delete", {"id": poll.id})], Change("poll.deleted", polls=(poll.id,)))


def open_poll(context: Context, command: wire.PollOpen) -> Outcome:
    return _changed(context, context.live.polls.open(command.poll, _now()), "poll.opened")


def pause(context: Context, command: wire.PollPause) -> Outcome:
    return _changed(context, context.live.polls.pause(command.poll, _now()), "poll.paused")


def close(context: Context, command: wire.PollClose) -> Outcome:
    return _changed(context, context.live.polls.close(command.poll, _now()), "poll.closed")


def reveal(context: Context, command: wire.PollReveal) -> Outcome:
    return _changed(context, context.live.polls.reveal(command.poll), "poll.revealed")


def archive(context: Context, command: wire.PollArchive) -> Outcome:
    return _changed(context, context.live.polls.archive(command.poll), "poll.archived")


def reset(context: Context, command: wire.PollReset) -> Outcome:
    """Everyone's ballot of the former round leaves what is their own."""
    voters = list(context.live.polls.find(command.poll).ballots)
    outcome = _changed(context, context.live.polls.reset(command.poll), "poll.reset")
    outcome.mine = {person: {"ballots": {command.poll: None}} for person in voters}
    return outcome


def hold(context: Context, command: wire.PollHold) -> Outcome:
    return _changed(context, context.live.polls.hold(command.poll, command.word, command.on), "poll.held")


def vote(context: Context, command: wire.PollVote) -> Outcome:
    caller, poll = context.caller, context.live.polls.find(command.poll)
    context.live.polls.vote(poll.id, caller.person, command.ballot, _now(), caller.name)
    ballot = poll.ballots[caller.person]
    row = {"poll": poll.id, "round": poll.round, "person": caller.person, "ballot": ballot, "key": command.id}
    write = Write("ballot", row | {"name": poll.names.get(caller.person)})
    mine = {caller.person: {"ballots": {poll.id: ballot}}}
    return Outcome([write], soon=Change("poll.tallied", polls=(poll.id,)), mine=mine, keyed=True, voted=poll.id)


def _changed(context: Context, poll: Poll, type: UpdateType) -> Outcome:
    return Outcome([poll_write(context.live.session.id, poll)], Change(type, polls=(poll.id,)))


def _now() -> int:
    return time.time_ns() // 1_000_000
