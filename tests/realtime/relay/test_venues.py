"""A main publisher and its backup: viewers are moved from one to the other, and none has to connect again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from realtime.relay import NotLive
from realtime.relay.dtls import Certificate
from realtime.relay.rtp import Packet
from tests.realtime.relay.camera import KEY, Camera, assert_seamless
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer


@dataclass
class Studio:
    house: House
    certificate: Certificate
    main: Camera
    backup: Camera
    viewer: LightPeer

    def pictures(self) -> list[Packet]:
        return [packet for packet in self.viewer.packets if packet.payload_type == 100]

    def shows(self) -> str:
        """Whose the newest picture is."""
        return self.pictures()[-1].payload[2:].decode().split()[0]

    def heard(self) -> str:
        return next(p for p in reversed(self.viewer.packets) if p.payload_type == 101).payload.decode().split()[0]

    def changes(self) -> list[tuple[Packet, Packet]]:
        """Where the picture goes from one camera to the other."""
        return [(a, b) for a, b in pairwise(self.pictures()) if a.payload[2:].split()[0] != b.payload[2:].split()[0]]


@pytest.fixture
async def studio(house: House, certificate: Certificate) -> AsyncIterator[Studio]:
    codecs = {"audio": 111, "VP8": 96}
    main = Camera(await LightPeer(certificate).open(house.publish, "sendonly", codecs), "main")
    await until(lambda: house.live)
    backup = Camera(await LightPeer(certificate).open(house.back_up, "sendonly", codecs), "backup")
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"audio": 101, "VP8": 100})
    studio = Studio(house, certificate, main, backup, viewer)
    await until(lambda: house.aired[-1].arriving == ("a", "b") and len(studio.pictures()) > 10)
    yield studio
    await asyncio.gather(main.leave(), backup.leave(), viewer.close())


async def test_the_backup_is_received_and_not_sent_until_the_main_one_falls_silent(studio: Studio) -> None:
    assert {packet.payload[2:].split()[0] for packet in studio.pictures()} == {b"main"}
    studio.main.quiet = True
    await until(lambda: studio.shows() == "backup" and studio.heard() == "backup")
    [(_, first)] = studio.changes()
    assert first.payload.startswith(KEY)
    assert_seamless(studio.pictures())
    assert studio.viewer.dtls.state == "connected"
    assert studio.house.changes == [("summit", True)]
    assert studio.house.aired[-1].venue == "b"
    # The main one returns and stays off the air, until it is put there.
    studio.main.quiet = False
    count = studio.backup.count
    await until(lambda: studio.backup.count > count + 30 and studio.main.count > 60)
    assert studio.shows() == "backup"
    await studio.house.relay.air("summit", "a")
    await until(lambda: studio.shows() == "main" and studio.heard() == "main")
    assert len(studio.changes()) == 2
    assert_seamless(studio.pictures())


async def test_the_backup_follows_at_once_when_the_main_one_leaves(studio: Studio) -> None:
    await studio.house.relay.end(studio.house.resources[0])
    studio.main.quiet = True
    await until(lambda: studio.shows() == "backup" and studio.heard() == "backup", 0.5)
    assert_seamless(studio.pictures())
    assert studio.house.live
    await until(lambda: studio.house.aired[-1].arriving == ("b",))
    with pytest.raises(NotLive):
        await studio.house.relay.air("summit", "a")


async def test_a_backup_without_a_keyframe_at_hand_is_shown_from_its_next_one(studio: Studio) -> None:
    codecs = {"audio": 111, "VP8": 96}
    late = Camera(await LightPeer(studio.certificate).open(studio.house.back_up, "sendonly", codecs), "late", keyframes=False)
    await until(lambda: late.count > 20)
    studio.main.quiet = True
    await until(lambda: studio.heard() == "late")
    assert studio.shows() == "main"
    late.peer.send(96, 30_000, 0, 7, KEY + b"late 0")
    await until(lambda: studio.shows() == "late")
    [(_, first)] = studio.changes()
    assert first.payload == KEY + b"late 0"
    await late.leave()


async def test_a_backup_that_comes_alone_is_on_air(house: House, certificate: Certificate) -> None:
    backup = Camera(await LightPeer(certificate).open(house.back_up, "sendonly", {"audio": 111, "VP8": 96}), "backup")
    await until(lambda: house.live)
    assert (house.aired[-1].venue, house.aired[-1].arriving) == ("b", ("b",))
    await backup.leave()
