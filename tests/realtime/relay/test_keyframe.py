"""What a newcomer is shown at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.relay.keyframe import MAX_PACKETS, STEP, Replay, begins_keyframe
from realtime.relay.offer import H264, VP8
from realtime.relay.rtp import Outgoing

KEY, DELTA = b"\x65\x88", b"\x41\x9a"
"""Single NAL units of H264: an IDR picture, and one that needs others."""


def outgoing(sequence: int, timestamp: int, payload: bytes) -> Outgoing:
    return Outgoing(sequence, timestamp & 0xFFFFFFFF, 1, 0x80, 0, payload)


def replay(*packets: tuple[int, int, bytes]) -> Replay:
    made = Replay(H264)
    for packet in packets:
        made.add(outgoing(*packet))
    return made


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x65\x88\x80", True),  # IDR
        (b"\x67\x42\xc0\x1f", True),  # SPS
        (b"\x78\x00\x04\x67\x42\xc0\x1f\x00\x02\x68\xce", True),  # STAP-A of SPS and PPS
        (b"\x78\x00\x02\x09\xf0\x00\x02\x65\x88", True),  # STAP-A that ends in an IDR
        (b"\x7c\x85\x88", True),  # FU-A, first of an IDR
        (b"\x7c\x05\x88", False),  # FU-A, a later one
        (b"\x7c\x81\x9a", False),  # FU-A, first of another picture
        (b"\x41\x9a", False),
        (b"\x09\xf0", False),  # an access unit delimiter: nothing yet
        (b"", False),
    ],
)
def test_a_keyframe_of_h264_is_known_by_its_first_bytes(payload: bytes, begins: bool) -> None:
    assert begins_keyframe(H264, payload) is begins


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x10\x50\x01", True),  # no extensions, P bit clear
        (b"\x10\x51\x01", False),
        (b"\x90\x80\x05\x50", True),  # 7-bit picture id
        (b"\x90\x80\x92\x34\x50", True),  # 15-bit picture id
        (b"\x90\xe0\x92\x34\x01\x60\x50", True),  # picture id, TL0PICIDX and TID
        (b"\x90\xe0\x92\x34\x01\x60\x51", False),
        (b"\x80\x80\x05\x50", False),  # not the start of the partition
        (b"\x11\x50", False),  # another partition
        (b"\x90", False),
        (b"", False),
    ],
)
def test_a_keyframe_of_vp8_is_known_by_its_descriptor(payload: bytes, begins: bool) -> None:
    assert begins_keyframe(VP8, payload) is begins


@given(st.binary(max_size=40))
def test_no_bytes_break_it(payload: bytes) -> None:
    begins_keyframe(H264, payload)
    begins_keyframe(VP8, payload)


def test_before_the_first_keyframe_there_is_nothing_to_show() -> None:
    assert replay((1, 100, DELTA), (2, 200, DELTA)).packets() == ()


def test_a_newcomer_gets_the_keyframe_and_all_since_a_moment_apart() -> None:
    shown = replay((1, 100, DELTA), (2, 3_100, KEY), (3, 3_100, b"\x7c\x05"), (4, 6_100, DELTA), (5, 9_100, DELTA)).packets()
    assert [packet.sequence for packet in shown] == [2, 3, 4, 5]
    assert [packet.timestamp for packet in shown] == [9_100 - 2 * STEP] * 2 + [9_100 - STEP, 9_100]


def test_the_next_keyframe_makes_the_pictures_before_it_needless() -> None:
    shown = replay((1, 100, KEY), (2, 3_100, DELTA), (3, 6_100, KEY)).packets()
    assert [packet.sequence for packet in shown] == [3]


def test_what_comes_before_the_key_unit_in_the_same_picture_stays_with_it() -> None:
    shown = replay((1, 100, KEY), (2, 3_100, b"\x09\xf0"), (3, 3_100, KEY)).packets()
    assert [packet.sequence for packet in shown] == [2, 3]


def test_a_packet_of_an_older_picture_that_comes_late_is_left_out() -> None:
    shown = replay((1, 100, KEY), (3, 0xFFFFFFF0, DELTA), (4, 3_100, KEY), (2, 100, DELTA)).packets()
    assert [packet.sequence for packet in shown] == [4]


def test_time_may_begin_anew_within_a_replay() -> None:
    shown = replay((1, 0xFFFFFF00, KEY), (2, 100, DELTA)).packets()
    assert [packet.timestamp for packet in shown] == [100 - STEP, 100]


def test_a_publisher_without_keyframes_fills_no_memory() -> None:
    made = replay((0, 0, KEY), *((number, number * 3_000, DELTA) for number in range(1, MAX_PACKETS + 1)))
    assert made.packets() == ()
    made.add(outgoing(1, 90_000, KEY))
    assert len(made.packets()) == 1
