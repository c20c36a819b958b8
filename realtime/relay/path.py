"""How a viewer's path does, by its own reports; and one account of all viewers, for no report is ever passed on by itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from realtime.relay.bandwidth import CALM, CEILING

LOSSES = 0.10
"""Share of packets lost above which a path carries less than it is sent, and below LOW_LOSSES more (draft-ietf-rmcat-gcc-02 section 6)."""

LOW_LOSSES = 0.02

NEWS = 0.3
"""Weight of a report against those before: of the thirty packets a second of a small picture, a tenth is soon lost by bad luck."""

GROWTH = 1.08
"""How much more a path is trusted with from one report to the next, once it is calm."""

LEAST = 50_000
"""Bits per second no path is thought to be below: it would never be tried again."""

INTERVAL = 0.5
"""Seconds between two reports of one viewer that count; it may send more."""


class Path:
    """What one viewer loses, and what its path carries."""

    def __init__(self) -> None:
        self.lost = 0.0
        """Share of the picture's packets, by its last report."""
        self.carries = CEILING
        """Bits per second; all that anybody sends, until it is found to be less."""
        self._usual = 0.0
        """What it loses, over the last few reports."""
        self._asked = 0
        self._reported_at = self._congested_at = float("-inf")

    def report(self, lost: float, sent: int, now: float) -> None:
        """It lost this share of packets since its last report, while `sent` bits per second were sent to it."""
        if now - self._reported_at < INTERVAL or not sent:
            return
        self._reported_at, self.lost = now, lost
        self._usual += (lost - self._usual) * NEWS
        if min(lost, self._usual) > LOSSES:
            self._carries(int(min(self.carries, sent) * (1 - lost / 2)), now)
        elif lost < LOW_LOSSES and now - self._congested_at > CALM:
            self.carries = min(CEILING, int(self.carries * GROWTH))

    def ceiling(self, bitrate: int, sent: int, now: float) -> None:
        """It asks for no more than `bitrate`.

        Browsers work their way up from far below what arrives, so that only who asks for less than before, and for less than is `sent`,
        has seen a queue grow.
        """
        before, self._asked = self._asked, bitrate
        if bitrate < min(before, sent):
            self._carries(bitrate, now)

    def _carries(self, bitrate: int, now: float) -> None:
        self.carries, self._congested_at = max(LEAST, bitrate), now


@dataclass(frozen=True, slots=True)
class Audience:
    """All viewers' reports as one."""

    lost: float
    """Share of the picture's packets that a viewer loses on average."""
    poor: int
    """Viewers who lose more than LOSSES."""
    carries: int
    """Bits per second that three in four paths carry; CEILING without viewers."""


def sum_up(paths: Iterable[Path]) -> Audience:
    known = list(paths)
    if not known:
        return Audience(0.0, 0, CEILING)
    carried = sorted(path.carries for path in known)
    return Audience(sum(path.lost for path in known) / len(known), sum(path.lost > LOSSES for path in known), carried[len(carried) // 4])
