"""Bad days of a recognizer: it crashes, hangs, babbles, lags or leaves; the sound goes on, the next one takes over, and it is told.

The engine is the real client of a Vosk server; the server is one that misbehaves by connection as it is told.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction

import av
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from realtime.relay import Tap
from server.captioning import hearing
from server.captioning.hearing import Hearing
from tests.realtime.relay.clients import until
from tests.server.site import SESSION, Site, site
from translation.engines import Heard, Recognizer
from translation.engines.outgoing import Outgoing
from translation.engines.vosk import Vosk

__all__ = ["site"]

LINE = 5
"""Messages of sound (0.1 s each) to a finished line of a server that behaves."""


@asynccontextmanager
async def vosk(name: str, *manners: str) -> AsyncIterator[str]:
    """A server whose connections behave as `manners` say, in turn, and well afterwards."""
    left = list(manners)

    async def talk(client: ServerConnection) -> None:
        manner, count = left.pop(0) if left else "well", 0
        async for message in client:
            if isinstance(message, str):
                continue
            count += 1
            if manner == "hang":
                await client.wait_closed()
            if manner == "slow":
                await asyncio.sleep(0.3)
            if manner == "leave" and count == 3:
                return
            if manner == "crash" and count == 3:
                client.transport.abort()
                return
            await client.send("<html>" if manner == "babble" else json.dumps(_answer(name, count)))

    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _answer(name: str, count: int) -> dict[str, str]:
    # Each line has a number of its own: one that is said again and again is not told.
    return {"text": f"{name} line {count // LINE}"} if count % LINE == 0 else {"partial": f"{name} partial"}


def opus() -> bytes:
    """20 ms of silence."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.format, encoder.layout, encoder.time_base = 48_000, av.AudioFormat("s16"), "mono", Fraction(1, 48_000)
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48_000, 0
    return bytes(encoder.encode(frame)[0])


class Room:
    """A session's sound in real time, and what came of it."""

    def __init__(self) -> None:
        self.taps: list[Tap] = []
        self.heard: list[Heard] = []
        self.spans: list[tuple[int, int]] = []
        self.faults: list[bool] = []
        self.doubts: list[bool] = []
        self.mute, self.stopped = False, 0
        """Whether no sound comes, and how many packets' time the publisher's clock stood still."""

    def tap(self) -> Tap:
        tap = Tap(self.taps.remove)
        self.taps.append(tap)
        return tap

    def hear(self, line: Heard, span: tuple[int, int]) -> None:
        self.heard.append(line)
        self.spans.append(span)

    @property
    def finals(self) -> list[str]:
        """Without their numbers."""
        return [line.text.rstrip(" 0123456789") for line in self.heard if line.final]

    async def speak(self) -> None:
        loop, packet = asyncio.get_running_loop(), opus()
        start = loop.time()
        for number in range(100_000):
            if not self.mute:
                for tap in list(self.taps):
                    tap.push((number - self.stopped) * 960, packet)
            await asyncio.sleep(start + number * 0.02 - loop.time())


@asynccontextmanager
async def listening(*urls: str) -> AsyncIterator[Room]:
    room = Room()
    engines: list[Recognizer] = [Vosk(Outgoing(["127.0.0.1"]), url) for url in urls]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(room.speak()),
            group.create_task(Hearing("summit", room.tap, engines, room.hear, room.faults.append, room.doubts.append).run()),
        ]
        try:
            yield room
        finally:
            for task in tasks:
                task.cancel()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hearing, "STALL", 1.0)
    monkeypatch.setattr(hearing, "LATE", 1.0)
    monkeypatch.setattr(hearing, "BACKOFF", (0.1, 0.3))
    monkeypatch.setattr(hearing, "PROBATION", 0.5)
    return iter([None])


@pytest.mark.parametrize("manner", ["crash", "hang", "babble", "leave"])
async def test_the_next_engine_takes_over_and_readers_are_told(manner: str, caplog: pytest.LogCaptureFixture) -> None:
    async with vosk("first", *[manner] * 99) as first, vosk("second") as second, listening(first, second) as room:
        await until(lambda: "second line" in room.finals, 20)
        assert room.faults[-1]
        assert "Vosk, a recognizer of summit, failed" in caplog.text


@pytest.mark.parametrize("manner", ["crash", "leave"])
async def test_a_line_that_was_being_read_is_not_lost_with_its_engine(manner: str) -> None:
    async with vosk("first", manner) as first, vosk("second") as second, listening(first, second) as room:
        await until(lambda: "second line" in room.finals, 20)
        assert room.finals[0] == "first partial"


async def test_an_engine_that_is_alone_is_tried_again_and_the_fault_ends() -> None:
    async with vosk("only", "crash", "babble") as only, listening(only) as room:
        await until(lambda: "only line" in room.finals and room.faults[-1:] == [False], 20)
        assert True in room.faults


async def test_the_first_choice_comes_back_at_the_end_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "RETURN", 0.2)
    async with vosk("first", "babble") as first, vosk("second") as second, listening(first, second) as room:
        await until(lambda: "first line" in room.finals and room.faults[-1:] == [False], 20)
        assert "second line" in room.finals


async def test_a_slow_engine_is_told_and_its_lines_have_the_time_they_were_said() -> None:
    async with vosk("slow", *["slow"] * 9) as slow, listening(slow) as room:
        await until(lambda: True in room.faults and len(room.finals) >= 1, 20)
        first = next(span for line, span in zip(room.heard, room.spans, strict=True) if line.final)
        assert first[1] - first[0] < 1_500


@pytest.mark.parametrize("stopped", [0, 125])
async def test_seconds_without_any_sound_end_the_line_and_are_no_fault_and_lines_after_them_have_their_time(stopped: int) -> None:
    """Whether the publisher's clock went on meanwhile, or not."""
    async with vosk("only") as only, listening(only) as room:
        await until(lambda: "only line" in room.finals and room.faults[-1:] == [False], 20)
        room.faults.clear()
        room.mute = True
        await asyncio.sleep(0.5)
        before = len(room.heard)
        await until(lambda: len(room.heard) > before, 10)
        await asyncio.sleep(1.0)
        count = len(room.heard)
        room.mute, room.stopped = False, stopped
        await until(lambda: len(room.finals) >= 3 and len(room.heard) > count + 5, 20)
        assert abs(room.spans[-1][1] / 1000 - time.time()) < 1.0
        assert True not in room.faults


async def test_an_engine_that_fails_costs_a_session_only_its_place(site: Site) -> None:
    """In a whole service, whose recognizer cannot be reached at all: people write, and the state says who does."""
    captioning = site.services.captioning
    captioning._recognizers = {"en": [Vosk(Outgoing(["127.0.0.1"]), "ws://127.0.0.1:9")]}
    async with site.talk("captioner", captions="en") as captioner:
        captioning.stream_changed(SESSION, True)
        state = f"{SESSION}/captions/en"
        await captioner.until(lambda talk: talk.states[state].get("source") == {"kind": "recognizer", "state": "degraded"})
        await captioner.do("caption.commit", lang="en", text="People can write.")
        await captioner.until(lambda talk: talk.states[state]["source"] == {"kind": "human", "state": "active"})
        captioning.stream_changed(SESSION, False)
