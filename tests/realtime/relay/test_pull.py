"""A relay that has a session from another relay, and serves viewers of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket
from hypothesis import given
from hypothesis import strategies as st

from realtime.relay import BadOffer, NotLive, Relay, rtcp
from realtime.relay.dtls import Certificate
from realtime.relay.pull import Puller
from realtime.relay.requests import KEYFRAME_INTERVAL
from realtime.relay.stun import read_check, read_success, write_check
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

KEY, DELTA = b"\x65\x88", b"\x41\x9a"


@pytest.fixture
async def second() -> AsyncIterator[House]:
    house = House()
    async with house.relay:
        yield house


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Puller, "patience", 2.0)


async def pull(here: Relay, there: Relay, lang: str | None = None) -> str:
    offer = here.offer_pull(lang)
    answer = await there.feed("summit", offer.sdp, lang)
    return await here.pull("summit", lang, offer, answer.sdp)


@asynccontextmanager
async def speaking(peer: LightPeer, name: bytes) -> AsyncIterator[None]:
    """The peer says the name in a packet every 20 ms."""

    async def speak() -> None:
        count = 0
        while True:
            count += 1
            peer.send(111, count, count * 960, 5, name, marker=False)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await peer.close()


async def test_a_viewer_there_decodes_what_is_published_here_and_stays_when_the_publisher_is_another(house: House, second: House) -> None:
    async with publishing(house.publish, video="H264"):
        await until(lambda: house.live)
        await pull(second.relay, house.relay)
        await until(lambda: second.live)
        async with viewing(second.watch) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)
            demands = house.relay.demand()["summit"], second.relay.demand()["summit"]
            assert [demand.viewers for demand in demands] == [0, 1]
            async with publishing(house.publish, video="H264"):
                await until(lambda: house.resources[0] not in [peer.resource_id for peer in house.relay._peers])
                seen = viewer.frames
                await until(lambda: viewer.frames > seen + 10)
            assert viewer.connection.connectionState == "connected"
    assert second.changes[0] == ("summit", True)


async def test_what_is_lost_between_the_relays_is_asked_for_again_and_keyframes_seldom(
    house: House, second: House, certificate: Certificate
) -> None:
    publisher = await LightPeer(certificate).open(house.publish, "sendonly", {"H264": 96})
    number = 0

    def send() -> None:
        nonlocal number
        number += 1
        publisher.send(96, number, number * 3_000, 7, (KEY if number == 1 else DELTA) + b"%d" % number)

    async def sent(condition: bool = True) -> bool:
        send()
        return condition

    await until(lambda: sent(house.live))
    await pull(second.relay, house.relay)
    await until(lambda: sent(second.live))
    viewer = await LightPeer(certificate).open(second.watch, "recvonly", {"H264": 120})
    await until(lambda: sent(len(viewer.packets) > 10))
    puller = next(peer for peer in second.relay._peers if isinstance(peer, Puller))
    take = puller.receive
    dropped: list[bytes] = []

    def lossy(datagram: bytes, now: float) -> None:
        if datagram[0] >= 128 and not 192 <= datagram[1] <= 223 and len(dropped) < 5 and int.from_bytes(datagram[2:4], "big") % 3 == 0:
            dropped.append(datagram)
        else:
            take(datagram, now)

    puller.receive = lossy  # type: ignore[method-assign]
    await until(lambda: sent(len(dropped) == 5))
    last = b"%d" % number
    await until(lambda: {b"%d" % n for n in range(number - 10, number)} <= {packet.payload[2:] for packet in viewer.packets})
    assert last in {packet.payload[2:] for packet in viewer.packets}

    before, began = len(publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)), time.monotonic()
    while time.monotonic() < began + 1.2:
        viewer.send_rtcp(rtcp.keyframe_request(1, viewer.packets[-1].ssrc))
        send()
        await asyncio.sleep(0.02)
    asked = len(publisher.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI)) - before
    assert 1 <= asked <= (time.monotonic() - began) / KEYFRAME_INTERVAL + 2
    await publisher.close()
    await viewer.close()


async def test_a_booth_is_pulled_beside_the_floor_and_falls_back_to_it(house: House, second: House, certificate: Certificate) -> None:
    floor = await LightPeer(certificate).open(house.publish, "sendonly", {"audio": 111})
    async with speaking(floor, b"floor"):
        await until(lambda: house.live)
        interpreter = await LightPeer(certificate).open(house.interpret, "sendonly", {"audio": 111})
        async with speaking(interpreter, b"spanish"):
            await until(lambda: house.channels == [("es", True)])
            await pull(second.relay, house.relay)
            booth = await pull(second.relay, house.relay, "es")
            await until(lambda: second.live and second.channels == [("es", True)])
            listener = await LightPeer(certificate).open(second.watch, "recvonly", {"audio": 109})
            await until(lambda: bool(listener.packets) and listener.packets[-1].payload == b"floor")
            assert await second.relay.choose(second.resources[-1], "es") == "es"
            assert second.relay.demand()["summit"].languages == {"es"}
            await until(lambda: listener.packets[-1].payload == b"spanish")
        await until(lambda: listener.packets[-1].payload == b"floor")
        await second.relay.end(booth)
        await until(lambda: second.channels[-1] == ("es", False))
        heard = len(listener.packets)
        await until(lambda: len(listener.packets) > heard + 10)
        assert {packet.payload for packet in listener.packets[heard:]} == {b"floor"}
        assert len({packet.ssrc for packet in listener.packets}) == 1
        await listener.close()


async def test_a_booth_is_pulled_though_the_floor_is_away_and_without_it_when_it_is_back(
    house: House, second: House, certificate: Certificate
) -> None:
    floor = await LightPeer(certificate).open(house.publish, "sendonly", {"audio": 111})
    count = 0

    async def said(condition: bool) -> bool:
        nonlocal count
        count += 1
        floor.send(111, count, count * 960, 5, b"floor", marker=False)
        return condition

    await until(lambda: said(house.live))
    await pull(second.relay, house.relay)
    await until(lambda: said(second.live))
    interpreter = await LightPeer(certificate).open(house.interpret, "sendonly", {"audio": 111})
    async with speaking(interpreter, b"spanish"):
        await until(lambda: house.relay._streams["summit"]._interlude.playing("audio"))
        await pull(second.relay, house.relay, "es")
        await until(lambda: second.channels == [("es", True)])
        listener = await LightPeer(certificate).open(second.watch, "recvonly", {"audio": 109})
        await second.relay.choose(second.resources[-1], "es")
        await until(lambda: bool(listener.packets) and listener.packets[-1].payload == b"spanish")
        listener.packets.clear()
        await until(lambda: said(len(listener.packets) > 20))
        assert {packet.payload for packet in listener.packets} == {b"spanish"}
        await listener.close()
    await floor.close()


async def test_a_node_is_pulled_from_by_whichever_of_its_addresses_answers(house: House, second: House) -> None:
    """Its first address is of another network and family, behind which nobody answers."""
    async with publishing(house.publish, video=None):
        await until(lambda: house.live)
        offer = second.relay.offer_pull()
        answer = (await house.relay.feed("summit", offer.sdp)).sdp
        there = f" 127.0.0.1 {house.relay.port} typ host"
        assert there in answer
        await second.relay.pull("summit", None, offer, answer.replace(there, f" 0:0::1 {house.relay.port} typ host"))
        await until(lambda: second.live)


async def test_a_pull_ends_with_the_other_relay_and_can_be_made_again(house: House, second: House, impatient: None) -> None:
    first = House()
    async with first.relay, publishing(first.publish, video="VP8"):
        await until(lambda: first.live)
        await pull(second.relay, first.relay)
        await until(lambda: second.live)
        async with viewing(second.watch) as viewer:
            await until(lambda: viewer.frames > 3)
            for peer in first.relay._peers:
                first.relay._port.forget(peer)  # as if it were dead: no goodbye, and no answer to a check
            await until(lambda: not second.live, 2 * Puller.patience)
            async with publishing(house.publish, video="VP8"):
                await until(lambda: house.live)
                seen = viewer.frames
                await pull(second.relay, house.relay)
                await until(lambda: viewer.frames > seen + 5)
            assert viewer.connection.connectionState == "connected"


async def test_nothing_is_fed_that_is_not_live_and_no_nonsense_is_pulled(house: House) -> None:
    offer = house.relay.offer_pull()
    with pytest.raises(NotLive):
        await house.relay.feed("summit", offer.sdp)
    with pytest.raises(BadOffer):
        await house.relay.pull("summit", None, offer, "v=0")
    assert not list(house.relay._peers)


async def test_a_pull_of_a_node_that_is_not_there_ends(second: House, certificate: Certificate, impatient: None) -> None:
    peer = LightPeer(certificate)
    offer = second.relay.offer_pull()
    answer = peer.describe("sendonly", {"audio": 111, "VP8": 96}, setup="passive", mids=["audio", "video"])
    await second.relay.pull("summit", None, offer, answer + "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n")
    await peer.close()
    await until(lambda: not list(second.relay._peers), 2 * Puller.patience)


def test_a_check_of_ours_is_read_as_one_and_its_answer_too() -> None:
    check = read_check(write_check(b"t" * 12, "theirs:ours", "secret", 7))
    assert check is not None
    assert (check.local_ufrag, check.nominated, check.signed_with("secret")) == ("theirs", True, True)
    success = check.success(("192.0.2.1", 5), "secret")
    assert read_success(success, "secret") == b"t" * 12
    assert read_success(success, "another") is None


@given(st.binary(max_size=200))
def test_no_answer_to_a_check_breaks_the_reader(datagram: bytes) -> None:
    assert read_success(datagram, "secret") is None
