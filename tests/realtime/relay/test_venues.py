"""A main publisher and its backup: viewers are moved from one to the other, and none has to connect again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from realtime.relay import NotLive
from realtime.relay.dtls import Certificate
from realtime.relay.rtp import Packet
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

KEY, DELTA = b"\x10\x50", b"\x10\x51"
"""How a packet of VP8 begins that needs none before it, and one that does."""


class Camera:
    """A picture of VP8 and a sound 50 times a second, each with its name; every 25th picture is a keyframe."""

    def __init__(self, peer: LightPeer, name: str, *, keyframes: bool = True) -> None:
        self.peer, self.name, self.quiet, self.count = peer, name, False, 0
        self._keyframes = keyframes
        self._task = asyncio.create_task(self._film())

    async def _film(self) -> None:
        while True:
            if not self.quiet:
                begins = KEY if self._keyframes and self.count % 25 == 0 else DELTA
                self.peer.send(96, self.count, self.count * 1_800, 7, begins + f"{self.name} {self.count}".encode())
                self.peer.send(111, self.count, self.count * 960, 5, f"{self.name} {self.count}".encode(), marker=False)
                self.count += 1
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        self._task.cancel()
        await self.peer.close()


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


def assert_seamless(packets: list[Packet]) -> None:
    """Not a number is missing or told twice, and the time of no picture is before another's that was numbered before it."""
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90_000 * 5


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
