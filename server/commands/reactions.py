"""`reaction.send`."""

import time

from server import wire
from server.commands.context import Context
from server.live import Outcome
from sessions.store import Write


def send(context: Context, command: wire.ReactionSend) -> Outcome:
    live = context.live
    live.reactions.send(command.reaction, context.caller.person, time.time_ns() // 1_000_000)
    row = {"session": live.session.id, "kind": command.reaction, "count": live.reactions.counts[command.reaction]}
    # Only the count is a row: a reply's key and fingerprint would say who reacted how. Memory knows the key for a retry.
    return Outcome([Write("reaction", row)], reactions=True, keyed=True)
