from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket

from realtime.relay.bandwidth import CEILING, FLOOR, Bandwidth
from realtime.relay.reception import MAX_MISSING, RETRY, Reception
from realtime.relay.rtp import Packet


def packet(sequence: int, timestamp: int = 0) -> Packet:
    return Packet(96, 0, sequence & 0xFFFF, timestamp, 1, False, b"", b"x")


def received(*sequences: int) -> Reception:
    reception = Reception(1, 90_000)
    for sequence in sequences:
        reception.add(packet(sequence), 0.0)
    return reception


def test_a_gap_is_asked_for_at_once_and_again_until_it_is_filled() -> None:
    reception = received(65_534, 65_535, 2)
    assert reception.wanted(0.0) == [0, 1]
    assert reception.wanted(RETRY / 2) == []
    reception.add(packet(0), 0.05)
    assert reception.wanted(RETRY) == [1]


def test_a_packet_too_late_to_show_is_given_up() -> None:
    reception = received(1, 3)
    assert reception.wanted(0.5) == [2]
    assert reception.wanted(2.0) == []


def test_a_huge_gap_is_remembered_only_up_to_its_limit() -> None:
    assert len(received(1, 2_000).wanted(0.0)) == MAX_MISSING


def test_a_report_counts_what_was_lost_since_the_last_one() -> None:
    reception = received(*range(100, 150), *range(200, 250))
    first = reception.report(1.0)
    assert (first.packets_lost, first.fraction_lost, first.highest_sequence) == (50, 256 * 50 // 150, 249)
    assert reception.report(2.0).fraction_lost == 0


def test_a_report_carries_the_round_trip_fields_of_the_senders_own() -> None:
    reception = received(1)
    reception.note_report(RtcpSrPacket(1, RtcpSenderInfo(0x1111_2222_3333_4444, 0, 0, 0)), 10.0)
    report = reception.report(10.5)
    assert (report.lsr, report.dlsr) == (0x2222_3333, 32_768)


def test_a_restarted_source_is_not_a_loss() -> None:
    reception = received(1, 2, 30_000, 30_001)
    assert reception.wanted(0.0) == []
    assert reception.lost == 0


def fed(seconds: float, growth: float) -> Bandwidth:
    """A 1 Mbit/s sender whose packets wait `growth` seconds longer every second."""
    bandwidth = Bandwidth()
    for number in range(int(seconds * 100)):
        sent = number / 100
        bandwidth.add(int(sent * 2**18) & 0xFFFFFF, 1_250, 1, 100.0 + sent + sent * growth)
    return bandwidth


def test_a_free_path_is_told_the_ceiling_so_that_a_low_start_rises() -> None:
    assert fed(10, 0.0).ceiling(111.0) == CEILING


def test_a_congested_path_is_told_less_and_the_ceiling_again_when_it_is_calm() -> None:
    bandwidth = fed(10, 0.3)
    assert FLOOR <= bandwidth.ceiling(113.0) < 1_500_000
    assert bandwidth.ceiling(140.0) == CEILING
