"""Media within TCP connections, for who can send no UDP: framed, bounded, and from nobody who has not passed an ICE check."""

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import AsyncIterator
from typing import Self

import pytest
from aiortc.sdp import SessionDescription

from realtime.relay.dtls import Certificate
from tests.realtime.relay.camera import KEY, Camera, assert_seamless
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

CODECS = {"audio": 111, "VP8": 96}


class TcpPeer(LightPeer):
    """A peer that takes candidates for TCP only. `reading` False leaves everything in the kernel."""

    reading = True
    _rest = b""

    async def connect(self, answer: SessionDescription) -> Self:
        media = next(m for m in answer.media if m.port)
        media.ice_candidates = [c for c in media.ice_candidates if c.protocol == "tcp" and c.tcpType == "passive"]
        self.where = media.ice_candidates[0].ip, media.ice_candidates[0].port
        return await super().connect(answer)

    async def connect_again(self) -> None:
        """Cut the connection, and come by another one."""
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()
        self.socket, self._rest = self._open_socket(), b""
        self.socket.connect(self.where)
        self.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self.socket, self._read)
        self._send(self.check())

    @staticmethod
    def _open_socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        return opened

    def _send(self, datagram: bytes) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(struct.pack("!H", len(datagram)) + datagram)

    def _read(self) -> None:
        if not self.reading:
            asyncio.get_running_loop().remove_reader(self.socket)
            return
        try:
            self._rest += self.socket.recv(65_536)
        except OSError:
            return
        while len(self._rest) >= 2 and len(self._rest) >= 2 + (length := int.from_bytes(self._rest[:2], "big")):
            datagram, self._rest = self._rest[2 : 2 + length], self._rest[2 + length :]
            self._take(datagram)


@pytest.fixture
async def camera(house: House, certificate: Certificate) -> AsyncIterator[Camera]:
    camera = Camera(await LightPeer(certificate).open(house.publish, "sendonly", CODECS), "camera")
    await until(lambda: house.live)
    yield camera
    await camera.leave()


async def watching(house: House, certificate: Certificate) -> TcpPeer:
    return await TcpPeer(certificate).open(house.watch, "recvonly", {"audio": 101, "VP8": 100})


async def test_an_answer_names_the_port_for_udp_and_behind_that_for_tcp(house: House, certificate: Certificate) -> None:
    peer = LightPeer(certificate)
    answer = SessionDescription.parse(await house.publish(peer.offer("sendonly", CODECS)))
    peer.socket.close()
    udp, tcp = answer.media[0].ice_candidates
    assert (udp.protocol, udp.port, udp.tcpType) == ("udp", house.relay.port, None)
    assert (tcp.protocol, tcp.port, tcp.tcpType) == ("tcp", house.relay.port, "passive")
    assert tcp.priority < udp.priority
    assert tcp.foundation != udp.foundation


async def test_media_comes_and_goes_within_connections(house: House, certificate: Certificate) -> None:
    camera = Camera(await TcpPeer(certificate).open(house.publish, "sendonly", CODECS), "camera")
    await until(lambda: house.live)
    viewer = await watching(house, certificate)
    await until(lambda: len(viewer.packets) > 60)
    assert_seamless([packet for packet in viewer.packets if packet.payload_type == 101])
    assert house.relay.counters.unsent == 0
    # Another connection of the same viewer goes on where the first one was cut.
    before = len(viewer.packets)
    await viewer.connect_again()
    await until(lambda: len(viewer.packets) > before + 30)
    assert viewer.dtls.state == "connected"
    restart = await house.relay.update_ice(house.resources[-1], viewer.fragment(restart=True))
    assert restart is not None
    assert f" {house.relay.port} typ host tcptype passive" in restart.fragment
    await viewer.restarted(restart.fragment)
    await house.relay.end(house.resources[-1])
    await until(lambda: viewer.dtls.state == "closed")
    await asyncio.gather(camera.leave(), viewer.close())


async def test_who_does_not_read_loses_packets_and_is_then_cut(
    house: House, camera: Camera, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.relay.tcp.MAX_WAITING", 64 * 1024)
    monkeypatch.setattr("realtime.relay.tcp.STALLED", 1.0)
    lazy, eager = await watching(house, certificate), await watching(house, certificate)
    lazy.reading = False
    for number in range(10_000, 20_000):
        camera.peer.send(96, number, number, 7, KEY + bytes(1_100))
        if number % 20 == 0:
            await asyncio.sleep(0.002)
        if house.relay.counters.unsent:
            break
    assert house.relay.counters.unsent
    poll = select.poll()
    poll.register(lazy.socket, 0)
    heard = len(eager.packets)
    await until(lambda: bool(poll.poll(0)))
    await until(lambda: len(eager.packets) > heard + 20)
    await asyncio.gather(lazy.close(), eager.close())


async def test_a_connection_without_a_check_is_nobodys_and_cut(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.tcp.UNCHECKED", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.relay.port)
    writer.write(b"\x00\x05hello\x00\x00" + struct.pack("!H", 200) + b"\x80" * 200)
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    assert house.relay.counters.strangers == 2
    writer.close()


async def test_what_is_longer_than_a_datagram_is_cut_at_once(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.relay.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(2):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_the_oldest_of_too_many_strangers_makes_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.tcp.MAX_UNCHECKED", 3)
    connections = [await asyncio.open_connection("127.0.0.1", house.relay.port) for _ in range(4)]
    async with asyncio.timeout(2):
        with contextlib.suppress(ConnectionResetError):
            assert await connections[0][0].read() == b""
    assert not connections[1][0].at_eof()
    for _, writer in connections:
        writer.close()
