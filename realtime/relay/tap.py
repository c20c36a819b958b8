"""A session's sound as 16 kHz mono PCM, for captions. Media is decoded here, and its sound in `hls` while somebody asks; nowhere else."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

RATE = 16_000
"""Samples per second of what a tap gives."""

CHUNK = RATE // 10
"""Samples per chunk: 100 ms."""

MAX_WAITING = 500
"""Opus packets waiting for a slow reader (10 s at 20 ms each); past it the oldest are dropped and counted."""

MAX_FILL = 1.0
"""Seconds of missing sound that are filled with silence; after a longer hole the media time jumps instead."""

_OPUS_RATE = 48_000
_STEP = _OPUS_RATE // RATE
_TOLERANCE = RATE // 100  # the resampler gives its samples in uneven pieces: up to 10 ms are no hole


@dataclass(frozen=True, slots=True)
class Chunk:
    """100 ms of sound: `time` in seconds since the stream's first sound, `samples` an int16 array of shape (1600,).

    `at` is when it had come in whole, in seconds since 1970 UTC by this machine's clock.
    """

    time: float
    samples: NDArray[np.int16]
    at: float


class Decoder:
    """Opus packets to mono PCM at RATE. Keeps the state of one stream."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, av.AudioCodecContext)
        codec.format, codec.layout, codec.sample_rate = av.AudioFormat("s16"), av.AudioLayout("mono"), _OPUS_RATE
        self._codec = codec
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)

    def decode(self, payload: bytes) -> NDArray[np.int16]:
        """Samples of one packet, possibly none; raises FFmpegError if it is not Opus."""
        pieces = [
            resampled.to_ndarray().reshape(-1)
            for frame in self._codec.decode(av.Packet(payload))
            for resampled in self._resampler.resample(frame)
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, np.int16)


class Tap:
    """Async iterator of Chunk, from the next packet on; it survives the publisher's going and coming back.

    Decoding happens in the reader's turn (about 0.1 ms per packet), so a tap nobody reads costs only its queue. It ends
    (StopAsyncIteration) when closed or when the relay closes. Use as a context manager, or call `close()`.
    """

    def __init__(self, on_close: Callable[["Tap"], None]) -> None:
        self.dropped = 0
        """Packets lost to a slow reader or not decodable."""
        self._packets: deque[tuple[int, bytes, float]] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self._on_close = on_close
        self._decoder = Decoder()
        self._buffer = np.empty(0, np.int16)
        self._position: int | None = None
        """Where the buffer ends, in samples since the stream's first sound."""
        self._at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration now. Idempotent."""
        if not self._closed:
            self._closed = True
            self._arrived.set()
            self._on_close(self)

    def push(self, offset: int, payload: bytes) -> None:
        """Queue one Opus packet; `offset` in 1/48000 s since the stream's first sound. Called by the relay."""
        if len(self._packets) >= MAX_WAITING:
            self._packets.popleft()
            self.dropped += 1
        self._packets.append((offset // _STEP, payload, time.time()))
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        while not self._closed:
            if len(self._buffer) >= CHUNK:
                return self._take()
            if not self._packets:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            start, payload, self._at = self._packets.popleft()
            self._append(start, payload)
        raise StopAsyncIteration

    def _take(self) -> Chunk:
        assert self._position is not None
        start = self._position - len(self._buffer)
        samples, self._buffer = self._buffer[:CHUNK], self._buffer[CHUNK:]
        return Chunk(start / RATE, samples, self._at)

    def _append(self, start: int, payload: bytes) -> None:
        """Decode a packet that starts at sample `start` onto the buffer, after silence for what is missing."""
        if self._position is None:
            self._position = start
        missing = start - self._position
        if missing < -_TOLERANCE:
            return  # late: its place was filled with silence
        if missing > MAX_FILL * RATE:
            # What is left of the old chunk (under 100 ms) goes, so that every chunk is whole and begins at its own time.
            self._buffer, self._position = self._buffer[:0], start
        elif missing > _TOLERANCE:
            self._extend(np.zeros(missing, np.int16))
        try:
            self._extend(self._decoder.decode(payload))
        except FFmpegError:
            self.dropped += 1

    def _extend(self, samples: NDArray[np.int16]) -> None:
        self._buffer = np.concatenate((self._buffer, samples))
        self._position = (self._position or 0) + len(samples)
