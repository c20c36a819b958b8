"""Where HLS cuts, what it does with holes, and what its playlists say of that; from encoded pictures without a network."""

import io
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.relay.hls import playlist
from realtime.relay.hls.cutting import LONGEST, Cutting
from realtime.relay.hls.line import Line
from realtime.relay.hls.picture import Film, Format
from realtime.relay.hls.segment import FLOOR, Segment
from realtime.relay.hls.sound import Voice
from realtime.relay.hls.window import KEPT, LISTED, Window
from realtime.relay.rtp import Outgoing

RATE = 10
"""Pictures a second."""


class Camera:
    """A publisher's H264, as packets of a NAL unit each. Its clock and its numbers begin near their wrap."""

    def __init__(self, sequence: int = 65_000, timestamp: int = 0xFFFF0000) -> None:
        self._sequence, self._timestamp = sequence, timestamp

    def film(self, begin: float, seconds: float, size: tuple[int, int] = (64, 48), gop: int = RATE) -> Iterator[tuple[Outgoing, float]]:
        """Packets with the time they come at; a keyframe every `gop` pictures."""
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt, codec.time_base = *size, "yuv420p", Fraction(1, RATE)
        codec.options = {"tune": "zerolatency", "preset": "ultrafast", "g": str(gop), "x264-params": f"keyint={gop}:scenecut=0"}
        for number in range(round(seconds * RATE)):
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), number * 9 % 255, np.uint8), format="rgb24")
            picture.pts = number
            for encoded in codec.encode(picture.reformat(format="yuv420p")):
                yield from self._packets(bytes(encoded), begin + number / RATE)

    def _packets(self, picture: bytes, at: float) -> Iterator[tuple[Outgoing, float]]:
        units = [unit for unit in picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
        timestamp = (self._timestamp + round(at * 90_000)) & 0xFFFFFFFF
        for number, unit in enumerate(units, 1):
            yield Outgoing(self._sequence & 0xFFFF, timestamp, 1, 0x80, 0x80 * (number == len(units)), unit), at
            self._sequence += 1


def cut(packets: Iterator[tuple[Outgoing, float]], cutting: Cutting, until: float) -> list[Segment]:
    made: list[Segment] = []
    for packet, at in packets:
        cutting.add(FLOOR, "video", packet, at)
        made += cutting.ready(at)
    return [*made, *cutting.ready(until)]


def shown(segment: Segment) -> list[float]:
    assert segment.format is not None
    with av.open(io.BytesIO(segment.format.init + segment.picture)) as file:
        return [float(frame.time or 0) for frame in file.decode(video=0)]


def test_a_segment_ends_at_the_first_keyframe_after_two_seconds() -> None:
    made = cut(Camera().film(1.0, 7.0, gop=15), Cutting(zero=1_000.0, pictured=True), until=8.0)
    assert [(one.at, one.start, one.seconds, one.broken) for one in made] == [(1_001_000, 1.0, 3.0, True), (1_004_000, 4.0, 3.0, False)]
    times = [time for one in made for time in shown(one)]
    assert times == pytest.approx([1.0 + number / RATE for number in range(60)])


def test_without_keyframes_it_ends_all_the_same_and_one_is_asked_for() -> None:
    cutting = Cutting(zero=0.0, pictured=True)
    made = cut(Camera().film(1.0, 6.0, gop=1_000), cutting, until=7.0)
    assert [one.seconds for one in made] == [LONGEST]
    assert cutting.wants_keyframe


def test_a_hole_ends_the_segment_and_breaks_the_time_line() -> None:
    camera, cutting = Camera(), Cutting(zero=0.0, pictured=True)
    made = cut(camera.film(1.0, 3.0), cutting, until=15.0) + cut(camera.film(20.0, 3.0), cutting, until=30.0)
    assert [(one.start, one.broken) for one in made] == [(1.0, True), (3.0, False), (20.0, True), (22.0, False)]
    assert shown(made[2])[0] == 20.0


def test_another_size_is_another_format_and_breaks_too() -> None:
    camera, cutting = Camera(), Cutting(zero=0.0, pictured=True)
    made = cut(camera.film(1.0, 3.0), cutting, until=4.0) + cut(camera.film(4.0, 3.0, (96, 64)), cutting, until=12.0)
    looks = [(one.start, one.broken, one.format.width) for one in made if one.format is not None]
    assert looks == [(1.0, True, 64), (3.0, False, 64), (4.0, True, 96), (6.0, False, 96)]


def test_another_encoding_of_the_same_picture_goes_on_from_its_keyframe() -> None:
    cutting = Cutting(zero=0.0, pictured=True)
    made = cut(Camera().film(1.0, 3.0), cutting, until=4.0)
    cutting.turn(True)
    made += cut(Camera(7, 7).film(4.0, 3.0), cutting, until=12.0)
    assert [(one.start, one.broken) for one in made] == [(1.0, True), (3.0, False), (5.0, False)]
    assert [time for one in made for time in shown(one)] == pytest.approx([1.0 + number / RATE for number in range(60)])


def test_sound_alone_is_cut_by_the_clock() -> None:
    opus, cutting, made = av.CodecContext.create("libopus", "w"), Cutting(zero=0.0, pictured=False), list[Segment]()
    opus.sample_rate, opus.layout, opus.format = 48_000, "stereo", "s16"
    for number in range(250):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1_920), np.int16), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 960
        for payload in opus.encode(frame):
            cutting.add(FLOOR, "audio", Outgoing(number, number * 960, 1, 0x80, 0, bytes(payload)), 1.0 + number / 50)
            made += cutting.ready(1.0 + number / 50)
    assert [(round(one.seconds, 3), one.format, one.picture) for one in made] == [(2.0, None, b"")] * 2
    window = Window()
    for one in made:
        window.add(one)
    variant = playlist.master(window, "en", [], [], str.upper).splitlines()[-2:]
    assert 'CODECS="mp4a.40.2"' in variant[0]
    assert "RESOLUTION" not in variant[0]
    assert variant[1] == "sound-floor.m3u8"


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=30))
def test_whatever_a_publisher_sends_makes_no_error(payloads: list[bytes]) -> None:
    film, voice = Film(), Voice()
    for number, payload in enumerate(payloads):
        packet = Outgoing(number, number * 3_000, 1, 0xA0, 0x80, payload)
        list(film.add(packet, number / 30))
        voice.add(packet, number / 30)


