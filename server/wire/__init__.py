# ruff: noqa: F403, F405  (one name for all messages: `wire.PollVote`, whatever file it is in)
"""Every message of the socket `/ws`, as types: what `/asyncapi` and the TypeScript types are generated from.

    client -> server   Hello once, then commands; each command's `id` is its idempotency key
    server -> client   Welcome, Retry, Service, Snapshot, Update, Ack, Failure, My

A channel's state changes by updates whose `data` is a JSON Merge Patch (RFC 7396) on the snapshot's `data`:
`apply(snapshot, updates)` is the same ten lines for every update type and in every language.
Objects are keyed by id, an absent key means "none", and times are milliseconds since 1970 UTC.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from server.wire.announcements import *
from server.wire.answers import *
from server.wire.base import *
from server.wire.captions import *
from server.wire.chat import *
from server.wire.floor import *
from server.wire.podium import *
from server.wire.polls import *
from server.wire.problems import *
from server.wire.questions import *
from server.wire.scalars import *
from server.wire.states import *
from server.wire.summit import *

Talk = AnnouncementCommand | ChatCommand | ProblemCommand
Command = ChannelCommand | QuestionCommand | PollCommand | FloorCommand | SummitCommand | Talk | CaptionCommand
"""Each area has its own file; a command is added to its area's union there."""
ClientMessage = Hello | Command


client_message = msgspec.json.Decoder(ClientMessage)
encode = msgspec.json.Encoder().encode


def fingerprint(command: Any) -> str:
    """What a command says, its key included, in 24 characters: the same for a retry, and for nothing else."""
    return blake2b(encode(command), digest_size=12).hexdigest()


def failure(id: str | None, problem: dict[str, Any]) -> bytes:
    return encode(Failure(id=id, problem=problem))
