"""aiortc's MediaRelay, which decodes and encodes for every viewer: measured with few of them, per packet it sent.

`python -m tests.load.relay.mediarelay` is the server: it answers lines of JSON, and ends with its standard input.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator

import av
import numpy as np
import uvloop
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from tests.load.relay.load import Forwarding, cpu_of
from tests.realtime.relay.clients import Pattern, Signal, negotiate, no_servers, viewing

VIEWERS = 3
SECONDS = 5.0
WARM_UP = 1.0
LINE = 1 << 20


class Noise(Pattern):
    """A picture that fills the encoder's bitrate."""

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        noisy = av.VideoFrame.from_ndarray(np.random.default_rng(frame.pts).integers(0, 80, (360, 480, 3), np.uint8), format="rgb24")
        noisy.pts, noisy.time_base = frame.pts, frame.time_base
        return noisy


async def serve() -> None:
    relay, connections, arrived = MediaRelay(), [], asyncio.get_running_loop().create_future()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        role, offer = json.loads(line)
        connections.append(connection := no_servers())
        if role == "publish":
            connection.on("track", arrived.set_result)
        else:
            connection.addTrack(relay.subscribe(await arrived, buffered=False))
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        print(json.dumps(connection.localDescription.sdp), flush=True)
    for connection in connections:
        await connection.close()


class Server:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    def signal(self, role: str) -> Signal:
        async def signal(offer: str) -> str:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps([role, offer]).encode() + b"\n")
            return str(json.loads(await self._process.stdout.readline()))

        return signal


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.relay.mediarelay", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE
    )
    assert process.stdin
    assert process.stdout
    try:
        await process.stdout.readline()
        yield Server(process)
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def received(connection: RTCPeerConnection) -> tuple[int, int]:
    """Packets a viewer got and those it missed."""
    reports = [report for receiver in connection.getReceivers() for report in (await receiver.getStats()).values()]
    inbound = [report for report in reports if report.type == "inbound-rtp"]
    return sum(report.packetsReceived for report in inbound), sum(report.packetsLost for report in inbound)


async def measure() -> Forwarding:
    async with server() as relay, contextlib.AsyncExitStack() as stack:
        publisher = no_servers()
        stack.push_async_callback(publisher.close)
        publisher.addTransceiver(Noise(), direction="sendonly")
        await negotiate(publisher, relay.signal("publish"))
        viewers = [(await stack.enter_async_context(viewing(relay.signal("watch")))).connection for _ in range(VIEWERS)]
        await asyncio.sleep(WARM_UP)
        cpu, before = cpu_of(relay.pid), [await received(viewer) for viewer in viewers]
        await asyncio.sleep(SECONDS)
        cpu, after = cpu_of(relay.pid) - cpu, [await received(viewer) for viewer in viewers]
    got, lost = (sum(b[i] - a[i] for a, b in zip(before, after, strict=True)) for i in range(2))
    return Forwarding(VIEWERS, cpu, got, got + lost)


if __name__ == "__main__":
    uvloop.run(serve())
