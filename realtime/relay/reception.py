"""What arrived from a publisher on one SSRC: the numbers for receiver reports and the packets worth asking for again."""

from collections.abc import Iterable

from aiortc.rtp import RtcpReceiverInfo, RtcpSrPacket, clamp_packets_lost

from realtime.relay.continuity import MAX_STEP
from realtime.relay.rtp import Packet

MAX_MISSING = 128
"""Lost packets remembered per SSRC; past it the oldest are given up, and a keyframe mends the picture."""

RETRY = 0.1
"""Seconds between two requests for the same packet."""

GIVE_UP = 1.0
"""Seconds after which a lost packet is of no use to a live viewer."""


class Reception:
    """Statistics of RFC 3550 sections A.1, A.3 and A.8 for one SSRC, and RFC 4585 generic NACK bookkeeping."""

    def __init__(self, ssrc: int, clock_rate: int, layer: str = "") -> None:
        self.ssrc, self.layer = ssrc, layer
        self.packets = 0
        self.last_time = 0.0
        self._clock_rate = clock_rate
        self._first = self._highest = -1
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0
        self._report: tuple[int, float] | None = None
        self._missing: dict[int, float] = {}
        self._ask_again = 0.0

    def add(self, packet: Packet, now: float) -> None:
        """Count a packet that arrived at `now` (seconds)."""
        if self._highest < 0:
            self._first = self._highest = packet.sequence
        step = (packet.sequence - self._highest) & 0xFFFF
        if step > MAX_STEP and step < 0x8000:
            self._restart(packet.sequence)
        elif step < 0x8000:
            self._note_gap(self._highest + 1, self._highest + step, now)
            self._highest += step
        else:
            self._missing.pop(packet.sequence, None)
        self.packets += 1
        self.last_time = now
        self._measure_jitter(packet.timestamp, now)

    def recover(self, sequence: int) -> bool:
        """Count a lost packet that came by retransmission; False if it was not missing, and nobody needs it."""
        if self._missing.pop(sequence, None) is None:
            return False
        self.packets += 1
        return True

    @property
    def lost(self) -> int:
        """Packets expected and not received so far (late ones count as received)."""
        return 0 if self._highest < 0 else max(0, self._highest - self._first + 1 - self.packets)

    def note_report(self, report: RtcpSrPacket, now: float) -> None:
        """Remember a sender report, for the round-trip fields of ours."""
        self._report = ((report.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF, now)

    def report(self, now: float) -> RtcpReceiverInfo:
        """A report block on everything since the previous one."""
        expected = self._highest - self._first + 1
        expected_now, received_now = expected - self._expected_before, self.packets - self._received_before
        self._expected_before, self._received_before = expected, self.packets
        lost_now = max(0, expected_now - received_now)
        return RtcpReceiverInfo(
            ssrc=self.ssrc,
            fraction_lost=min(255, (lost_now << 8) // expected_now) if expected_now > 0 else 0,
            packets_lost=clamp_packets_lost(expected - self.packets),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter),
            lsr=self._report[0] if self._report else 0,
            dlsr=int((now - self._report[1]) * 65536) & 0xFFFFFFFF if self._report else 0,
        )

    def wanted(self, now: float) -> list[int]:
        """The sequence numbers to ask for now: newly lost at once, then every RETRY seconds until GIVE_UP."""
        if not self._missing or now < self._ask_again:
            return []
        self._ask_again = now + RETRY
        self._missing = {s: since for s, since in self._missing.items() if now - since < GIVE_UP}
        return sorted(self._missing)

    def _note_gap(self, start: int, end: int, now: float) -> None:
        lost: Iterable[int] = range(start, end)
        for extended in lost:
            self._missing[extended & 0xFFFF] = now
            self._ask_again = 0.0
        while len(self._missing) > MAX_MISSING:
            del self._missing[next(iter(self._missing))]

    def _restart(self, sequence: int) -> None:
        self._first = self._highest = sequence
        self.packets = self._expected_before = self._received_before = 0
        self._missing.clear()

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            # A wrapped timestamp is a leap of hours: not jitter.
            if change < self._clock_rate * 10:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
