"""`policy.*`: what is on from now on. Hands and a speech that are turned off are ended first: nobody could end them afterwards."""

import time

import msgspec

from server import wire
from server.commands import floor
from server.commands.context import Context
from server.commands.deed import logged
from server.commands.summit import summit_write
from server.live import Change, Outcome
from sessions import formats
from sessions.formats import SessionPolicy
from sessions.store import Write


def pick(context: Context, command: wire.PolicyPick) -> Outcome:
    return _set(context, formats.POLICIES[command.format])


def set_policy(context: Context, command: wire.PolicySet) -> Outcome:
    return _set(context, formats.checked(command.policy))


def _set(context: Context, policy: SessionPolicy) -> Outcome:
    podium, session = context.live.podium, context.live.session.id
    outcome = floor.act(context, "floor.cleared", lambda floor: floor.clear()) if policy.hands == "nobody" else Outcome()
    if not policy.summit and podium.summit.speech is not None and podium.summit.speech.state == "speaking":
        podium.summit.pause(time.time_ns() // 1_000_000)
        outcome.writes.append(summit_write(session, podium.summit))
    podium.policy = policy
    outcome.writes.append(Write("policy", {"session": session, "policy": msgspec.to_builtins(policy)}))
    outcome.writes.append(logged(context, "policy.set"))
    outcome.change, cleared = Change("policy.set", podium=True, desk=True), outcome.after

    def after() -> None:
        if cleared is not None:
            cleared()
        context.live.policed()

    outcome.after = after
    return outcome
