import asyncio
from itertools import pairwise

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.relay import Chunk, Tap, TooManyTaps
from realtime.relay.tap import CHUNK, MAX_WAITING, RATE
from tests.realtime.relay.clients import publishing, until
from tests.realtime.relay.conftest import House


async def take(tap: Tap, count: int) -> list[Chunk]:
    async with asyncio.timeout(10):
        return [await anext(tap) for _ in range(count)]


def pitch(samples: NDArray[np.int16]) -> float:
    """The strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


async def test_a_tap_gives_the_tone_that_was_published_in_whole_chunks(house: House) -> None:
    with house.relay.tap("summit") as tap:
        async with publishing(house.publish, video=None, tone=600.0):
            chunks = await take(tap, 12)
    assert all(chunk.samples.shape == (CHUNK,) and chunk.samples.dtype == np.int16 for chunk in chunks)
    sound = np.concatenate([chunk.samples for chunk in chunks[2:]])
    assert pitch(sound) == pytest.approx(600.0, abs=2.0)
    assert np.abs(sound).max() > 12_000
    assert [round(b.time - a.time, 6) for a, b in pairwise(chunks)] == [0.1] * 11
    assert tap.dropped == 0


async def test_a_tap_survives_the_publishers_return_and_its_time_goes_on(house: House) -> None:
    with house.relay.tap("summit") as tap:
        async with publishing(house.publish, video=None, tone=600.0):
            before = await take(tap, 5)
        await asyncio.sleep(1.5)
        async with publishing(house.publish, video=None, tone=900.0):
            after = await take(tap, 15)
    assert pitch(np.concatenate([chunk.samples for chunk in after[-8:]])) == pytest.approx(900.0, abs=2.0)
    hole = max(b.time - a.time for a, b in pairwise([*before, *after]))
    assert 1.0 < hole < 5.0


async def test_a_closed_tap_ends_its_reader_and_makes_room_for_another(house: House) -> None:
    taps = [house.relay.tap("summit") for _ in range(4)]
    with pytest.raises(TooManyTaps):
        house.relay.tap("summit")
    reading = asyncio.create_task(take(taps[0], 1))
    await asyncio.sleep(0)
    taps[0].close()
    with pytest.raises(StopAsyncIteration):
        await reading
    house.relay.tap("summit").close()
    for tap in taps:
        tap.close()


def opus_packets(count: int) -> list[bytes]:
    """20 ms packets of a 440 Hz tone."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.format, encoder.layout, encoder.sample_rate = av.AudioFormat("s16"), av.AudioLayout("mono"), 48_000
    packets: list[bytes] = []
    for number in range(count):
        at = np.arange(number * 960, (number + 1) * 960) / 48_000
        frame = av.AudioFrame.from_ndarray((np.sin(2 * np.pi * 440 * at) * 16_000).astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


async def test_a_slow_reader_loses_the_oldest_sound_and_is_told_how_much() -> None:
    tap = Tap(lambda _: None)
    for number, packet in enumerate(opus_packets(MAX_WAITING + 50)):
        tap.push(number * 960, packet)
    assert tap.dropped >= 45
    [first] = await take(tap, 1)
    assert first.time == pytest.approx(tap.dropped * 0.02, abs=0.001)


async def test_missing_packets_become_silence_and_late_ones_are_left_out() -> None:
    tap = Tap(lambda _: None)
    packets = opus_packets(40)
    order = [*range(10), *range(20, 40), 12, 13]
    for number in order:
        tap.push(number * 960, packets[number])
    chunks = await take(tap, 7)
    sound = np.concatenate([chunk.samples for chunk in chunks])
    quiet = sound[int(RATE * 0.22) : int(RATE * 0.38)]
    assert np.abs(quiet).max() == 0
    assert np.abs(sound[int(RATE * 0.45) :]).max() > 8_000


async def test_what_is_not_opus_is_counted_and_the_sound_goes_on() -> None:
    tap = Tap(lambda _: None)
    packets = opus_packets(20)
    packets[3] = b"\xff" * 40
    for number, packet in enumerate(packets):
        tap.push(number * 960, packet)
    chunks = await take(tap, 3)
    assert tap.dropped == 1
    assert np.abs(chunks[2].samples).max() > 8_000


async def test_a_tap_of_a_session_that_is_not_live_waits(house: House) -> None:
    with house.relay.tap("summit") as tap:
        reading = asyncio.create_task(take(tap, 1))
        async with publishing(house.publish, video=None):
            await until(reading.done)
        assert len(reading.result()) == 1
