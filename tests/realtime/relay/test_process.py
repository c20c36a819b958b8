"""The relay in a process of its own: the same relay over a link, and what a crash of it costs."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest

from realtime.relay import BadOffer, NotLive, RelayDown, RelayProcess, TooManyTaps, TooManyViewers, UnknownResource
from realtime.relay.copies import MAX_TAPS
from realtime.relay.dtls import Certificate
from realtime.relay.link import MAX_MESSAGE, Call, Link
from realtime.relay.tap import RATE
from tests.realtime.relay.clients import publishing, relay_processes, until, viewing
from tests.realtime.relay.light import LightPeer


class Booth:
    """A relay process, what it told, and its signalling calls."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str | None, bool]] = []
        self.relay = RelayProcess("127.0.0.1", 0, ["127.0.0.1"], on_change=lambda *change: self.changes.append(change), max_viewers=1)

    async def publish(self, offer: str) -> str:
        return (await self.relay.publish("summit", offer)).sdp

    async def watch(self, offer: str) -> str:
        return (await self.relay.watch("summit", offer)).sdp

    @property
    def live(self) -> bool:
        return self.relay.live("summit")

    @property
    def process(self) -> int:
        """The process id of the one child that runs the worker."""
        return relay_processes()[0]


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    async with booth.relay:
        yield booth
    assert relay_processes() == []


async def test_media_and_sound_pass_and_the_owner_hears_who_is_live(booth: Booth) -> None:
    with booth.relay.tap("summit") as tap:
        async with publishing(booth.publish, tone=600.0):
            await until(lambda: booth.live)
            async with viewing(booth.watch) as viewer:
                await until(lambda: viewer.frames > 5 and viewer.samples > 10_000)
            assert (await booth.relay.stats("summit")).packets > 5
            assert (await booth.relay.counters()).sent > 5
            async with asyncio.timeout(5):
                chunks = [await anext(tap) for _ in range(8)]
        await until(lambda: not booth.live)
    assert booth.changes == [("summit", None, True), ("summit", None, False)]
    sound = np.concatenate([chunk.samples for chunk in chunks[2:7]])
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert abs(float(np.argmax(spectrum)) * RATE / len(sound) - 600.0) < 4.0


async def test_what_the_relay_refuses_is_refused_here(booth: Booth, certificate: Certificate) -> None:
    peer = LightPeer(certificate)
    offer = peer.offer("recvonly", {"H264": 96})
    with pytest.raises(NotLive):
        await booth.relay.watch("summit", offer)
    with pytest.raises(BadOffer, match="media sections"):
        await booth.relay.publish("summit", "nonsense")
    with pytest.raises(UnknownResource):
        await booth.relay.resource("nobody")
    async with publishing(booth.publish):
        await until(lambda: booth.live)
        answer = await booth.relay.watch("summit", offer)
        assert (await booth.relay.resource(answer.resource_id)).session == "summit"
        with pytest.raises(TooManyViewers):
            await booth.relay.watch("summit", offer)
        await booth.relay.end(answer.resource_id)
        assert (await booth.relay.stats("summit")).viewers == 0
    await peer.close()


async def test_taps_are_counted_and_a_closed_one_makes_room(booth: Booth) -> None:
    taps = [booth.relay.tap("summit") for _ in range(MAX_TAPS)]
    with pytest.raises(TooManyTaps):
        booth.relay.tap("summit")
    taps[0].close()
    booth.relay.tap("summit").close()
    booth.relay.tap("another")


async def test_a_call_that_is_cancelled_leaves_the_others_alone(booth: Booth) -> None:
    call = asyncio.create_task(booth.relay.stats("summit"))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await booth.relay.stats("summit")).viewers == 0


async def test_a_crash_is_told_and_another_process_takes_over_the_port(booth: Booth, caplog: pytest.LogCaptureFixture) -> None:
    port = booth.relay.port
    async with publishing(booth.publish):
        await until(lambda: booth.live)
        tap, first = booth.relay.tap("summit"), booth.process
        waiting = asyncio.create_task(anext(aiter(tap), None))
        os.kill(first, signal.SIGKILL)
        await until(lambda: not booth.live)
        with pytest.raises(RelayDown):
            await booth.relay.publish("summit", "")
        with pytest.raises(RelayDown):
            booth.relay.tap("summit")
        async with asyncio.timeout(5):
            while await waiting is not None:
                waiting = asyncio.create_task(anext(aiter(tap), None))
    await until(lambda: booth.process != first if relay_processes() else False)

    async def answers() -> bool:
        try:
            return (await booth.relay.stats("summit")).viewers == 0
        except RelayDown:
            return False

    await until(answers)
    assert booth.relay.port == port
    async with publishing(booth.publish):
        await until(lambda: booth.live)
        async with viewing(booth.watch) as viewer:
            await until(lambda: viewer.frames > 5)
    assert "starting another one" in caplog.text


async def test_a_port_that_is_taken_is_an_error_on_entering_and_leaves_no_process() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        relay = RelayProcess("127.0.0.1", other.getsockname()[1], ["127.0.0.1"])
        with pytest.raises(OSError, match="in use"):
            async with relay:
                pass
    assert relay_processes() == []


async def test_it_ends_when_its_owner_is_killed() -> None:
    program = """
import asyncio
from realtime.relay import RelayProcess
async def main():
    async with RelayProcess("127.0.0.1", 0, ["127.0.0.1"]) as relay:
        print(relay.port, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    port = int(await owner.stdout.readline())
    owner.kill()
    await owner.communicate()

    def free() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True

    await until(free)


async def test_a_message_that_is_too_long_is_not_sent_and_half_of_one_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    near, far = await Link.over(ours), await Link.over(theirs)
    with pytest.raises(ValueError, match="bytes"):
        near.send(Call(1, "publish", ("x" * MAX_MESSAGE,)))
    near.send(Call(2, "stats", ("summit",)))
    assert await far.receive() == Call(2, "stats", ("summit",))
    ours.send(b"\x00\x00\x00\x09half")
    near.close()
    assert await far.receive() is None
    far.send(Call(3, "stats", ()))
    far.close()
