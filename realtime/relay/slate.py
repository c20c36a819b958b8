"""The picture shown while a session's source is away: the product's mark and a clock whose hand goes round, without a word in any language.

Drawn and encoded here, once for each codec and when first needed; afterwards it is a handful of payloads that are sent again and again.
"""

import asyncio
import logging
from collections.abc import Sequence
from fractions import Fraction
from math import cos, pi, sin

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from numpy.typing import NDArray

from realtime.relay.offer import H264, VP8, Codec

RATE = 5
"""Pictures a second."""

PICTURES = 15
"""Pictures until it begins again, with a keyframe: who missed something sees again after three seconds at most."""

WIDTH, HEIGHT = 640, 360
PACKET = 1_200
"""Bytes of a payload, as browsers have them."""

_BACKGROUND, _VEIL, _GOLD = (12, 11, 16), (44, 36, 19), (246, 196, 83)
_STROKES = (
    ((8, 18), (8, 10)),
    ((8, 10), (12.5, 15)),
    ((12.5, 15), (17, 10)),
    ((17, 10), (17, 18)),
    ((21, 12), (27, 12)),
    ((21, 16), (25, 16)),
)
"""Of the mark's letters, in its own 34 by 28 units."""
_BULBS = tuple((x, y) for x in (4, 10.5, 17, 23.5, 30) for y in (2.2, 25.8))
_MARK, _CLOCK = (275.8, 70, 2.6), (320, 245, 62)
"""Left, top and scale of the mark; centre and radius of the clock."""

Slate = Sequence[Sequence[bytes]]
"""The RTP payloads of each picture."""

Plane = NDArray[np.float32]
_CODERS = {
    H264: ("libx264", {"preset": "veryfast", "tune": "stillimage,zerolatency", "profile": "baseline", "level": "31", "bf": "0"}),
    VP8: ("libvpx", {"deadline": "realtime", "cpu-used": "-4", "lag-in-frames": "0", "auto-alt-ref": "0"}),
}

logger = logging.getLogger(__name__)


class Slates:
    """Makes each codec's slate in a thread, when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[Codec, asyncio.Task[Slate | None]] = {}

    def find(self, codec: Codec) -> Slate | None:
        """None until it is made, which takes less than a second, and for good if this machine's FFmpeg cannot make it."""
        if codec not in self._made:
            self._made[codec] = asyncio.create_task(self._make(codec), name=f"slate in {codec.name}")
        task = self._made[codec]
        return task.result() if task.done() else None

    async def close(self) -> None:
        for task in self._made.values():
            task.cancel()
        await asyncio.gather(*self._made.values(), return_exceptions=True)

    async def _make(self, codec: Codec) -> Slate | None:
        try:
            return await asyncio.to_thread(encode, codec)
        except (av.FFmpegError, ValueError):
            logger.exception("no slate in %s", codec.name)
            return None


def encode(codec: Codec) -> Slate:
    """All pictures, the first a keyframe and the only one. Raises av.FFmpegError, ValueError."""
    name, options = _CODERS[codec]
    coder = av.CodecContext.create(name, "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt, coder.bit_rate = WIDTH, HEIGHT, "yuv420p", 150_000
    coder.framerate, coder.time_base, coder.gop_size = Fraction(RATE), Fraction(1, RATE), PICTURES
    coder.options = options
    packets = []
    for number, picture in enumerate(draw()):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += coder.encode(frame)
    packets += coder.encode(None)
    if len(packets) != PICTURES or [packet.is_keyframe for packet in packets] != [True] + [False] * (PICTURES - 1):
        raise ValueError(f"{name} made other pictures than it was given")
    return [_h264(packet) if codec == H264 else _vp8(bytes(packet)) for packet in packets]


def draw() -> Sequence[NDArray[np.uint8]]:
    """Every picture, in RGB."""
    still = _still()
    return [_with_hand(still, 2 * pi * number / PICTURES) for number in range(PICTURES)]


def _h264(packet: "av.Packet[av.VideoStream]") -> Sequence[bytes]:
    payloads, _ = H264Encoder().pack(packet)
    return payloads


def _vp8(picture: bytes) -> Sequence[bytes]:
    """RFC 7741 section 4.2, without a picture id: ids that begin again would look like pictures of long ago."""
    cuts = range(0, len(picture), PACKET)
    return [(b"\x10" if at == 0 else b"\x00") + picture[at : at + PACKET] for at in cuts]


def _still() -> Plane:
    """What does not move."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) + 0.5
    left, top, scale = _MARK
    u, v = (x - left) / scale, (y - top) / scale
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    picture[:] = _BACKGROUND
    board = np.hypot(np.maximum(abs(u - 17) - 11.5, 0), np.maximum(abs(v - 14) - 5, 0)) - 4
    _lay(picture, board * scale, _VEIL)
    _lay(picture, (abs(board) - 0.75) * scale, _GOLD)
    for stroke in _STROKES:
        _lay(picture, (_from_line(u, v, *stroke) - 1) * scale, _GOLD)
    for bulb in _BULBS:
        _lay(picture, (np.hypot(u - bulb[0], v - bulb[1]) - 1.5) * scale, _GOLD)
    across, down, radius = _CLOCK
    _lay(picture, abs(np.hypot(x - across, y - down) - radius) - 2, _GOLD)
    for hour in range(12):
        to, begin, end = hour * pi / 6, radius - (12 if hour % 3 else 18), radius - 7
        mark = [(across + at * sin(to), down - at * cos(to)) for at in (begin, end)]
        _lay(picture, _from_line(x, y, mark[0], mark[1]) - 1.2, _GOLD)
    return picture


def _with_hand(still: Plane, angle: float) -> NDArray[np.uint8]:
    across, down, radius = _CLOCK
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) + 0.5
    picture = still.copy()
    tip = across + (radius - 16) * sin(angle), down - (radius - 16) * cos(angle)
    _lay(picture, _from_line(x, y, (across, down), tip) - 2, _GOLD)
    _lay(picture, np.hypot(x - across, y - down) - 5, _GOLD)
    return picture.round().astype(np.uint8)


def _lay(picture: Plane, distance: Plane, colour: tuple[int, int, int]) -> None:
    """Paint where `distance` (in pixels) is below 0, with a soft edge."""
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    picture *= 1 - cover
    picture += cover * np.array(colour, np.float32)


def _from_line(x: Plane, y: Plane, start: tuple[float, float], end: tuple[float, float]) -> Plane:
    """How far each pixel is from a line's stretch."""
    along, across = end[0] - start[0], end[1] - start[1]
    share = np.clip(((x - start[0]) * along + (y - start[1]) * across) / (along**2 + across**2), 0, 1)
    return np.asarray(np.hypot(x - start[0] - share * along, y - start[1] - share * across), np.float32)
