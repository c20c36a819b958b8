"""A slate and silence while a session's source is away, and the source again from its keyframe on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest

from realtime.relay import NotLive
from realtime.relay.dtls import Certificate
from realtime.relay.offer import H264, VP8, Codec
from realtime.relay.rtp import Packet
from realtime.relay.slate import HEIGHT, PICTURES, WIDTH, draw, encode
from tests.realtime.relay.camera import DELTA, KEY, Camera, assert_seamless
from tests.realtime.relay.clients import publishing, until, viewing
from tests.realtime.relay.conftest import House
from tests.realtime.relay.light import LightPeer

CODECS = {"audio": 111, "VP8": 96}


@dataclass
class Hall:
    house: House
    certificate: Certificate
    camera: Camera
    viewer: LightPeer

    def sent(self, payload_type: int) -> list[Packet]:
        return [packet for packet in self.viewer.packets if packet.payload_type == payload_type]

    @property
    def pictures(self) -> list[Packet]:
        return self.sent(100)

    @property
    def sounds(self) -> list[Packet]:
        return self.sent(101)

    def shows_camera(self) -> bool:
        return self.pictures[-1].payload[2:].startswith(b"camera")


@pytest.fixture
async def hall(house: House, certificate: Certificate) -> AsyncIterator[Hall]:
    camera = Camera(await LightPeer(certificate).open(house.publish, "sendonly", CODECS), "camera")
    await until(lambda: house.live)
    viewer = await LightPeer(certificate).open(house.watch, "recvonly", {"audio": 101, "VP8": 100})
    hall = Hall(house, certificate, camera, viewer)
    await until(lambda: len(hall.pictures) > 5)
    yield hall
    await asyncio.gather(camera.leave(), viewer.close())


async def test_viewers_get_the_slate_and_then_the_source_from_its_keyframe_on_in_the_same_line(hall: Hall) -> None:
    hall.camera.quiet = True
    await until(lambda: not hall.shows_camera() and hall.sounds[-1].payload.startswith(b"\xfb"))
    newcomer = await LightPeer(hall.certificate).open(hall.house.watch, "recvonly", {"VP8": 100})
    await until(lambda: len(newcomer.packets) > 5)
    assert not any(b"camera" in packet.payload for packet in newcomer.packets[-3:])
    # A picture that needs others is not shown; the sound is back at once.
    hall.camera.count += -hall.camera.count % 25 + 1
    hall.camera.quiet = False
    await until(lambda: hall.sounds[-1].payload.startswith(b"camera"))
    await until(hall.shows_camera)
    at = max(index for index, packet in enumerate(hall.pictures) if b"camera" not in packet.payload) + 1
    assert hall.pictures[at].payload.startswith(KEY)
    numbers = sorted({packet.sequence for packet in hall.pictures})
    assert len(numbers) == len(hall.pictures) == numbers[-1] - numbers[0] + 1
    ordered = sorted(hall.pictures, key=lambda packet: packet.sequence)
    assert all(0 <= b.timestamp - a.timestamp < 90_000 * 10 for a, b in pairwise(ordered))
    assert_seamless(hall.sounds)
    await newcomer.close()


async def test_who_comes_while_the_source_has_left_sees_the_slate(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await hall.house.relay.end(hall.house.resources[0])
    await until(lambda: not hall.house.live)
    newcomer = await LightPeer(hall.certificate).open(hall.house.watch, "recvonly", {"VP8": 100})
    await until(lambda: len(newcomer.packets) > 5)
    assert hall.viewer.dtls.state == "connected"
    monkeypatch.setattr("realtime.relay.interlude.LONGEST", 0.0)
    with pytest.raises(NotLive):
        await hall.house.watch(newcomer.offer("recvonly", {"VP8": 100}))
    await newcomer.close()


async def test_a_source_that_never_sends_a_keyframe_is_shown_all_the_same(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.relay.encoding.BLIND", 0.3)
    hall.camera.quiet = True
    await until(lambda: not hall.shows_camera())
    for number in range(100):
        hall.camera.peer.send(96, 10_000 + number, number * 3_000, 7, DELTA + b"camera")
        await asyncio.sleep(0.02)
        if hall.shows_camera():
            break
    assert hall.shows_camera()


async def test_aiortc_decodes_the_slate(house: House) -> None:
    async with publishing(house.publish) as publisher:
        await until(lambda: house.live)
        async with viewing(house.watch) as viewer:
            await until(lambda: viewer.frames > 3)
            await publisher.close()
            await until(lambda: not house.live)
            shown, heard = viewer.frames, viewer.samples
            await until(lambda: viewer.frames > shown + 8 and viewer.samples > heard + 24_000)


@pytest.mark.parametrize("codec", [H264, VP8])
def test_the_slate_is_what_was_drawn(codec: Codec) -> None:
    decoder: Any = av.CodecContext.create(codec.name, "r")
    frames = []
    for payloads in encode(codec):
        frames += decoder.decode(av.Packet(annexb(payloads) if codec == H264 else b"".join(payload[1:] for payload in payloads)))
    frames += decoder.decode(None)
    drawn = draw()
    assert len(frames) == len(drawn) == PICTURES
    for frame, picture in zip(frames, drawn, strict=True):
        assert (frame.width, frame.height) == (WIDTH, HEIGHT)
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - picture.astype(int)).mean() < 4


def annexb(payloads: Any) -> bytes:
    """Single NAL units, STAP-A and FU-A (RFC 6184 sections 5.6 to 5.8) as a byte stream."""
    stream = b""
    for payload in payloads:
        kind = payload[0] & 0x1F
        if kind == 28:
            stream += (b"\0\0\0\1" + bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) if payload[1] & 0x80 else b"") + payload[2:]
        elif kind == 24:
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                stream += b"\0\0\0\1" + payload[at + 2 : at + 2 + size]
                at += 2 + size
        else:
            stream += b"\0\0\0\1" + payload
    return stream
