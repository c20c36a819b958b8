"""One track of a session on its way to all viewers: rewritten once, encrypted once each, a picture's packets in one send."""

import asyncio
import secrets
import time
from collections.abc import Sequence

from aiortc.rtp import RtcpSrPacket

from realtime.relay import rtcp
from realtime.relay.burst import MAX_PACKETS
from realtime.relay.continuity import Continuity
from realtime.relay.history import History
from realtime.relay.keyframe import Replay, begins_keyframe
from realtime.relay.line import Group, HandOver, Place, moved, shared
from realtime.relay.offer import Codec, Kind, Line
from realtime.relay.rtp import Outgoing, Packet, Shift, rewrite
from realtime.relay.srtp import Sender
from realtime.relay.viewer import Viewer

MAX_NACK = 256
"""Sequence numbers heeded in one retransmission request; the rest of the list is ignored."""

HOLD = 0.003
"""Seconds a packet waits for the rest of its picture. Browsers spread a large picture over more: it then leaves in parts."""


ENTERED = 5.0
"""Seconds in which a viewer may still ask for packets of the encoding it had before; the history holds fewer."""


class Track:
    """A codec, one SSRC for its whole life, and the viewers that play it, in groups that get the same bytes before encryption.

    Viewers that came from another channel of the same kind have a `Shift`; most have none and are one group.
    """

    def __init__(self, kind: Kind, codec: Codec, sender: Sender, ssrc: int, line: Line | None = None) -> None:
        self.kind = kind
        self.line: Line = line or kind
        """The section of its viewers' answers that it is sent in."""
        self.codec = codec
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self.retransmitted = 0
        self.bitrate = 0
        """Bits a second, over the last few measurements."""
        self._measured = 0
        self._sender = sender
        # RFC 3550 section 5.1: both start at random. Low enough that the first wrap is not at once.
        self._continuity = Continuity(codec.clock_rate, secrets.randbits(15), secrets.randbits(31))
        self._history = History()
        self._replay: Replay[Outgoing] | None = Replay(codec) if kind == "video" else None
        self._groups: dict[Group, list[Viewer]] = {}
        self._arriving: dict[Viewer, Place] = {}
        """Who joins with the next packet, from another channel."""
        self._expected: dict[Viewer, HandOver] = {}
        """Who joins with the next keyframe, from another encoding."""
        self._pending: list[Outgoing] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._report: tuple[int, int] | None = None
        """The last sender report's NTP time and ours for it."""

    def measure(self, seconds: float) -> None:
        """Call every so many seconds."""
        now, self._measured = int((self.octets - self._measured) * 8 / seconds), self.octets
        self.bitrate = (self.bitrate + now) // 2 if self.bitrate else now

    def join(self, viewer: Viewer) -> bool:
        """Send to this viewer from the next packet on, after what it needs to see and hear in step with the others.

        False if it needs a keyframe first.
        """
        self._enter(viewer)
        if self._replay is None:
            return True
        packets = self._replay.packets()
        self._send_to(viewer, packets)
        return bool(packets)

    def leave(self, viewer: Viewer) -> None:
        """Stop sending to this viewer. Idempotent."""
        self._arriving.pop(viewer, None)
        self._expected.pop(viewer, None)
        for group, viewers in list(self._groups.items()):
            if viewer in viewers:
                viewers.remove(viewer)
            if not viewers:
                del self._groups[group]

    def take(self, viewer: Viewer, other: "Track", now: float) -> None:
        """Let a viewer of `other`, a channel with our SSRC, go on here: our next packet will be the next of its line."""
        self.resume(viewer, other.hand_over(viewer, now))

    def resume(self, viewer: Viewer, place: Place) -> None:
        """Let a viewer go on from a place of its line with our next packet."""
        self._arriving[viewer] = place

    def expect(self, viewer: Viewer, hand_over: HandOver) -> None:
        """Let a viewer of another encoding go on here from our next keyframe, and be there until then."""
        self._expected[viewer] = hand_over

    def forget(self, viewer: Viewer) -> None:
        """Expect it no more. Idempotent."""
        self._expected.pop(viewer, None)

    def hand_over(self, viewer: Viewer, now: float) -> Place:
        """Stop sending to this viewer; returns where it goes on."""
        if self.kind == "video" and self._pending:
            self._flush()
        place = self._next_for(viewer, now)
        self.leave(viewer)
        return place

    def close(self) -> None:
        """Send nothing more."""
        self._groups.clear()
        self._arriving.clear()
        self._expected.clear()
        self._stop_waiting()

    def begin(self) -> None:
        """Another publisher follows: what it sends does not continue the pictures before."""
        if self._replay is not None:
            self._replay.clear()

    def forward(self, packet: Packet, source: int, now: float) -> Outgoing | None:
        """Rewrite one packet and send it to all, with the others of its picture. `source` tells publishers and SSRCs apart.

        Returns it as rewritten, None if dropped.
        """
        placed = self._continuity.place(source, packet.sequence, packet.timestamp, now)
        if placed is None:
            return None
        sequence, timestamp = placed
        outgoing = rewrite(packet, sequence, timestamp, self.ssrc)
        if self._expected and begins_keyframe(self.codec, packet.payload):
            self._take_expected(now)
        self._history.add(outgoing)
        self.packets += 1
        self.octets += len(packet.payload)
        self._pending.append(outgoing)
        if packet.marker or self._replay is None or len(self._pending) == MAX_PACKETS:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(HOLD, self._flush)
        return outgoing

    def resend(self, viewer: Viewer, lost: Sequence[int], now: float) -> None:
        """Send packets again that this viewer missed, from the shared history."""
        shift = self._group(viewer)[2]
        found = [self._history.get((number - shift.sequence) & 0xFFFF) for number in lost[:MAX_NACK] if self._has_sent(viewer, number, now)]
        again = [packet for packet in found if packet is not None and viewer.may_ask_again(now)]
        self.retransmitted += len(again)
        if viewer.rtx is None:
            self._send_to(viewer, again)
        else:
            self._send_all(viewer, [viewer.again(packet.shifted(shift), viewer.rtx) for packet in again])

    def report(self, source: int, report: RtcpSrPacket, ahead: int = 0) -> None:
        """Pass the publisher's sender report on, on our SSRC and time line; its clock is `ahead` of the session's, in 2^-32 s."""
        timestamp = self._continuity.map_timestamp(source, report.sender_info.rtp_timestamp)
        if timestamp is None:
            return
        self._report = (report.sender_info.ntp_timestamp - ahead) & 0xFFFFFFFFFFFFFFFF, timestamp
        for group, viewers in self._groups.items():
            told = self._told(*self._report, group[2])
            for viewer in viewers:
                viewer.send_rtcp(told)

    def _told(self, ntp: int, timestamp: int, shift: Shift) -> bytes:
        return rtcp.sender_report(self.ssrc, ntp, (timestamp + shift.timestamp) & 0xFFFFFFFF, self.packets, self.octets)

    def _group(self, viewer: Viewer) -> Group:
        return viewer.payload_types[self.line], viewer.keys.tag, viewer.shifts[self.line]

    def _enter(self, viewer: Viewer) -> None:
        group = self._group(viewer)
        self._groups.setdefault(group, []).append(viewer)
        if self._report is not None:
            viewer.send_rtcp(self._told(*self._report, group[2]))

    @staticmethod
    def _has_sent(viewer: Viewer, number: int, now: float) -> bool:
        """Whether what it asks for is of this encoding: under numbers from before it came it was sent something else."""
        entered = viewer.entered
        return entered is None or now - entered[1] > ENTERED or (number - entered[0]) & 0xFFFF < 0x8000

    def _flush(self) -> None:
        self._stop_waiting()
        pending, self._pending = self._pending, []
        if self._arriving:
            self._let_in(pending[0], time.monotonic())
        send = self._sender.send
        for (payload_type, tag, shift), viewers in self._groups.items():
            burst = self._sender.burst([packet.shifted(shift).numbered(payload_type) for packet in pending], tag)
            for viewer in viewers:
                send(burst, viewer.keys, viewer.route)
        if self._replay is not None:
            for packet in pending:
                self._replay.add(packet)

    def _next_for(self, viewer: Viewer, now: float) -> Place:
        place = self._arriving.get(viewer)
        if place is not None:
            return place
        sequence, timestamp = self._continuity.upcoming(now)
        shift = viewer.shifts[self.line]
        last = self._history.get((sequence - 1) & 0xFFFF)
        return Place(sequence + shift.sequence, timestamp + shift.timestamp, now, last.shifted(shift).payload if last else b"")

    def _take_expected(self, now: float) -> None:
        if self._pending:
            self._flush()
        expected, self._expected = self._expected, {}
        for viewer, hand_over in expected.items():
            self._arriving[viewer] = hand_over(now)

    def _let_in(self, first: Outgoing, now: float) -> None:
        arriving, self._arriving = self._arriving, {}
        for viewer, place in arriving.items():
            wanted = viewer.payload_types[self.line], viewer.keys.tag, moved(place, first, self.codec, now)
            shift = viewer.shifts[self.line] = shared(wanted, self._groups, self.kind, self.codec.clock_rate)
            if self.kind == "video":
                viewer.entered = (first.sequence + shift.sequence) & 0xFFFF, now
            self._enter(viewer)

    def _send_to(self, viewer: Viewer, packets: Sequence[Outgoing]) -> None:
        payload_type, _, shift = self._group(viewer)
        self._send_all(viewer, [packet.shifted(shift).numbered(payload_type) for packet in packets])

    def _send_all(self, viewer: Viewer, packets: Sequence[bytes]) -> None:
        for at in range(0, len(packets), MAX_PACKETS):
            self._sender.send(self._sender.burst(packets[at : at + MAX_PACKETS], viewer.keys.tag), viewer.keys, viewer.route)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
