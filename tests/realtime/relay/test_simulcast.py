"""Several encodings of one picture, published and chosen from, by peers who see each packet as it is on the wire."""

import asyncio
import struct
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, RtcpReceiverInfo, RtcpRtpfbPacket, unpack_remb_fci

from realtime.relay import UnknownLayer, rtcp, vp8
from realtime.relay.bandwidth import CEILING
from realtime.relay.dtls import Certificate
from realtime.relay.rtp import Packet
from realtime.relay.simulcast import REPAIRED, RID, answer_lines, read_rids
from tests.realtime.relay.clients import until
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

SIZES = {"h": 1_100, "m": 400, "l": 100}
SAYS = ["a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l", f"a=extmap:10 {RID}", f"a=extmap:11 {REPAIRED}"]


def named(packet: Packet) -> str:
    """Which encoding a packet is of, by what `Camera` wrote into it."""
    return packet.payload[6:7].decode()


def begins(packet: Packet) -> bool:
    return not packet.payload[5] & 1


class Camera:
    """Sends every encoding 50 times a second, one packet a picture, and a keyframe where one is asked for. Says names at first only."""

    def __init__(self, peer: LightPeer, names: tuple[str, ...]) -> None:
        self.peer, self.names = peer, names
        self.lost: dict[str, tuple[int, bytes]] = {}
        self.lose: str | None = None
        """An encoding whose next packet is lost; it is then in `lost`."""
        self.sound = 0
        self._count = 0
        self._asked = 0

    def ssrc(self, name: str) -> int:
        return 100 + self.names.index(name)

    async def run(self) -> None:
        while True:
            asked = [packet.media_ssrc for packet in self._requests()]
            for name in self.names:
                self._send(name, key=self._count == 0 or self.ssrc(name) in asked)
            self.sound += 1
            self.peer.send(111, self.sound, self.sound * 960, 99, b"sound")
            self._count += 1
            await asyncio.sleep(0.02)

    def payload(self, name: str, *, key: bool) -> bytes:
        picture = (self._count * 3 + ord(name[:1] or ".")) & 0x7FFF
        head = struct.pack("!BBHBB", 0x90, 0xC0, 0x8000 | picture, self._count & 0xFF, 0 if key else 1)
        return head + name.encode().ljust(SIZES.get(name, 500), b".")

    def _send(self, name: str, *, key: bool) -> None:
        sequence, payload = self._count + 1_000 * ord(name[:1] or "."), self.payload(name, key=key)
        if name == self.lose:
            self.lose, self.lost[name] = None, (sequence & 0xFFFF, payload)
            return
        extensions = {10: name.encode()} if len(self.names) > 1 and self._count < 100 else None
        self.peer.send(96, sequence, self._count * 1_800 + ord(name[:1] or ".") * 7_777, self.ssrc(name), payload, extensions=extensions)

    def _requests(self) -> list[RtcpPsfbPacket]:
        found = [p for p in self.peer.feedback(RtcpPsfbPacket, RTCP_PSFB_PLI) if isinstance(p, RtcpPsfbPacket)]
        new, self._asked = found[self._asked :], len(found)
        return new


class Studio:
    """A camera and a viewer of it."""

    def __init__(self, house: House, certificate: Certificate) -> None:
        self.house, self.certificate = house, certificate
        self.viewer = LightPeer(certificate, rtx=121)
        self.cameras: list[Camera] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def film(self, *names: str) -> Camera:
        peer = LightPeer(self.certificate, rtx=97, says=SAYS if len(names) > 1 else ())
        await peer.open(self.house.publish, "sendonly", {"audio": 111, "VP8": 96})
        camera = Camera(peer, names)
        self.cameras.append(camera)
        self.tasks.append(asyncio.create_task(camera.run()))
        return camera

    async def watch(self) -> str:
        await until(lambda: self.house.live)
        await self.viewer.open(self.house.watch, "recvonly", {"audio": 110, "VP8": 120})
        await until(lambda: bool(self.pictures))
        return self.house.resources[-1]

    @property
    def pictures(self) -> list[Packet]:
        return [packet for packet in self.viewer.packets if packet.payload_type == 120]

    @property
    def sees(self) -> str:
        return named(self.pictures[-1]) if self.pictures else ""


@pytest.fixture
async def studio(house: House, certificate: Certificate) -> AsyncIterator[Studio]:
    studio = Studio(house, certificate)
    yield studio
    for task in studio.tasks:
        task.cancel()
    await asyncio.gather(*studio.tasks, return_exceptions=True)
    for peer in (studio.viewer, *(camera.peer for camera in studio.cameras)):
        await peer.close()


def test_the_names_of_what_is_offered_at_once_are_read_and_answered() -> None:
    lines = ["v=0", "m=audio 9 x 1", "a=rid:a send", "m=video 9 x 2", *SAYS]
    assert read_rids(lines) == [(), ("h", "m", "l")]
    assert read_rids([*lines[:4], *SAYS[:3], "a=simulcast:recv x send ~h,m;q;l;l"]) == [(), ("h", "l")]
    assert read_rids([*lines[:4], "a=rid:h recv", "a=simulcast:send h"]) == [(), ()]
    assert answer_lines(("h", "l")) == ["a=rid:h recv", "a=rid:l recv", "a=simulcast:recv h;l"]
    assert answer_lines(()) == []


