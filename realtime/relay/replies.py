"""What the relay's front door answers, as plain values that go from process to process."""

from dataclasses import dataclass
from typing import Literal

from realtime.relay.path import Audience
from realtime.relay.peer import Role

Venue = Literal["a", "b"]
"""Where a session's floor is published from: a, or its backup b."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a WHIP or WHEP POST is answered with."""

    sdp: str
    resource_id: str
    """Unguessable; names the peer in `end`."""
    etag: str
    """Names the ICE session, without quotes."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Whose peer a resource id is, or (`answered` False) will be."""

    session: str
    role: Role
    etag: str
    lang: str | None
    """The language an interpreter's is of; None for the floor's publisher and for viewers."""
    video: int | None
    """Which section of the SDP its video is, from 0; None without video."""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Layer:
    """One encoding of a session's video."""

    rid: str | None
    """None for the only one."""
    bitrate: int
    """Bits a second, over the last streams.LOOK_INTERVAL."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Who watches a session here, other nodes not counted."""

    viewers: int
    languages: frozenset[str]
    """Those that a viewer wants to hear."""
    slate: bool = False
    """Whether who comes now is shown the slate, for its source is away."""


@dataclass(frozen=True, slots=True)
class View:
    """What a viewer sees: `gets` is the encoding that comes now, None for the only one, or for no picture."""

    wants: str | None
    """The encoding it asked for; None leaves that to its path."""
    sees: bool
    """Whether it wants a picture at all."""
    gets: str | None


@dataclass(frozen=True, slots=True)
class IceRestart:
    """What a PATCH that restarts ICE is answered with."""

    fragment: str
    etag: str


@dataclass(frozen=True, slots=True)
class OnAir:
    """Which venue of a session's floor is sent on, and from which ones media arrives."""

    session: str
    venue: Venue
    arriving: tuple[Venue, ...]


@dataclass(frozen=True, slots=True)
class StreamStats:
    """A session's counters since it was last empty."""

    live: bool
    viewers: int
    packets: int
    octets: int
    lost: int
    """Packets that never arrived from the current publisher."""
    retransmitted: int
    keyframe_requests: int
    """PLIs sent to publishers."""
    joins: int
    """Viewers whose media could flow."""
    join_seconds: float
    """From their offers until then, all together."""
    audience: Audience
