"""What arrives at the port from addresses, or in shapes, that nobody agreed to."""

import asyncio
import socket

from aioice import stun
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer


def client_hello() -> bytes:
    context = Certificate.generateCertificate()._create_ssl_context(SRTP_PROFILES)
    connection = SSL.Connection(context)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        return connection.bio_read(1_500)
    raise AssertionError("a handshake cannot be done alone")


def junk() -> list[bytes]:
    hello = client_hello()
    unsigned = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "nobody:me"}))
    return [
        b"",
        b"\x00",
        b"\x80",
        b"\xff" * 1_500,
        hello,
        hello[:40],
        hello[:20] + b"\xff" * 60,
        unsigned,
        unsigned[:19],
        b"\x00\x01\xff\xff" + unsigned[4:],
        b"\x80\x60" + bytes(1_200),
        b"\x80\xc8\x00\x06" + bytes(24),
        b"\x16\xfe\xff" + bytes(10),
        bytes(2_000),
    ]


async def test_a_stranger_cannot_stop_a_peer_nor_get_an_answer(house: House) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 3)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.setblocking(False)
                for datagram in junk() * 5:
                    stranger.sendto(datagram, ("127.0.0.1", house.relay.port))
                    await asyncio.sleep(0)
                seen = viewer.frames
                await until(lambda: viewer.frames > seen + 5)
                assert house.relay.counters.strangers >= 5 * (len(junk()) - 1)
                try:
                    answer = stranger.recv(2_048)
                except BlockingIOError:
                    answer = None
                assert answer is None


async def test_junk_from_a_peer_itself_costs_it_nothing_but_the_junk(house: House, certificate: Certificate) -> None:
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", {"H264": 96})
    for datagram in junk():
        publisher.socket.send(datagram)
    broken = [
        b"\x80\xc8\x00\x00" + bytes(4),
        b"\x81\xcd\x00\x01" + bytes(4),
        b"\xbf\xce\xff\xff" + bytes(8),
        b"\x81\xc9\x00\x01" + bytes(4),
    ]
    for rtcp in broken:
        publisher.send_rtcp(rtcp)
    await asyncio.sleep(0.1)
    publisher.send(96, 1, 1, 1, b"still here")
    await until(lambda: house.live)
    await publisher.close()


async def test_a_handshake_begun_with_junk_ends_only_that_peer(house: House, certificate: Certificate) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        vandal = LightPeer(certificate)
        await house.watch(vandal.offer("recvonly", {"H264": 96}))
        await vandal.close()
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 3)


async def test_a_peer_that_moves_to_another_address_goes_on_from_there(house: House, certificate: Certificate) -> None:
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", {"H264": 96})
    publisher.send(96, 1, 1, 1, b"before")
    await until(lambda: house.live)
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"H264": 96})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.setblocking(False)
        elsewhere.connect(("127.0.0.1", house.relay.port))
        elsewhere.send(viewer.check())
        await asyncio.sleep(0.1)
        assert stun.parse_message(elsewhere.recv(2_048)).message_class is stun.Class.RESPONSE
        publisher.send(96, 2, 2, 1, b"after")
        await asyncio.sleep(0.1)
        assert elsewhere.recv(2_048)[0] == 0x80
    await publisher.close()
    await viewer.close()


async def test_a_check_with_a_wrong_password_opens_nothing(house: House, certificate: Certificate) -> None:
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", {"H264": 96})
    publisher._remote_password = "guessed-guessed-guessed"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.setblocking(False)
        elsewhere.sendto(publisher.check(), ("127.0.0.1", house.relay.port))
        before = house.relay.counters.strangers
        await until(lambda: house.relay.counters.strangers > before or before > 0)
        try:
            answer = elsewhere.recv(2_048)
        except BlockingIOError:
            answer = None
        assert answer is None
    await publisher.close()
