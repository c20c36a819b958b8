"""ICE restarts and counter-offers, by peers that see every packet."""

import asyncio
import socket

import pytest

from realtime.relay import BadFragment, BadOffer, NotLive, StaleTag, UnknownResource
from realtime.relay.dtls import Certificate
from tests.realtime.relay.clients import answer, no_servers, publishing, until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer


async def publisher(house: House, certificate: Certificate) -> LightPeer:
    peer = await LightPeer(certificate).open(house.publish, "sendonly", {"VP8": 96})
    peer.send(96, 0, 0, 1, b"first")
    await until(lambda: house.live)
    return peer


async def arrives(sender: LightPeer, receiver: LightPeer, sequence: int) -> None:
    """Send numbered packets until one of them has arrived."""
    before = len(receiver.packets)
    for number in range(sequence, sequence + 200):
        sender.send(96, number, number * 3_000, 1, b"picture %d" % number)
        await asyncio.sleep(0.01)
        if len(receiver.packets) > before:
            return
    raise AssertionError("nothing arrived")


async def test_media_goes_on_through_a_restart_by_the_same_dtls_at_another_address(house: House, certificate: Certificate) -> None:
    sender = await publisher(house, certificate)
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"VP8": 100})
    await arrives(sender, viewer, 1)
    resource = house.resources[-1]
    old_check, etag = viewer.check(), house.relay.resource(resource).etag
    restart = await house.relay.update_ice(resource, viewer.fragment(restart=True))
    assert restart is not None
    assert restart.etag == house.relay.resource(resource).etag != etag
    # Until the new session is checked, the old one carries the media.
    await arrives(sender, viewer, 300)
    viewer.rebind()
    await viewer.restarted(restart.fragment)
    await arrives(sender, viewer, 600)
    assert viewer.dtls.state == "connected"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.settimeout(0.3)
        late.sendto(old_check, ("127.0.0.1", house.relay.port))
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(late.recv, 2_048)
    await sender.close()
    await viewer.close()


async def test_a_publisher_restarts_too(house: House, certificate: Certificate) -> None:
    sender = await publisher(house, certificate)
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"VP8": 100})
    restart = await house.relay.update_ice(house.resources[0], sender.fragment(restart=True))
    assert restart is not None
    sender.rebind()
    await sender.restarted(restart.fragment)
    await arrives(sender, viewer, 1)
    assert house.changes == [("summit", True)]
    await sender.close()
    await viewer.close()


async def test_late_candidates_restart_nothing(house: House, certificate: Certificate) -> None:
    sender = await publisher(house, certificate)
    resource, late = house.resources[0], sender.fragment()
    assert await house.relay.update_ice(resource, late) is None
    assert await house.relay.update_ice(resource, sender.fragment(restart=True)) is not None
    etag = house.relay.resource(resource).etag
    assert await house.relay.update_ice(resource, late) is None
    assert house.relay.resource(resource).etag == etag
    with pytest.raises(StaleTag):
        await house.relay.update_ice(resource, late, tags=("another",))
    assert await house.relay.update_ice(resource, late, tags=("another", etag)) is None
    for bad in ("", "m=audio", late.replace("a=ice-pwd", "a=ice-")):
        with pytest.raises(BadFragment):
            await house.relay.update_ice(resource, bad)
    with pytest.raises(UnknownResource):
        await house.relay.update_ice("never-was", late)
    await sender.close()


async def test_a_counter_offer_is_answered_by_aiortc_and_plays(house: House) -> None:
    async with publishing(house.publish):
        await until(lambda: house.live)
        offer = await house.relay.counter_offer("summit")
        connection, kinds = no_servers(), set[str]()
        connection.on("track", lambda track: kinds.add(track.kind))
        await answer(connection, offer.sdp, lambda sdp: house.relay.accept(offer.resource_id, sdp))
        await until(lambda: connection.connectionState == "connected" and kinds == {"audio", "video"})
        assert house.relay.viewers("summit") == 1
        await house.relay.end(offer.resource_id)
        await until(lambda: connection.connectionState == "closed")
        await connection.close()


async def test_a_counter_offer_is_for_a_live_session_and_once(house: House, certificate: Certificate) -> None:
    with pytest.raises(NotLive):
        await house.relay.counter_offer("summit")
    sender = await publisher(house, certificate)
    offer = await house.relay.counter_offer("summit")
    assert house.relay.resource(offer.resource_id).answered is False
    with pytest.raises(BadOffer):
        await house.relay.accept(offer.resource_id, "nonsense")
    await house.relay.end(offer.resource_id)
    for refused in (house.relay.accept(offer.resource_id, ""), house.relay.end(offer.resource_id)):
        with pytest.raises(UnknownResource):
            await refused
    await sender.close()
