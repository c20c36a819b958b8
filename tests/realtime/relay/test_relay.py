import asyncio
from contextlib import AsyncExitStack

import pytest

from realtime.relay import NotLive, Relay, TooManyViewers, UnknownResource
from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.conftest import VIEWERS, House
from tests.realtime.relay.light import LightPeer


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_viewer_decodes_what_the_publisher_encoded(house: House, codec: str) -> None:
    async with publishing(house.publish, video=codec):
        await until(lambda: house.live)
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)
            assert house.relay.viewers("summit") == 1
            assert house.relay.stats("summit").packets > 5
        await until(lambda: house.relay.viewers("summit") == 0)
    await until(lambda: not house.live)
    assert house.changes == [("summit", True), ("summit", False)]


async def test_a_session_without_a_publisher_cannot_be_watched(house: House, certificate: Certificate) -> None:
    viewer = LightPeer(certificate)
    with pytest.raises(NotLive):
        await house.watch(viewer.offer("recvonly", {"H264": 96}))
    await viewer.close()


async def test_a_publisher_may_come_back_while_its_stale_self_is_still_registered(house: House) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 3)
            async with publishing(house.publish):
                await until(lambda: _is_gone(house.relay, house.resources[0]))
                seen = viewer.frames
                await until(lambda: viewer.frames > seen + 10)
            assert viewer.connection.connectionState == "connected"
    # One take-over is no change for those who watch.
    assert house.changes[0] == ("summit", True)
    assert house.changes[1:] in ([], [("summit", False)])


async def test_viewers_stay_while_the_publisher_is_away_and_see_it_again(house: House) -> None:
    async with publishing(house.publish, video="VP8"):
        await until(lambda: house.live)
        viewer_block = viewing(house.watch)
        viewer = await viewer_block.__aenter__()
        await until(lambda: viewer.frames > 3)
    try:
        await until(lambda: not house.live)
        # It now prefers H264, but its viewers play VP8.
        async with publishing(house.publish, video=None, tone=440.0):
            await until(lambda: house.live)
        await until(lambda: not house.live)
        async with publishing(house.publish, video="VP8"):
            seen = viewer.frames
            await until(lambda: viewer.frames > seen + 5)
        assert house.relay.viewers("summit") == 1
    finally:
        await viewer_block.__aexit__(None, None, None)


async def test_viewers_see_on_when_the_codec_changes_and_changes_back(house: House) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(publishing(house.publish, video="H264"))
        await until(lambda: house.live)
        viewer = await stack.enter_async_context(viewing(house.watch))
        for codec in ("H264", "VP8", "H264"):
            await stack.enter_async_context(publishing(house.publish, video=codec))
            seen, heard = viewer.frames, viewer.samples
            await until(lambda: viewer.frames > seen + 5 and viewer.samples > heard + 4_800)  # noqa: B023 - waited for at once
            assert viewer.connection.connectionState == "connected"
            assert house.relay.viewers("summit") == 1


async def test_numbers_and_time_go_on_in_another_codec_and_who_lacks_it_is_let_go(house: House, certificate: Certificate) -> None:
    able, unable, first, second = (LightPeer(certificate) for _ in range(4))
    await first.open(house.publish, "sendonly", {"H264": 96})

    async def film(peer: LightPeer, payload: bytes, viewer: LightPeer) -> int:
        """Pictures until one is seen; how many there were."""
        for number in range(200):
            peer.send(96, number, number * 3_000, 7, payload + b"%d" % number)
            await asyncio.sleep(0.02)
            if viewer.packets and viewer.packets[-1].payload.startswith(payload):
                return number
        raise AssertionError("nothing was seen")

    async def both(offer: str) -> str:
        """Adds H264 to an offer of VP8, which is how browsers offer."""
        lines = "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n"
        return await house.watch(offer.replace("SAVPF 100", "SAVPF 100 102").replace("a=ice-ufrag", lines + "a=ice-ufrag", 1))

    first.send(96, 65_000, 0, 7, b"\x65 early")
    await until(lambda: house.live)
    await able.open(both, "recvonly", {"VP8": 100})
    await unable.open(house.watch, "recvonly", {"H264": 120})
    await film(first, b"\x65 h264 ", able)
    assert able.packets[-1].payload_type == 102
    await second.open(lambda offer: house.publish(offer), "sendonly", {"VP8": 96})
    second.send(96, 1, 0, 7, b"\x10\x01 delta")  # not seen: there was no keyframe before it
    await film(second, b"\x10\x50 vp8 ", able)
    turn = next(index for index, packet in enumerate(able.packets) if packet.payload_type == 100)
    before, after = able.packets[turn - 1 : turn + 1]
    assert after.payload.startswith(b"\x10\x50 vp8 ")
    assert (after.ssrc, after.sequence) == (before.ssrc, (before.sequence + 1) & 0xFFFF)
    assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90_000 * 10
    await until(lambda: house.relay.viewers("summit") == 1)
    assert not any(packet.payload_type == 100 for packet in unable.packets)
    await asyncio.gather(*(peer.close() for peer in (able, unable, first, second)))


