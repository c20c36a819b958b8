"""What the relay's process and its owner say to each other over a socket pair: whole messages, in order.

Both ends are one program of one version, so messages are pickled: results and errors arrive as what they are.
"""

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any, Self

from realtime.relay.hls.segment import Segment
from realtime.relay.replies import OnAir

_LENGTH = struct.Struct("!I")

MAX_MESSAGE = 16 << 20
"""Bytes of one message: a segment of HLS (hls.cutting.MAX_BYTES) is the longest thing said. A longer one is a bug, ValueError."""

MAX_WAITING = 32 << 20
"""Bytes that wait for the other side to read, past which sound and segments are dropped; everything else is small and rare."""


@dataclass(frozen=True, slots=True)
class Call:
    """Do this; a Result with the same number follows."""

    number: int
    method: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Result:
    number: int
    value: Any
    error: Exception | None


@dataclass(frozen=True, slots=True)
class Ready:
    """The relay listens at this UDP port, or could not."""

    port: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A session's floor (`lang` None) or one of its booths went live or stopped being so."""

    session: str
    lang: str | None
    live: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A peer is gone, for whatever reason."""

    resource_id: str


@dataclass(frozen=True, slots=True)
class Sound:
    """One Opus packet for a tap; `offset` as in `Tap.push`."""

    tap: int
    offset: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """A segment of a session's HLS."""

    session: str
    segment: Segment


Message = Call | Result | Ready | Changed | OnAir | Ended | Sound | Made | dict[str, Any]


class Link:
    """One end. `receive` returns None once the other end is gone; `send` never waits, and to nobody is a no-op."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, sock: socket.socket) -> Self:
        """Take over one socket of a pair."""
        return cls(*await asyncio.open_unix_connection(sock=sock))

    def send(self, message: Message) -> None:
        data = pickle.dumps(message)
        if len(data) > MAX_MESSAGE:
            raise ValueError(f"a message of {len(data)} bytes, more than {MAX_MESSAGE}")
        transport = self._writer.transport
        if transport.is_closing() or (isinstance(message, Sound | Made) and transport.get_write_buffer_size() > MAX_WAITING):
            return
        self._writer.write(_LENGTH.pack(len(data)) + data)

    async def receive(self) -> Message | None:
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            message: Message = pickle.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return message

    def close(self) -> None:
        self._writer.close()
