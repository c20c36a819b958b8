"""Reactions: absolute counts per session, so that an update lost or merged costs nothing. Pure."""

from collections import Counter

KINDS = ("applause", "heart", "laugh", "wow", "insight")


class Reactions:
    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = Counter({kind: counts.get(kind, 0) for kind in KINDS})

    def send(self, kind: str) -> None:
        self.counts[kind] += 1
