"""A session as a file: the encoded packets are put into a container as they came, nothing is decoded or encoded again.

H264 and Opus become fragmented MP4, VP8 and Opus become WebM, sound alone becomes Ogg; each is playable up to its last seconds
whatever happens to this process. Writing has a thread of its own, so that a slow disk delays nobody's picture.
"""

import io
import logging
import queue
import struct
import threading
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from realtime.relay.keyframe import begins_keyframe
from realtime.relay.offer import H264, OPUS, Codec, Kind
from realtime.relay.pictures import Pictures, joined
from realtime.relay.rtp import Outgoing

QUEUE_PACKETS = 4_000
"""Packets waiting for the disk, about ten seconds; past it the newest are lost to the recording, and counted."""

FLUSH = 1.0
"""Seconds of a fragment at most: what a crash can cost."""

logger = logging.getLogger(__name__)


class Recorder:
    """One file, from the first keyframe on (or the first sound, without a picture). The name tells when it began, in UTC.

    Errors of the disk are logged and end the recording, never the session.
    """

    def __init__(self, folder: Path, name: str, codecs: Mapping[Kind, Codec]) -> None:
        suffix = {None: "ogg", H264: "mp4"}.get(codecs.get("video"), "webm")
        self.path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{name}.{suffix}"
        self.codecs = dict(codecs)
        self.lost = 0
        self._packets: queue.SimpleQueue[tuple[Kind, Outgoing, float] | None] = queue.SimpleQueue()
        # Not a daemon: when the process ends, what is queued is still written.
        self._thread = threading.Thread(target=self._run, name=f"recorder {self.path.name}")
        self._thread.start()

    def push(self, kind: Kind, packet: Outgoing, now: float) -> None:
        """Take a packet that was forwarded at `now`. Never waits."""
        if self._packets.qsize() < QUEUE_PACKETS:
            self._packets.put((kind, packet, now))
        else:
            self.lost += 1

    def close(self) -> None:
        """Take no more; what is queued is written behind one's back."""
        self._packets.put(None)

    def join(self) -> None:
        """Wait until the file is whole."""
        self._thread.join()

    # In the thread

    def _run(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with File(self.path, self.codecs) as file:
                while (item := self._packets.get()) is not None:
                    file.add(*item)
        except Exception:
            logger.exception("the recording %s ended", self.path)
            while self._packets.get() is not None:
                self.lost += 1


class Recordings:
    """The files of one session, in a folder of its name: the floor's, and each booth's; without a folder there are none."""

    def __init__(self, folder: Path | None, session: str) -> None:
        self._folder = None if folder is None else folder / quote(session, safe="")
        self._open: dict[str, Recorder] = {}

    def begin(self, name: str, codecs: Mapping[Kind, Codec]) -> None:
        """Record a channel, or go on if it is of the same codecs as before."""
        if self._folder is not None and (name not in self._open or self._open[name].codecs != codecs):
            self.end(name)
            self._open[name] = Recorder(self._folder, name, codecs)

    def push(self, name: str, kind: Kind, packet: Outgoing, now: float) -> None:
        if name in self._open:
            self._open[name].push(kind, packet, now)

    def end(self, name: str) -> None:
        """Finish a channel's file. Idempotent."""
        recorder = self._open.pop(name, None)
        if recorder is not None:
            recorder.close()

    def close(self) -> None:
        for name in list(self._open):
            self.end(name)


class File:
    """The container, opened with what the first packets tell."""

    def __init__(self, path: Path, codecs: Mapping[Kind, Codec]) -> None:
        self._path, self._codecs = path, codecs
        self._pictures = Pictures()
        self._container: Any = None
        self._streams: dict[Kind, Any] = {}
        self._lines: dict[Kind, _Line] = {}
        self._begun_at = 0.0

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._container is not None:
            self._container.close()

    def add(self, kind: Kind, packet: Outgoing, now: float) -> None:
        if kind == "audio":
            if packet.payload and (self._container is not None or "video" not in self._codecs):
                self._write(kind, packet.timestamp, packet.payload, now, key=True)
            return
        for timestamp, packets in self._pictures.add(packet):
            codec = self._codecs["video"]
            data = joined(RTCRtpCodecParameters(mimeType=f"video/{codec.name.upper()}", clockRate=codec.clock_rate), packets)
            key = any(begins_keyframe(codec, part.payload) for part in packets)
            if key or self._container is not None:
                self._write(kind, timestamp, data, now, key=key)

    def _write(self, kind: Kind, timestamp: int, data: bytes, now: float, *, key: bool) -> None:
        if self._container is None:
            self._open(data, now)
        line = self._lines.get(kind)
        if line is None:
            # Sound and picture begin where they stood when they arrived: their own clocks have nothing in common.
            line = self._lines[kind] = _Line(timestamp, round((now - self._begun_at) * self._codecs[kind].clock_rate))
        made = av.Packet(data)
        made.stream = self._streams[kind]
        made.time_base = Fraction(1, self._codecs[kind].clock_rate)
        made.pts = made.dts = line.place(timestamp)
        made.is_keyframe = key
        self._container.mux(made)

    def _open(self, data: bytes, now: float) -> None:
        options = {"flush_packets": "1"}
        if self._path.suffix == ".mp4":
            options |= {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": str(int(FLUSH * 1e6))}
        self._container = av.open(str(self._path), "w", options=options)
        self._begun_at = now
        if "video" in self._codecs:
            with av.open(io.BytesIO(_bare(self._codecs["video"], data)), format=_BARE[self._codecs["video"].name]) as picture:
                self._streams["video"] = self._container.add_stream_from_template(picture.streams.video[0], opaque=True)
        if "audio" in self._codecs:
            self._streams["audio"] = sound = self._container.add_stream("libopus", rate=OPUS.clock_rate)
            sound.codec_context.layout, sound.codec_context.format = "stereo", "s16"
        self._container.start_encoding()


class _Line:
    """RTP's 32 bits of time as a line that only rises."""

    def __init__(self, first: int, start: int) -> None:
        self._last, self._at = first, start
        self._written = start - 1

    def place(self, timestamp: int) -> int:
        step = (timestamp - self._last) & 0xFFFFFFFF
        self._at += step if step < 0x80000000 else step - 0x100000000
        self._last = timestamp
        self._written = max(self._written + 1, self._at)
        return self._written


_BARE = {"h264": "h264", "vp8": "ivf"}


def _bare(codec: Codec, data: bytes) -> bytes:
    """A keyframe as a file by itself, from which the container learns the size of the picture."""
    if codec == H264:
        return data
    width, height = struct.unpack_from("<HH", data, 6)  # RFC 6386 section 9.1
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP80", width & 0x3FFF, height & 0x3FFF, codec.clock_rate, 1, 1, 0)
    return head + struct.pack("<IQ", len(data), 0) + data
