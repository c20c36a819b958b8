"""H264 out of RTP as samples of an MP4 track: whole pictures, NAL units by their length."""

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import av
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av.error import FFmpegError

from realtime.relay.hls.boxes import picture_init
from realtime.relay.hls.line import Line
from realtime.relay.offer import H264
from realtime.relay.pictures import Pictures, joined
from realtime.relay.rtp import Outgoing

RATE = H264.clock_rate

_IDR, _SPS, _PPS, _AUD = 5, 7, 8, 9
_START = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class Format:
    """What a decoder must know before the first picture."""

    init: bytes
    codec: str
    """By RFC 6381."""
    width: int
    height: int

    @property
    def name(self) -> str:
        """Of what is in `init`, and of nothing else."""
        return hashlib.sha256(self.init).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture at a time in 1/90000 s since the session's zero; `key` if a decoder can begin with it."""

    at: int
    data: bytes
    key: bool


class Film:
    """RTP packets in, pictures out. `format` is that of the newest keyframe, None before the first."""

    def __init__(self) -> None:
        self.format: Format | None = None
        self._pictures = Pictures()
        self._line = Line(RATE)
        self._parameters: tuple[bytes, bytes] = b"", b""

    def add(self, packet: Outgoing, now: float) -> Iterator[Frame]:
        """Whatever is whole now; what is no H264 is left out."""
        for timestamp, packets in self._pictures.add(packet):
            try:
                units = joined(_CODEC, packets).split(_START)[1:]
            except ValueError:
                continue
            key = any(_kind(unit) == _IDR for unit in units)
            if key and not self._learn(units):
                continue
            # Parameter sets stay, though the initialization has them too: FFmpeg reads no second one after a break.
            data = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if _kind(unit) != _AUD)
            if data and self.format is not None:
                yield Frame(self._line.place(timestamp, now), data, key)

    def _learn(self, units: list[bytes]) -> bool:
        """Note the parameter sets before a keyframe; whether it can be shown by them."""
        sps = next((unit for unit in units if _kind(unit) == _SPS), self._parameters[0])
        pps = next((unit for unit in units if _kind(unit) == _PPS), self._parameters[1])
        if (sps, pps) != self._parameters:
            made = _format(sps, pps, units)
            if made is None:
                return False
            self._parameters, self.format = (sps, pps), made
        return self.format is not None


_CODEC = RTCRtpCodecParameters(mimeType="video/H264", clockRate=RATE)


def _kind(unit: bytes) -> int:
    return unit[0] & 0x1F if unit else 0


def _format(sps: bytes, pps: bytes, units: list[bytes]) -> Format | None:
    """The format that a keyframe's parameter sets tell; None when they are no use."""
    if len(sps) < 4 or not pps:
        return None
    try:
        with av.open(io.BytesIO(b"".join(_START + unit for unit in (sps, pps, *units))), format="h264") as file:
            context = file.streams.video[0].codec_context
            size = context.width, context.height
    except (FFmpegError, IndexError):
        return None
    return Format(picture_init((sps, pps), size, RATE), f"avc1.{sps[1:4].hex()}", *size) if all(size) else None
