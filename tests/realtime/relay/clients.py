"""Real WebRTC clients for the relay's tests: aiortc peer connections, and the sources they publish."""

import asyncio
import fractions
import os
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from numpy.typing import NDArray

Signal = Callable[[str], Awaitable[str]]
"""Takes an SDP offer, gives the answer."""


class Pattern(VideoStreamTrack):
    """A small moving picture at 20 frames a second: cheap to encode, never still."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._start = time.time()

    async def recv(self) -> av.VideoFrame:
        self._count += 1
        await asyncio.sleep(max(0.0, self._start + self._count / 20 - time.time()))
        picture = np.full((120, 160, 3), (self._count * 7) % 256, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = self._count * 4500, fractions.Fraction(1, 90_000)
        return frame


class Flashing(Pattern):
    """The same in black; `flash` makes it white for a moment and tells when that left, in s since 1970 UTC."""

    def __init__(self) -> None:
        super().__init__()
        self._white = 0
        self._left: asyncio.Future[float] | None = None

    async def flash(self) -> float:
        self._white, self._left = 8, asyncio.get_running_loop().create_future()
        return await self._left

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        white, self._white = self._white > 0, max(0, self._white - 1)
        picture = np.full((120, 160, 3), 255 if white else self._count % 16, np.uint8)
        flashed = av.VideoFrame.from_ndarray(picture, format="rgb24")
        flashed.pts, flashed.time_base = frame.pts, frame.time_base
        if white and self._left is not None and not self._left.done():
            self._left.set_result(time.time())
        return flashed


class Sound(AudioStreamTrack):
    """What `wave` makes of each sample's number, as 48 kHz stereo in 20 ms frames, in its own time."""

    def __init__(self) -> None:
        super().__init__()
        self._samples = 0
        self._start = time.time()

    def wave(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """The samples of these numbers, in int16's range."""
        raise NotImplementedError

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._start + self._samples / 48_000 - time.time()))
        wave = self.wave(np.arange(self._samples, self._samples + 960)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._samples, fractions.Fraction(1, 48_000)
        self._samples += 960
        return frame


class Tone(Sound):
    """A sine of `frequency` Hz at half scale."""

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self._frequency = frequency

    def wave(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(np.sin(2 * np.pi * self._frequency * at / 48_000) * 16_000)


class Speech(Sound):
    """A WAV file (mono, 16 bits), and silence after its end."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        with wave.open(str(path)) as file:
            rate, read = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
        self._read = np.interp(np.arange(len(read) * 48_000 // rate) * rate / 48_000, np.arange(len(read)), read)
        self._read[-1] = 0.0

    def wave(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.take(self._read, at, mode="clip")


def no_servers() -> RTCPeerConnection:
    """A connection that asks no STUN server on the internet for its address."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def negotiate(connection: RTCPeerConnection, signal: Signal) -> None:
    """Offer, wait for the answer, apply it; ICE and DTLS go on in the background."""
    await connection.setLocalDescription(await connection.createOffer())
    answer = await signal(connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))


async def answer(connection: RTCPeerConnection, offer: str, signal: Callable[[str], Awaitable[None]]) -> None:
    """Take an offer, and hand over the answer to it."""
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    await signal(connection.localDescription.sdp)


@asynccontextmanager
async def publishing(
    signal: Signal,
    *,
    video: str | None = "H264",
    picture: Pattern | None = None,
    tone: float | None = 440.0,
    speech: Path | None = None,
) -> AsyncIterator[RTCPeerConnection]:
    """A publisher for the length of the block. `video` is the codec's name, `picture` what it shows; `speech` is heard, not the tone."""
    connection = no_servers()
    try:
        if speech is not None or tone is not None:
            connection.addTransceiver(Speech(speech) if speech is not None else Tone(tone or 0.0), direction="sendonly")
        if video is not None:
            transceiver = connection.addTransceiver(picture or Pattern(), direction="sendonly")
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in codecs if c.name == video])
        await negotiate(connection, signal)
        yield connection
    finally:
        await connection.close()


class Viewing:
    """What a viewer has decoded so far."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.connection = connection
        self.frames = 0
        self.samples = 0
        self._tasks: list[asyncio.Task[None]] = []
        connection.on("track", self._receive)

    def _receive(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.ensure_future(self._count(track)))

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            frame: Any = await track.recv()
            if track.kind == "video":
                self.frames += 1
            else:
                self.samples += frame.samples

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()


@asynccontextmanager
async def viewing(signal: Signal) -> AsyncIterator[Viewing]:
    """A viewer of audio and video for the length of the block."""
    viewer = Viewing(no_servers())
    try:
        viewer.connection.addTransceiver("audio", direction="recvonly")
        viewer.connection.addTransceiver("video", direction="recvonly")
        await negotiate(viewer.connection, signal)
        yield viewer
    finally:
        await viewer.close()


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait for `condition`; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not (met if isinstance(met := condition(), bool) else await met):  # noqa: ASYNC110 - another program is waited for
            await asyncio.sleep(0.02)


def relay_processes() -> list[int]:
    """Processes of ours that run a relay."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, parent = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"realtime.relay.worker" in command and int(parent) == os.getpid():
            found.append(int(folder.name))
    return found
