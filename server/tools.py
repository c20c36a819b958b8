"""What is known of each caption tool that posts from outside: how often it may, and how far it has counted."""

from dataclasses import dataclass, field
from typing import Literal

from server.limits import Bucket

Kind = Literal["youtube", "zoom"]

RATE, BURST = 10, 40
"""Posts a second of one kind of tool, in one language of one session, and at once; past it each is refused as rate_limited."""


@dataclass(slots=True)
class Tool:
    """`seq` is the highest number posted since the start of this process."""

    seq: int = 0
    bucket: Bucket = field(default_factory=lambda: Bucket(RATE, BURST))


class Tools:
    """One for each kind, language and session ever posted to: kinds are few, the rest comes from our own tokens, so nobody makes more."""

    def __init__(self) -> None:
        self._tools: dict[tuple[str, str, Kind], Tool] = {}

    def find(self, session: str, lang: str, kind: Kind) -> Tool:
        return self._tools.setdefault((session, lang, kind), Tool())