async def test_a_viewer_goes_from_one_encoding_to_another_at_a_keyframe_and_its_numbers_go_on(studio: Studio) -> None:
    camera = await studio.film("h", "m", "l")
    resource = await studio.watch()
    relay = studio.house.relay
    await until(lambda: studio.sees == "h")
    seen = len(studio.pictures)
    for layer in ("l", "m"):
        view = await relay.show(resource, layer, True)
        assert (view.wants, view.sees) == (layer, True)
        await until(lambda layer=layer: studio.sees == layer)  # type: ignore[misc]
    assert (await relay.view(resource)).gets == "m"
    assert [layer.rid for layer in await relay.layers("summit")] == ["h", "m", "l"]
    line = studio.pictures[seen - 1 :]
    changes = [after for before, after in pairwise(line) if named(before) != named(after)]
    assert [named(packet) for packet in changes] == ["l", "m"]
    assert all(begins(packet) for packet in changes)
    for before, after in pairwise(line):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90_000
        old, new = vp8.numbers(before.payload), vp8.numbers(after.payload)
        assert old is not None and new is not None  # noqa: PT018
        step = 1 if named(before) != named(after) else 3
        assert ((new.picture - old.picture) & 0x7FFF, (new.level - old.level) & 0xFF) == (step, 1)
    # Asked for again under its number here, a packet is found; one from before the change is not taken for another.
    await until(lambda: len(studio.pictures) > len(line) + seen + 5)
    wanted = studio.pictures[-2]
    for number in ((changes[-1].sequence - 1) & 0xFFFF, wanted.sequence):
        studio.viewer.send_rtcp(rtcp.retransmission_request(1, wanted.ssrc, [number]))
    await until(lambda: any(packet.payload_type == 121 for packet in studio.viewer.packets))
    (again,) = [packet.payload for packet in studio.viewer.packets if packet.payload_type == 121]
    assert again == struct.pack("!H", wanted.sequence) + wanted.payload
    with pytest.raises(UnknownLayer):
        await relay.show(resource, "no such", True)
    # What was lost of one encoding is asked for, and comes with its name.
    camera.lose = "m"
    await until(lambda: any(isinstance(p, RtcpRtpfbPacket) and p.media_ssrc == 101 for p in camera.peer.feedback(RtcpRtpfbPacket)))
    sequence, payload = camera.lost["m"]
    camera.peer.send(97, 1, 0, 201, struct.pack("!H", sequence) + payload, extensions={11: b"m"})
    await until(lambda: any(packet.payload[6:] == payload[6:] and packet.timestamp for packet in studio.pictures))


async def test_who_wants_no_picture_gets_none_and_the_sound_goes_on(studio: Studio) -> None:
    await studio.film("")
    resource = await studio.watch()
    assert (await studio.house.relay.show(resource, None, False)).gets is None
    seen, heard = len(studio.pictures), len(studio.viewer.packets)
    await until(lambda: len(studio.viewer.packets) > heard + 20)
    assert len(studio.pictures) <= seen + 1  # one may have been under way
    before = studio.pictures[-1]
    await studio.house.relay.show(resource, None, True)
    await until(lambda: studio.pictures[-1] is not before)
    after = studio.pictures[studio.pictures.index(before) + 1]
    assert begins(after)
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert 90_000 * 0.2 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90_000 * 5


async def test_a_narrow_path_gets_a_smaller_encoding_and_the_publisher_is_not_held_down_for_it(studio: Studio) -> None:
    camera = await studio.film("h", "m", "l")
    await studio.watch()
    await until(lambda: studio.sees == "h")
    report = rtcp.receiver_report(1, [RtcpReceiverInfo(studio.pictures[-1].ssrc, 180, 50, 0, 0, 0, 0)])

    def narrow() -> bool:
        studio.viewer.send_rtcp(report)
        return studio.sees in ("m", "l")

    await until(narrow)
    assert studio.house.relay.stats("summit").audience.carries < CEILING
    told = len(camera.peer.feedback(RtcpPsfbPacket, RTCP_PSFB_APP))
    await until(lambda: len(camera.peer.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)) > told)
    last = camera.peer.feedback(RtcpPsfbPacket, RTCP_PSFB_APP)[-1]
    assert isinstance(last, RtcpPsfbPacket)
    assert unpack_remb_fci(last.fci) == (pytest.approx(CEILING, rel=0.01), [100, 101, 102])


async def test_a_publisher_with_one_encoding_follows_one_with_three_and_nobody_connects_again(studio: Studio) -> None:
    await studio.film("h", "m", "l")
    await studio.watch()
    await until(lambda: studio.sees == "h")
    await studio.film("")
    await until(lambda: studio.sees == ".")
    place = next(at for at, packet in enumerate(studio.pictures) if named(packet) == ".")
    before, after = studio.pictures[place - 1 : place + 1]
    assert begins(after)
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert studio.house.relay.viewers("summit") == 1
