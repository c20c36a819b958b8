"""Media: one publisher's packets to every viewer of a session, over one UDP port, never decoded."""

from realtime.relay.errors import (
    BadOffer,
    NoCommonCodec,
    NotLive,
    RelayDown,
    RelayError,
    TooManyBooths,
    TooManyTaps,
    TooManyViewers,
    UnknownResource,
)
from realtime.relay.process import RelayProcess
from realtime.relay.relay import Answer, Relay, Resource
from realtime.relay.sending import Counters
from realtime.relay.stream import StreamStats
from realtime.relay.tap import Chunk, Tap

__all__ = [
    "Answer",
    "BadOffer",
    "Chunk",
    "Counters",
    "NoCommonCodec",
    "NotLive",
    "Relay",
    "RelayDown",
    "RelayError",
    "RelayProcess",
    "Resource",
    "StreamStats",
    "Tap",
    "TooManyBooths",
    "TooManyTaps",
    "TooManyViewers",
    "UnknownResource",
]
