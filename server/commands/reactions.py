"""`reaction.send`."""

from server import wire
from server.commands.context import Context
from server.live import Outcome
from sessions.store import Write


def send(context: Context, command: wire.ReactionSend) -> Outcome:
    live = context.live
    live.reactions.send(command.reaction)
    row = {"session": live.session.id, "kind": command.reaction, "count": live.reactions.counts[command.reaction]}
    return Outcome([Write("reaction", row)], reactions=True)
