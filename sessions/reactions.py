"""Reactions: absolute counts per session, so that an update lost or merged costs nothing. Pure.

Who reacted is known for as long as it takes to hold people to their pace, in memory, and is written nowhere.
"""

from collections import Counter, OrderedDict

from sessions.errors import TooSoon

KINDS = ("applause", "heart", "laugh", "wow", "insight")

RATE, BURST = 4, 20
"""Reactions a second of one person, over all their connections, and at once; past it TooSoon."""

PEOPLE_LIMIT = 10_000
"""People whose pace is remembered; past it the one who reacted longest ago has a full bucket again."""


class Reactions:
    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = Counter({kind: counts.get(kind, 0) for kind in KINDS})
        self._paces: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def send(self, kind: str, person: str, now: int) -> None:
        """Count one, at `now` in ms. Raises TooSoon."""
        level, at = self._paces.get(person, (BURST, now))
        level = min(BURST, level + (now - at) / 1000 * RATE)
        if level < 1:
            raise TooSoon("too many reactions; slow down", 1)
        self._paces[person] = (level - 1, now)
        self._paces.move_to_end(person)
        if len(self._paces) > PEOPLE_LIMIT:
            self._paces.popitem(last=False)
        self.counts[kind] += 1
