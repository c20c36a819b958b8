"""Opus out of RTP as AAC: decoded onto one time line per language, and encoded a segment at a time."""

from collections import deque
from collections.abc import Iterator

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from realtime.relay.hls.boxes import Sample
from realtime.relay.hls.line import Line
from realtime.relay.offer import OPUS
from realtime.relay.rtp import Outgoing

RATE = OPUS.clock_rate

FRAME = 1024
"""Samples of one AAC frame. All languages' frames lie on one grid, so that a player changes between them without a seam."""

CHANNELS = 2
BITRATE = 96_000
"""Bits a second of one language."""

MAX_PIECES = 2_000
"""Decoded packets kept for segments to come, 40 s of the usual 20 ms; past it the oldest are dropped."""

_LEAD = 2
"""Frames encoded before a segment's first and thrown away: an encoder needs those before to do as one that never stopped."""

Pcm = NDArray[np.int16]


class Voice:
    """One language's sound on the session's time, in samples since its zero."""

    def __init__(self) -> None:
        self.end = 0
        """Where the newest piece ends."""
        self._line = Line(RATE)
        self._pieces: deque[tuple[int, Pcm]] = deque(maxlen=MAX_PIECES)
        self._decoder = _decoder()

    def add(self, packet: Outgoing, now: float) -> None:
        """Decode one packet; what is no Opus is silence."""
        at = self._line.place(packet.timestamp, now)
        try:
            pieces = [frame.to_ndarray().reshape(-1, CHANNELS) for frame in self._decoder.decode(av.Packet(packet.body))]
        except FFmpegError:
            return
        for piece in pieces:
            self._pieces.append((at, piece.astype(np.int16, copy=False)))
            at += len(piece)
        self.end = max(self.end, at)

    def speaks(self, start: int, end: int) -> bool:
        """Whether there is any sound between two times."""
        return any(at < end and at + len(piece) > start for at, piece in self._pieces)

    def paint(self, canvas: Pcm, start: int) -> None:
        """Lay what was said over `canvas`, which begins at `start`."""
        for at, piece in self._pieces:
            low, high = max(at, start), min(at + len(piece), start + len(canvas))
            if low < high:
                canvas[low - start : high - start] = piece[low - at : high - at]

    def forget(self, before: int) -> None:
        while self._pieces and self._pieces[0][0] + len(self._pieces[0][1]) < before:
            self._pieces.popleft()


def frames(start: float, end: float) -> tuple[int, int]:
    """The numbers of the AAC frames of a segment, by its seconds: the first, and the first of the next one."""
    return int(-(-start * RATE // FRAME)), int(-(-end * RATE // FRAME))


def encode(voices: list[Voice], first: int, end: int) -> list[Sample]:
    """AAC frames `first` to `end` (not with it) of what the voices said, each over the ones before it where it speaks."""
    begin = (first - _LEAD) * FRAME
    canvas = np.zeros(((end - first + _LEAD) * FRAME, CHANNELS), np.int16)
    for voice in voices:
        voice.paint(canvas, begin)
    return [Sample(data, FRAME) for number, data in _encoded(canvas) if number >= _LEAD][: end - first]


def _encoded(pcm: Pcm) -> Iterator[tuple[int, bytes]]:
    """Frames by number; the encoder's own delay has negative ones."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "fltp"
    encoder.bit_rate = BITRATE
    planes = np.ascontiguousarray((pcm.astype(np.float32) / 32_768).T)
    for at in range(0, len(pcm), FRAME):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes[:, at : at + FRAME]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, at
        for packet in encoder.encode(frame):
            yield (packet.pts or 0) // FRAME, bytes(packet)
    for packet in encoder.encode(None):
        yield (packet.pts or 0) // FRAME, bytes(packet)


def _decoder() -> av.AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    codec.format, codec.layout, codec.sample_rate = av.AudioFormat("s16"), av.AudioLayout("stereo"), RATE
    return codec
