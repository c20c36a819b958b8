from hypothesis import given
from hypothesis import strategies as st

from realtime.relay.continuity import Continuity
from realtime.relay.history import HISTORY, History
from realtime.relay.rtp import Packet, read_packet, rewrite


def continuity() -> Continuity:
    return Continuity(90_000, sequence=65_530, timestamp=0xFFFF_FF00)


def test_the_first_packet_of_a_new_source_follows_the_last_of_the_old() -> None:
    line = continuity()
    assert line.place(1, 500, 1_000, 10.0) == (65_530, 0xFFFF_FF00)
    assert line.place(1, 501, 4_000, 10.03) == (65_531, 0xFFFF_FF00 + 3_000 - 2**32)
    assert line.place(2, 9, 77, 12.03) == (65_532, 0xFFFF_FF00 + 3_000 + 180_000 - 2**32)


def test_two_sources_never_share_a_timestamp() -> None:
    line = continuity()
    before = line.place(1, 1, 1, 5.0)
    after = line.place(2, 1, 1, 5.0)
    assert before is not None
    assert after is not None
    assert before[1] != after[1]


def test_reordered_packets_keep_their_place() -> None:
    line = continuity()
    placed = [line.place(1, sequence, 0, 0.0) for sequence in (65_535, 1, 0, 2)]
    assert [p[0] for p in placed if p] == [65_530, 65_532, 65_531, 65_533]


def test_a_packet_older_than_its_source_is_dropped_because_its_number_is_taken() -> None:
    line = continuity()
    line.place(1, 10, 0, 0.0)
    line.place(2, 50, 0, 1.0)
    assert line.place(2, 49, 0, 1.0) is None


def test_a_leap_in_a_source_is_a_new_run_and_no_hole() -> None:
    line = continuity()
    line.place(1, 10, 0, 0.0)
    assert line.place(1, 20_010, 5, 0.1) == (65_531, (0xFFFF_FF00 + 9_000) % 2**32)


def test_sender_reports_of_another_source_have_no_place() -> None:
    line = continuity()
    line.place(1, 10, 1_000, 0.0)
    assert line.map_timestamp(1, 1_100) == (0xFFFF_FF00 + 100) % 2**32
    assert line.map_timestamp(2, 1_100) is None


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=60))
def test_whoever_sends_the_sequence_has_no_hole_but_the_sources_own_losses(steps: list[tuple[int, int]]) -> None:
    line = continuity()
    positions: dict[int, int] = {}
    previous: tuple[int, int] | None = None
    for source, step in steps:
        fresh = previous is None or previous[0] != source
        positions[source] = positions.get(source, source * 20_000) + step
        placed = line.place(source, positions[source] & 0xFFFF, 0, 0.0)
        assert placed is not None
        if previous is not None:
            assert (placed[0] - previous[1]) & 0xFFFF == (1 if fresh else step)
        previous = source, placed[0]


@given(st.binary(max_size=80))
def test_no_bytes_break_the_header_parser(data: bytes) -> None:
    packet = read_packet(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


def test_extensions_and_csrcs_are_left_behind_and_padding_is_kept() -> None:
    head = bytes([0xB1, 0xE0]) + (7).to_bytes(2, "big") + bytes(8) + b"csrc"
    packet = read_packet(head + b"\xbe\xde\x00\x01\x22abc" + b"media" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.extensions == b"\x22abc"
    assert packet.body == b"media"
    sent = read_packet(rewrite(packet, 1, 2, 3).numbered(101))
    assert sent == Packet(101, 0x80, 1, 2, 3, True, b"", b"media\x00\x00\x03")


def test_history_answers_only_for_what_it_still_has() -> None:
    history = History()
    packet = Packet(96, 0, 0, 0, 0, False, b"", b"x")
    for sequence in range(HISTORY + 1):
        history.add(rewrite(packet, sequence, 0, 0))
    kept = history.get(1)
    assert kept is not None
    assert kept.sequence == 1
    assert history.get(0) is None
    assert history.get(HISTORY + 1) is None