async def test_a_newcomer_that_never_connects_does_not_stop_the_show(house: House, certificate: Certificate) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        silent = LightPeer(certificate)
        await house.publish(silent.offer("sendonly", {"H264": 96}))
        await silent.close()
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 5)
        # And the next newcomer takes the silent one's place.
        async with publishing(house.publish):
            await until(lambda: _is_gone(house.relay, house.resources[0]))
        assert _is_gone(house.relay, house.resources[1])


async def test_ending_a_resource_ends_its_peer_once(house: House) -> None:
    async with publishing(house.publish) as publisher:
        await until(lambda: house.live)
        assert house.relay.resource(house.resources[0]).role == "publisher"
        await house.relay.end(house.resources[0])
        assert not house.live
        with pytest.raises(UnknownResource):
            await house.relay.end(house.resources[0])
        await until(lambda: publisher.connectionState == "closed")


async def test_a_session_takes_viewers_up_to_its_limit(house: House, certificate: Certificate) -> None:
    async with publishing(house.publish, video=None):
        await until(lambda: house.live)
        peers = [LightPeer(certificate) for _ in range(VIEWERS + 1)]
        for peer in peers[:-1]:
            await house.watch(peer.offer("recvonly", {"audio": 111}))
        with pytest.raises(TooManyViewers):
            await house.watch(peers[-1].offer("recvonly", {"audio": 111}))
        await house.relay.end(house.resources[-1])
        await house.watch(peers[-1].offer("recvonly", {"audio": 111}))
        for peer in peers:
            await peer.close()


async def test_a_peer_with_another_certificate_than_its_offer_named_is_turned_away(house: House, certificate: Certificate) -> None:
    impostor = LightPeer(Certificate.generateCertificate())
    honest = LightPeer(certificate)

    async def swap(offer: str) -> str:
        return await house.publish(offer.replace(impostor.certificate.fingerprint, honest.certificate.fingerprint))

    await impostor.open(swap, "sendonly", {"H264": 96})
    await until(lambda: _is_gone(house.relay, house.resources[0]))
    await impostor.close()
    await honest.close()


async def test_leaving_the_relay_ends_everybody_and_frees_the_port() -> None:
    async with Relay("127.0.0.1", 0, ["127.0.0.1"]) as relay:
        port = relay.port
        tap = relay.tap("summit")

        async def publish(offer: str) -> str:
            return (await relay.publish("summit", offer)).sdp

        publisher_block = publishing(publish)
        publisher = await publisher_block.__aenter__()
        await until(lambda: relay.live("summit"))
    async with asyncio.timeout(1):
        assert [chunk async for chunk in tap] == []
    await until(lambda: publisher.connectionState == "closed")
    await publisher_block.__aexit__(None, None, None)
    async with Relay("127.0.0.1", port, ["127.0.0.1"]):
        pass


def _is_gone(relay: Relay, resource_id: str) -> bool:
    try:
        relay.resource(resource_id)
    except UnknownResource:
        return True
    return False
