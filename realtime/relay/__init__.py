"""Media: one publisher's packets to every viewer of a session, over one port, never decoded."""

from realtime.relay.errors import (
    BadFragment,
    BadOffer,
    NoCommonCodec,
    NotLive,
    RelayDown,
    RelayError,
    StaleTag,
    TooManyBooths,
    TooManyTaps,
    TooManyViewers,
    UnacceptableOffer,
    UnknownLayer,
    UnknownResource,
)
from realtime.relay.hls.segment import Segment
from realtime.relay.process import RelayProcess
from realtime.relay.relay import Relay
from realtime.relay.replies import Answer, Demand, IceRestart, Layer, OnAir, Resource, StreamStats, Venue, View
from realtime.relay.sending import Counters
from realtime.relay.tap import Chunk, Tap

__all__ = [
    "Answer",
    "BadFragment",
    "BadOffer",
    "Chunk",
    "Counters",
    "Demand",
    "IceRestart",
    "Layer",
    "NoCommonCodec",
    "NotLive",
    "OnAir",
    "Relay",
    "RelayDown",
    "RelayError",
    "RelayProcess",
    "Resource",
    "Segment",
    "StaleTag",
    "StreamStats",
    "Tap",
    "TooManyBooths",
    "TooManyTaps",
    "TooManyViewers",
    "UnacceptableOffer",
    "UnknownLayer",
    "UnknownResource",
    "Venue",
    "View",
]
