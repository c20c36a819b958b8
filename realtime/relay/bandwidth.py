"""The ceiling we tell a publisher for its bitrate (REMB). Without an answer a browser's encoder stays at its lowest."""

from aiortc.rate import BandwidthUsage, RemoteBitrateEstimator

CEILING = 6_000_000
"""Bits per second told while nothing is congested: enough for 1080p30 with small text in the slides."""

FLOOR = 400_000
"""Bits per second we never go below: less is not worth watching, and a busy server must not look like a busy network."""

CALM = 15.0
"""Seconds without a sign of congestion after which the ceiling is told again."""


class Bandwidth:
    """Delay-based estimate of what the publisher's path carries (draft-ietf-rmcat-gcc-02), only heeded while it is congested.

    The estimator bounds itself by what arrives, so a publisher that starts low would be held low; the ceiling lets it rise.
    """

    def __init__(self) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._estimate = CEILING
        self._congested_at = float("-inf")

    def add(self, abs_send_time: int, size: int, ssrc: int, now: float) -> None:
        """Note a packet of `size` payload bytes sent at `abs_send_time` (24 bits, 6.18 fixed point seconds), received at `now`."""
        estimate = self._estimator.add(int(now * 1000), abs_send_time, size, ssrc)
        if self._estimator.detector.state() is BandwidthUsage.OVERUSING:
            self._congested_at = now
        if estimate is not None:
            self._estimate = estimate[0]

    def ceiling(self, now: float) -> int:
        """Bits per second to tell the publisher now."""
        if now - self._congested_at > CALM:
            return CEILING
        return min(CEILING, max(FLOOR, self._estimate))
