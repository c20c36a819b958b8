"""The demo's film: the leader and a reading, encoded once, a second at a time, and looped as packets ever after.

A viewer who joins waits for a keyframe: each second begins with one. What is played is encoded the first time it is
wanted, so the demo starts without waiting for a film.
"""

import asyncio
import importlib.util
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from server.demo.leader import HEIGHT, RATE, TINT, WIDTH, Leader

SECONDS = 48
"""Length of the loop: six countdowns, and the reading with a pause after it."""
SAMPLES = 48_000
"""Samples a second."""
PACKETS = 50
"""Sound packets a second: 20 ms each, as every WebRTC stack likes them."""
POP_AT = 46
"""The second of the loop with the pop: at the last "2", as on a leader for sound, and in the pause of the reading."""

Sound = NDArray[np.int16]


class Reel:
    """The packets of one track by second. Encoded in a thread when first asked for; kept, at most `SECONDS` of them."""

    def __init__(self, rate: int, shooting: Iterator[list[bytes]]) -> None:
        self.rate = rate
        """Packets in a second."""
        self._shooting = shooting
        self._kept: list[list[bytes]] = []
        self._lock = threading.Lock()

    async def second(self, number: int) -> list[bytes]:
        """The packets of second `number` of the loop. Cancelling leaves the encoder where it is; nothing is lost."""
        number %= SECONDS
        if number >= len(self._kept):
            await asyncio.to_thread(self._shoot, number)
        return self._kept[number]

    def _shoot(self, number: int) -> None:
        with self._lock:  # a cancelled caller's thread may still be here
            while len(self._kept) <= number:
                self._kept.append(next(self._shooting))


class Film:
    """H264 (constrained baseline, 640x360, `RATE` pictures a second) and Opus (mono, 48 kHz)."""

    def __init__(self) -> None:
        self.pictures = Reel(RATE, _pictures())
        self.sound = Reel(PACKETS, _sound())


def _pictures() -> Iterator[list[bytes]]:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(RATE), Fraction(1, RATE), RATE
    encoder.thread_count = 1  # one slice a picture, and a core left for the server
    encoder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "level": "3.0",
        "crf": "27",
        "x264-params": f"keyint={RATE}:min-keyint={RATE}:scenecut=0",
    }
    leader = Leader()
    tint = np.concatenate([np.full((HEIGHT // 4, WIDTH), value, np.uint8) for value in TINT])
    for second in range(SECONDS):
        packets = []
        for number in range(RATE):
            frame = av.VideoFrame.from_ndarray(np.concatenate([leader.picture(second, number), tint]), format="yuv420p")
            frame.pts, frame.time_base = second * RATE + number, Fraction(1, RATE)
            packets += [bytes(packet) for packet in encoder.encode(frame)]
        yield packets


def _sound() -> Iterator[list[bytes]]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = SAMPLES, "mono", "s16", 40_000
    encoder.options = {"application": "audio", "frame_duration": "20"}
    size = SAMPLES // PACKETS
    sound = _mix()
    for second in range(SECONDS):
        packets = []
        for number in range(PACKETS):
            start = second * SAMPLES + number * size
            frame = av.AudioFrame.from_ndarray(sound[start : start + size].reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLES, start, Fraction(1, SAMPLES)
            packets += [bytes(packet) for packet in encoder.encode(frame)]
        yield packets


def _mix() -> Sound:
    """The reading, and the pop: one 24th of a second of 1 kHz at -20 dBFS."""
    sound = np.zeros(SECONDS * SAMPLES, np.int16)
    speech = _reading()[: POP_AT * SAMPLES]
    sound[: len(speech)] = speech
    at = np.arange(SAMPLES // 24)
    pop = (np.sin(2 * np.pi * 1000 * at / SAMPLES) * 3277).astype(np.int16)
    sound[POP_AT * SAMPLES : POP_AT * SAMPLES + len(pop)] = pop
    return sound


def _reading() -> Sound:
    """The opening of A Tale of Two Cities, a public domain reading in the recognizer's wheel; silence where that is not installed."""
    spec = importlib.util.find_spec("moonshine_voice")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else Path()
    path = folder / "assets" / "two_cities.wav"
    if not path.is_file():
        return np.zeros(0, np.int16)
    resampler = av.AudioResampler("s16", "mono", SAMPLES)
    with av.open(str(path)) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])
