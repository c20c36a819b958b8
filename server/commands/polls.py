"""`poll.*`: what each command does to the session, its rows and its readers."""

from server import wire
from server.commands.context import Context
from server.live import Change, Outcome
from server.wire import UpdateType
from sessions.polls import Poll
from sessions.store import Write


def open_poll(context: Context, command: wire.PollOpen) -> Outcome:
    return _moved(context.live.polls.open(command.poll), "poll.opened")


def close(context: Context, command: wire.PollClose) -> Outcome:
    return _moved(context.live.polls.close(command.poll), "poll.closed")


def reveal(context: Context, command: wire.PollReveal) -> Outcome:
    return _moved(context.live.polls.reveal(command.poll), "poll.revealed")


def vote(context: Context, command: wire.PollVote) -> Outcome:
    person = context.caller.person
    poll = context.live.polls.vote(command.poll, person, command.choices)
    write = Write("ballot", {"poll": poll.id, "person": person, "choices": command.choices})
    mine = {person: {"ballots": {poll.id: command.choices}}}
    return Outcome([write], soon=Change("poll.tallied", polls=(poll.id,)), mine=mine)


def _moved(poll: Poll, type: UpdateType) -> Outcome:
    return Outcome([Write("poll.state", {"poll": poll.id, "to": poll.state})], Change(type, polls=(poll.id,)))
