"""Files of what was published, read back by FFmpeg."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.relay import Relay, RelayProcess
from realtime.relay.offer import OPUS
from realtime.relay.pictures import LATE, Pictures
from realtime.relay.recorder import Recorder
from realtime.relay.rtp import Outgoing
from tests.realtime.relay.clients import publishing, relay_processes, until


def packet(sequence: int, timestamp: int, marker: bool) -> Outgoing:
    return Outgoing(sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 1, 0x80, marker << 7, b"%d" % sequence)


class TestPictures:
    """Pictures of three packets each; the first number is near the wrap of both counters."""

    FIRST, TIME = 65_530, 0xFFFFF000

    def packets(self, pictures: int) -> list[Outgoing]:
        return [packet(self.FIRST + number, self.TIME + number // 3 * 3_000, number % 3 == 2) for number in range(3 * pictures)]

    def made(self, packets: list[Outgoing]) -> list[int]:
        """The timestamps of the pictures that came out, each checked to be whole."""
        pictures, out = Pictures(), []
        for one in packets:
            for timestamp, parts in pictures.add(one):
                assert [part.timestamp for part in parts] == [timestamp] * 3
                assert [(part.sequence - parts[0].sequence) & 0xFFFF for part in parts] == [0, 1, 2]
                out.append((timestamp - self.TIME) & 0xFFFFFFFF)
        return [timestamp // 3_000 for timestamp in out]

    def test_pictures_come_out_as_they_end(self) -> None:
        assert self.made(self.packets(5)) == [0, 1, 2, 3, 4]

    @given(st.lists(st.integers(0, 4), min_size=30, max_size=30), st.data())
    def test_disorder_and_repetition_cost_nothing(self, delays: list[int], data: st.DataObject) -> None:
        packets = self.packets(10)
        late = sorted(range(3, 30), key=lambda number: number + delays[number])
        mixed = [*packets[:3], *(packets[number] for number in late)]
        again = data.draw(st.integers(0, 29))
        assert self.made([*mixed, packets[again]]) == list(range(10))

    def test_a_picture_that_lacks_a_packet_is_given_up_and_the_others_come(self) -> None:
        packets = self.packets(10)
        assert self.made([one for number, one in enumerate(packets) if number != 10]) == [0, 1, 2, 4, 5, 6, 7, 8, 9]

    def test_a_retransmission_in_time_makes_it_whole(self) -> None:
        packets = self.packets(LATE + 2)
        assert self.made([*packets[:4], *packets[5:-3], packets[4], *packets[-3:]]) == list(range(LATE + 2))


def contents(path: Path) -> dict[str, Any]:
    """Frames and seconds by what is in the file; FFmpeg decodes all of it."""
    found: dict[str, Any] = {}
    for kind in ("video", "audio"):
        with av.open(str(path)) as file:
            stream = next((stream for stream in file.streams if stream.type == kind), None)
            if stream is None:
                continue
            frames = list(file.decode(stream))
            assert all(frame.time is not None for frame in frames)
            times = [float(frame.time or 0) for frame in frames]
            assert times == sorted(times)
            found[kind] = (len(frames), times[-1] - times[0], stream.codec_context.name)
    return found


@asynccontextmanager
async def recording(folder: Path) -> AsyncIterator[Relay]:
    async with Relay("127.0.0.1", 0, ["127.0.0.1"], record=folder) as relay:
        yield relay


async def files(folder: Path) -> list[Path]:
    return await asyncio.to_thread(lambda: sorted(folder.glob("*/*")))


async def whole(path: Path) -> dict[str, Any]:
    """What is in a file that is about to be finished."""

    async def readable() -> bool:
        try:
            return bool(await asyncio.to_thread(contents, path))
        except (av.error.FFmpegError, IndexError):
            return False

    await asyncio.sleep(0.3)
    await until(readable)
    return await asyncio.to_thread(contents, path)


@pytest.mark.parametrize(("codec", "suffix", "name"), [("H264", ".mp4", "h264"), ("VP8", ".webm", "vp8")])
async def test_a_session_becomes_a_file_with_picture_and_sound(tmp_path: Path, codec: str, suffix: str, name: str) -> None:
    async with recording(tmp_path) as relay:

        async def publish(offer: str) -> str:
            return (await relay.publish("summit/1", offer)).sdp

        async with publishing(publish, video=codec, tone=440.0):
            await until(lambda: relay.live("summit/1"))
            await asyncio.sleep(2.5)
        await until(lambda: not relay.live("summit/1"))
    (path,) = await files(tmp_path)
    assert (path.parent.name, path.suffix, path.stem.split("-")[-1]) == ("summit%2F1", suffix, "floor")
    found = await whole(path)
    pictures, seconds, decoder = found["video"]
    assert pictures > 20
    assert 1.5 < seconds < 4.0
    assert decoder == name
    assert abs(found["audio"][1] - seconds) < 1.0


async def test_a_publisher_that_returns_begins_another_file_and_a_booth_has_its_own(tmp_path: Path) -> None:
    async with recording(tmp_path) as relay:

        async def publish(offer: str) -> str:
            return (await relay.publish("summit", offer)).sdp

        async def interpret(offer: str) -> str:
            return (await relay.publish("summit", offer, "es")).sdp

        for _ in range(2):
            async with publishing(publish, video="VP8"):
                await until(lambda: relay.live("summit"))
                async with publishing(interpret, video=None, tone=300.0):
                    await asyncio.sleep(1.2)
            await until(lambda: not relay.live("summit"))
    found = await files(tmp_path)
    assert sorted(path.name.split("-")[-1] for path in found) == ["es.ogg", "es.ogg", "floor.webm", "floor.webm"]
    for path in found:
        assert (await whole(path))["audio"][1] > 0.5


async def test_a_process_that_is_killed_leaves_a_file_that_plays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with RelayProcess("127.0.0.1", 0, ["127.0.0.1"], record=tmp_path) as relay:

        async def publish(offer: str) -> str:
            return (await relay.publish("summit", offer)).sdp

        async with publishing(publish, video="H264"):
            await until(lambda: relay.live("summit"))
            await asyncio.sleep(4.0)
            os.kill(relay_processes()[0], signal.SIGKILL)
            await until(lambda: not relay.live("summit"))
    path = (await files(tmp_path))[0]
    assert (await whole(path))["video"][1] > 1.0


async def test_a_disk_that_refuses_ends_the_recording_and_not_the_session(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "summit").write_text("in the way")
    async with recording(tmp_path) as relay:

        async def publish(offer: str) -> str:
            return (await relay.publish("summit", offer)).sdp

        async with publishing(publish):
            await until(lambda: relay.stats("summit").packets > 50)
    assert "recording" in caplog.text


def test_what_was_queued_is_written_before_the_thread_ends(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "new", "es", {"audio": OPUS})
    for number in range(50):
        recorder.push("audio", Outgoing(number, number * 960, 1, 0x80, 0, b"\xfc\xff\xfe"), number * 0.02)
    recorder.close()
    recorder.join()
    assert contents(recorder.path)["audio"][0] >= 48
    assert recorder.lost == 0