class TestLine:
    def test_a_first_packet_that_was_late_is_put_where_it_belongs(self) -> None:
        line = Line(1_000)
        assert line.place(0, 1.3) == 1_300
        assert [line.place(number * 100, 1.0 + number / 10) for number in range(1, 4)] == [1_100, 1_200, 1_300]

    def test_a_slow_clock_is_kept_up_with(self) -> None:
        line = Line(1_000)
        placed = [line.place(number * 999, float(number)) for number in range(100)]
        assert all(abs(at - number * 1_000) <= 40 for number, at in enumerate(placed))

    def test_timestamps_wrap(self) -> None:
        line = Line(1_000)
        assert [line.place(timestamp & 0xFFFFFFFF, 1.0 + timestamp / 1_000) for timestamp in (0, -5, 100, 200)] == [
            1_000,
            995,
            1_100,
            1_200,
        ]


def segment(number: int, broken: bool = False, size: int = 10) -> Segment:
    looks = Format(b"init", "avc1.42c01f", 64, 48)
    return Segment(number * 2_000, number * 2.0, 2.0, broken, looks, b"v" * size, 20, {FLOOR: b"s"})


class TestWindow:
    def test_what_has_left_the_playlist_can_be_had_for_a_while_and_breaks_are_counted(self) -> None:
        window = Window()
        for number in range(KEPT + 3):
            window.add(segment(number, broken=number in (0, 2, 12)))
        first = window.listed[0].number
        text = playlist.pictures(window)
        assert len(window.listed) == LISTED
        assert f"#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in text
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1
        assert text.count("#EXT-X-MAP") == 2
        assert window.picture(first - LISTED) is not None
        assert window.picture(first - LISTED - 1) is None

    def test_bytes_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("realtime.relay.hls.window.MAX_BYTES", 100)
        window = Window()
        for number in range(5):
            window.add(segment(number, size=40))
        assert (len(window.listed), window.size) == (2, 82)

    def test_numbers_go_on_in_another_window(self) -> None:
        before, after = Window(), Window()
        before.add(segment(0))
        after.add(segment(1))
        assert after.listed[0].number >= before.listed[0].number

    def test_a_time_without_a_picture_is_a_gap(self) -> None:
        window = Window()
        window.add(segment(0))
        window.add(replace(segment(1, broken=True), format=None, picture=b""))
        assert "#EXT-X-GAP\n" in playlist.pictures(window)

    def test_captions_are_told_when_their_lines_are_finished(self) -> None:
        window = Window()
        for number in range(6):
            window.add(segment(number))
        listed = playlist.captions(window, "es", now=2.0 * 3 + 6.0)
        assert listed.count("-captions-es.vtt") == 2
        assert playlist.captions(window, "es", now=0.0).count("-captions-es.vtt") == 1
