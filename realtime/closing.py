"""Why a socket ends, and whether the client should come back: the one table the web client and the documentation are made from."""

from enum import Enum, IntEnum
from typing import Self

REASON_BYTES = 123
"""A close frame carries at most this many bytes of reason (RFC 6455 section 5.5.1); a longer one is cut."""


class Reconnect(Enum):
    """What a client does after a close."""

    NEVER = "never"
    """Coming back would end the same way."""
    SOON = "soon"
    """Come back with the usual backoff and jitter."""
    SPREAD = "spread"
    """Everyone was told at once: wait a random time in a wide window first."""
    LATER = "later"
    """The server has too much to do or the client is too slow: wait longer."""


class CloseCode(IntEnum):
    """A close code with what the client does about it. 1xxx are RFC 6455's and IANA's, 44xx are ours (after HTTP's 401, 403, 409)."""

    reconnect: Reconnect
    meaning: str

    def __new__(cls, value: int, reconnect: Reconnect = Reconnect.SOON, meaning: str = "") -> Self:
        code = int.__new__(cls, value)
        code._value_ = value
        code.reconnect, code.meaning = reconnect, meaning
        return code

    NORMAL = 1000, Reconnect.NEVER, "finished"
    GOING_AWAY = 1001, Reconnect.SOON, "the other side is leaving"
    PROTOCOL_ERROR = 1002, Reconnect.NEVER, "this was not WebSocket"
    UNSUPPORTED = 1003, Reconnect.NEVER, "messages are text, not binary"
    LOST = 1006, Reconnect.SOON, "the connection broke (never sent, only seen)"
    BAD_TEXT = 1007, Reconnect.NEVER, "a message was not UTF-8"
    POLICY = 1008, Reconnect.NEVER, "a rule was broken, such as no hello in time"
    TOO_BIG = 1009, Reconnect.NEVER, "a message was longer than allowed"
    INTERNAL = 1011, Reconnect.SOON, "the server failed"
    RESTART = 1012, Reconnect.SPREAD, "the server restarts"
    OVERLOADED = 1013, Reconnect.LATER, "the client read too slowly, or the server is full"
    BAD_TOKEN = 4401, Reconnect.NEVER, "the token is missing, wrong or expired"
    FORBIDDEN = 4403, Reconnect.NEVER, "the token does not allow this"
    REPLACED = 4409, Reconnect.NEVER, "the same client connected again elsewhere"


def with_window(code: int, reason: str, window: int) -> str:
    """The reason of a close frame: for codes that many may get at once it begins with the ms over which they should come back."""
    if code not in (CloseCode.RESTART, CloseCode.OVERLOADED):
        return reason
    return f"window={window}; {reason or CloseCode(code).meaning}"
