"""What forwarding costs: server CPU per packet with 50 real SRTP viewers, and the same for aiortc's MediaRelay.

    python -m tests.load.relay [viewers]

Server and clients are separate processes; the cost is the server process' whole CPU time (Python, kernel and crypto) divided by
the packets it sent. MediaRelay decodes and encodes for every viewer, so it is measured with few of them; the ratio is per packet.
Takes about half a minute.
"""

import asyncio
import contextlib
import json
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import av
import numpy as np
import uvloop
from aiortc import RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from realtime.relay import Relay
from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import Pattern, Signal, negotiate, no_servers, until, viewing
from tests.realtime.relay.light import LightPeer

RATE = 200
"""Packets a second from the one publisher."""
SIZE = 1200
"""Bytes of each RTP packet's payload."""
SECONDS = 10.0
VIEWERS = 50
PEER_VIEWERS = 3
PEER_SECONDS = 6.0
LINE = 1 << 20


@dataclass(frozen=True)
class Figures:
    """One server under load, within the measured time."""

    cpu: float
    packets: int
    delivered: float
    """Datagrams that reached the viewers, of those that should have."""

    @property
    def us_per_packet(self) -> float:
        return self.cpu / self.packets * 1e6 if self.packets else float("inf")


Answering = Callable[[str, str], Awaitable[str]]
Counting = Callable[[], Awaitable[int]]


async def serve(answering: Answering, counting: Counting) -> None:
    """Answer lines of JSON on a TCP port whose number is printed first: offers, and the counters. Ends with its standard input."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            role, offer = json.loads(line)
            if role == "count":
                usage = resource.getrusage(resource.RUSAGE_SELF)
                reply: object = [usage.ru_utime + usage.ru_stime, await counting()]
            else:
                reply = await answering(role, offer)
            writer.write(json.dumps(reply).encode() + b"\n")
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, limit=LINE)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def marquee_server() -> None:
    async with Relay("127.0.0.1", 0, ["127.0.0.1"]) as relay:

        async def answering(role: str, offer: str) -> str:
            if role == "publish":
                return (await relay.publish("load", offer)).sdp
            await until(lambda: relay.live("load"))
            return (await relay.watch("load", offer)).sdp

        async def counting() -> int:
            return relay.counters.sent

        await serve(answering, counting)


async def mediarelay_server() -> None:
    relay, connections, arrived = MediaRelay(), [], asyncio.get_running_loop().create_future()

    async def answering(role: str, offer: str) -> str:
        connection = no_servers()
        connections.append(connection)
        if role == "publish":
            connection.on("track", arrived.set_result)
        else:
            connection.addTrack(relay.subscribe(await arrived, buffered=False))
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def counting() -> int:
        reports = [await sender.getStats() for connection in connections for sender in connection.getSenders()]
        return sum(s.packetsSent for report in reports for s in report.values() if s.type == "outbound-rtp")

    await serve(answering, counting)
    for connection in connections:
        await connection.close()


class Server:
    """A server process, spoken to over its line protocol."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self._port = port

    async def ask(self, role: str, offer: str = "") -> object:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=LINE)
        writer.write(json.dumps([role, offer]).encode() + b"\n")
        reply = json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()
        return reply

    def signal(self, role: str) -> Signal:
        async def signal(offer: str) -> str:
            return str(await self.ask(role, offer))

        return signal

    async def count(self) -> tuple[float, int]:
        """CPU seconds and packets sent so far."""
        reply = await self.ask("count")
        assert isinstance(reply, list)
        return reply[0], reply[1]


@contextlib.asynccontextmanager
async def server(kind: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.relay", kind, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Server(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def measure_marquee(viewers: int) -> Figures:
    certificate = Certificate.generateCertificate()
    async with server("marquee") as marquee:
        publisher = await LightPeer(certificate).open(marquee.signal("publish"), "sendonly", {"H264": 96})
        sending = asyncio.create_task(send_packets(publisher))
        peers = [
            await LightPeer(certificate, count_only=True).open(marquee.signal("watch"), "recvonly", {"H264": 96}) for _ in range(viewers)
        ]
        await asyncio.sleep(0.5)
        before, got_before = await marquee.count(), sum(p.datagrams for p in peers)
        await asyncio.sleep(SECONDS)
        after, got_after = await marquee.count(), sum(p.datagrams for p in peers)
        sending.cancel()
        for peer in [publisher, *peers]:
            await peer.close()
    packets = after[1] - before[1]
    return Figures(after[0] - before[0], packets, (got_after - got_before) / (RATE * viewers * SECONDS))


async def send_packets(publisher: LightPeer) -> None:
    """RATE packets a second, in frames of ten as a video encoder makes them."""
    loop, payload, sequence = asyncio.get_running_loop(), bytes(SIZE), 0
    start = loop.time()
    while True:
        for place in range(10):
            publisher.send(96, sequence, sequence // 10 * 4500, 1, payload, marker=place == 9)
            sequence += 1
        await asyncio.sleep(start + sequence / RATE - loop.time())


class Noise(Pattern):
    """A picture that fills the encoder's bitrate."""

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        noisy = av.VideoFrame.from_ndarray(np.random.default_rng(frame.pts).integers(0, 80, (360, 480, 3), np.uint8), format="rgb24")
        noisy.pts, noisy.time_base = frame.pts, frame.time_base
        return noisy


async def measure_mediarelay(viewers: int) -> Figures:
    async with server("mediarelay") as peer, contextlib.AsyncExitStack() as stack:
        publisher = no_servers()
        stack.push_async_callback(publisher.close)
        publisher.addTransceiver(Noise(), direction="sendonly")
        await negotiate(publisher, peer.signal("publish"))
        for _ in range(viewers):
            await stack.enter_async_context(viewing(peer.signal("watch")))
        await asyncio.sleep(1.0)
        before = await peer.count()
        await asyncio.sleep(PEER_SECONDS)
        after = await peer.count()
    return Figures(after[0] - before[0], after[1] - before[1], 1.0)


async def bench(viewers: int) -> None:
    marquee = await measure_marquee(viewers)
    print(
        f"relay us_per_packet={marquee.us_per_packet:.1f} viewers_per_core={1e6 / (marquee.us_per_packet * RATE):.0f}"
        f" delivered={marquee.delivered:.3f} viewers={viewers} packets_per_s={RATE}",
        flush=True,
    )
    peer = await measure_mediarelay(PEER_VIEWERS)
    print(f"relay mediarelay_us_per_packet={peer.us_per_packet:.0f} vs_mediarelay={peer.us_per_packet / marquee.us_per_packet:.0f}x")


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else str(VIEWERS)
    programs = {"marquee": marquee_server, "mediarelay": mediarelay_server}
    uvloop.run(programs[argument]() if argument in programs else bench(int(argument)))
