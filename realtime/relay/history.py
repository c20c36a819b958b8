"""The last packets of one track, shared by all its viewers, to answer their requests for lost ones."""

from realtime.relay.rtp import Outgoing

HISTORY = 1024
"""Packets kept per track: 2.5 s of video at 400 packets/s, about 1.3 MB. Older ones are overwritten and cannot be asked for."""


class History:
    """A ring indexed by sequence number; one copy of a packet serves every viewer."""

    def __init__(self) -> None:
        self._ring: list[Outgoing | None] = [None] * HISTORY

    def add(self, packet: Outgoing) -> None:
        self._ring[packet.sequence % HISTORY] = packet

    def get(self, sequence: int) -> Outgoing | None:
        """The packet with this sequence number, None if it never came or is too old."""
        packet = self._ring[sequence % HISTORY]
        return packet if packet is not None and packet.sequence == sequence else None
