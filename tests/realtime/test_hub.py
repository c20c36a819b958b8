"""Delivery: no gap, no duplicate, one write a tick, whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from realtime import channel as channels
from realtime import hub as hubs
from realtime.bus import MemoryBus
from realtime.errors import TooManyChannels, UnknownChannel, UpdateTooBig
from realtime.hub import MAX_SUBSCRIPTIONS, TICK, Hub
from tests.realtime.paper import Paper


class Poll:
    """A state whose updates are absolute, as the server's are."""

    def __init__(self, hub: Hub, name: str = "poll") -> None:
        self.hub, self.name, self.votes, self.encoded = hub, name, 0, 0
        hub.open(name, self.snapshot)

    def snapshot(self) -> bytes:
        self.encoded += 1
        return json.dumps(self.votes).encode()

    def vote(self) -> int:
        self.votes += 1
        return self.hub.publish(self.name, "voted", json.dumps(self.votes).encode())


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub(MemoryBus()) as hub:
        yield hub


@pytest.fixture
async def poll(hub: Hub) -> Poll:
    return Poll(hub)


def data(messages: list[Any]) -> list[tuple[str, int, int]]:
    return [(message["type"], message["seq"], message["data"]) for message in messages]


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_subscriber_gets_the_state_and_then_every_update(hub: Hub, poll: Poll) -> None:
    poll.vote()
    paper = Paper()
    hub.subscribe(paper, "poll")
    poll.vote()
    await turns()
    assert data(paper.said()) == [("snapshot", 1, 1), ("voted", 2, 2)]
    assert {message["channel"] for message in paper.said()} == {"poll"}
    assert len({message["epoch"] for message in paper.said()}) == 1


async def test_the_first_update_leaves_at_once_and_the_next_ones_together(hub: Hub, poll: Poll) -> None:
    paper = Paper()
    hub.subscribe(paper, "poll")
    await asyncio.sleep(TICK)
    poll.vote()
    await turns()
    for _ in range(5):
        poll.vote()
    await turns()
    assert len(paper.writes) == 2
    await asyncio.sleep(TICK * 2)
    assert len(paper.writes) == 3
    assert [seq for _, seq, _ in data(paper.said())] == [0, 1, 2, 3, 4, 5, 6]


async def test_updates_of_two_channels_leave_in_one_write(hub: Hub, poll: Poll) -> None:
    other = Poll(hub, "other")
    both, one = Paper(), Paper()
    hub.subscribe(both, "poll")
    hub.subscribe(both, "other")
    hub.subscribe(one, "other")
    before = len(both.writes), len(one.writes)
    poll.vote()
    other.vote()
    poll.vote()
    await turns()
    assert (len(both.writes), len(one.writes)) == (before[0] + 1, before[1] + 1)
    assert len(both.said()) == 5
    assert len(one.said()) == 2


async def test_everyone_gets_the_very_same_bytes(hub: Hub, poll: Poll) -> None:
    papers = [Paper() for _ in range(3)]
    for paper in papers:
        hub.subscribe(paper, "poll")
    poll.vote()
    await turns()
    assert papers[0].writes[-1] is papers[1].writes[-1] is papers[2].writes[-1]


async def test_a_storm_of_joins_encodes_the_state_once(hub: Hub, poll: Poll) -> None:
    for _ in range(1000):
        hub.subscribe(Paper(), "poll")
    assert poll.encoded == 1
    assert hub.followers("poll") == 1000


async def test_a_large_room_is_served_in_slices_with_the_loop_free_in_between(hub: Hub, poll: Poll) -> None:
    papers = [Paper() for _ in range(hubs.SLICE * 2 + 1)]
    for paper in papers:
        hub.subscribe(paper, "poll")
    poll.vote()
    served = []
    for _ in range(4):
        await asyncio.sleep(0)
        served.append(sum(len(paper.writes) == 2 for paper in papers))
    assert served[0] == hubs.SLICE
    assert served[1] == 2 * hubs.SLICE
    assert served[-1] == len(papers)


async def test_who_joins_in_the_middle_of_a_fan_out_gets_nothing_twice(hub: Hub, poll: Poll) -> None:
    room = [Paper() for _ in range(hubs.SLICE + 100)]
    for paper in room:
        hub.subscribe(paper, "poll")
    poll.vote()
    await asyncio.sleep(0)
    unserved = next(paper for paper in room if len(paper.writes) == 1)
    late = Paper()
    hub.subscribe(late, "poll")
    hub.subscribe(unserved, "poll")
    poll.vote()
    await asyncio.sleep(TICK * 2)
    assert data(late.said()) == [("snapshot", 1, 1), ("voted", 2, 2)]
    assert [seq for _, seq, _ in data(unserved.said())] == [0, 1, 1, 2]  # the second 1 is the snapshot it asked for


async def test_who_joins_during_a_tick_gets_only_what_the_snapshot_lacks(hub: Hub, poll: Poll) -> None:
    hub.subscribe(Paper(), "poll")
    poll.vote()
    poll.vote()
    late = Paper()
    hub.subscribe(late, "poll")
    poll.vote()
    await turns()
    assert data(late.said()) == [("snapshot", 2, 2), ("voted", 3, 3)]


async def test_a_client_that_returns_gets_exactly_what_it_missed(hub: Hub, poll: Poll) -> None:
    paper, again = Paper(), Paper()
    hub.subscribe(paper, "poll")
    poll.vote()
    await turns()
    paper.abort()
    poll.vote()
    poll.vote()
    hub.subscribe(again, "poll", (paper.said()[-1]["epoch"], 1))
    poll.vote()
    await turns()
    await asyncio.sleep(TICK * 2)
    assert data(again.said()) == [("voted", 2, 2), ("voted", 3, 3), ("voted", 4, 4)]


async def test_a_client_that_missed_nothing_gets_nothing(hub: Hub, poll: Poll) -> None:
    paper, again = Paper(), Paper()
    hub.subscribe(paper, "poll")
    hub.subscribe(again, "poll", (paper.said()[0]["epoch"], 0))
    assert again.said() == []


async def test_who_cannot_resume_gets_a_snapshot(hub: Hub, poll: Poll) -> None:
    hub.subscribe(first := Paper(), "poll")
    epoch = first.said()[0]["epoch"]
    for _ in range(channels.LOG_FRAMES + 1):
        poll.vote()
    too_old, future, negative, stranger = (epoch, 0), (epoch, 10_000), (epoch, -1), ("another", 5)
    for resume in (too_old, future, negative, stranger):
        paper = Paper()
        hub.subscribe(paper, "poll", resume)
        assert data(paper.said()) == [("snapshot", 257, 257)], resume
    paper = Paper()
    hub.subscribe(paper, "poll", (epoch, 1))
    assert len(paper.said()) == channels.LOG_FRAMES


async def test_the_log_is_bounded_in_bytes_too(hub: Hub, poll: Poll) -> None:
    hub.subscribe(first := Paper(), "poll")
    for _ in range(20):
        hub.publish("poll", "voted", b'"' + b"x" * 50_000 + b'"')
    paper = Paper()
    hub.subscribe(paper, "poll", (first.said()[0]["epoch"], 10))
    assert paper.said()[0]["type"] == "snapshot"


async def test_more_updates_than_a_tick_may_hold_become_one_snapshot(hub: Hub, poll: Poll) -> None:
    paper, late = Paper(), Paper()
    hub.subscribe(paper, "poll")
    for n in range(20):
        poll.votes = n
        hub.publish("poll", "voted", b'"' + b"x" * 50_000 + b'"')
    hub.subscribe(late, "poll")
    poll.vote()
    await turns()
    assert data(paper.said()) == [("snapshot", 0, 0), ("snapshot", 21, 20)]
    assert data(late.said())[-1] == ("snapshot", 21, 20)


async def test_after_a_reset_everyone_starts_from_the_true_state(hub: Hub, poll: Poll) -> None:
    paper = Paper()
    hub.subscribe(paper, "poll")
    poll.vote()
    poll.votes = 0  # the commit failed
    hub.reset("poll")
    hub.subscribe(late := Paper(), "poll", (paper.said()[0]["epoch"], 1))
    poll.vote()
    await turns()
    await asyncio.sleep(TICK * 2)
    old, new = paper.said()[0], paper.said()[-1]
    assert old["epoch"] != new["epoch"]
    assert data(paper.said())[-1][2] == 1
    assert ("voted", 1, 1) not in data([message for message in paper.said() if message["epoch"] == old["epoch"]])
    assert {message["epoch"] for message in late.said()} == {new["epoch"]}


async def test_who_left_or_unsubscribed_hears_no_more(hub: Hub, poll: Poll) -> None:
    gone, quiet = Paper(), Paper()
    for paper in (gone, quiet):
        hub.subscribe(paper, "poll")
    gone.close(1000)
    hub.unsubscribe(quiet, "poll")
    hub.unsubscribe(quiet, "poll")
    poll.vote()
    await turns()
    assert len(gone.said()) == len(quiet.said()) == 1
    assert hub.followers("poll") == 0
    hub.subscribe(gone, "poll")
    assert hub.followers("poll") == 0


async def test_who_leaves_in_the_middle_of_a_fan_out_is_not_written_to(hub: Hub, poll: Poll) -> None:
    room = [Paper() for _ in range(hubs.SLICE + 100)]
    for paper in room:
        hub.subscribe(paper, "poll")
    poll.vote()
    await asyncio.sleep(0)
    unserved = [paper for paper in room if len(paper.writes) == 1]
    for paper in unserved:
        paper.abort()
    await turns()
    assert all(len(paper.writes) == 1 for paper in unserved)


async def test_what_was_published_before_a_channel_closed_still_arrives(hub: Hub, poll: Poll) -> None:
    paper = Paper()
    hub.subscribe(paper, "poll")
    poll.vote()
    hub.close("poll")
    await turns()
    assert data(paper.said())[-1] == ("voted", 1, 1)
    with pytest.raises(UnknownChannel):
        hub.publish("poll", "voted", b"2")
    assert paper.subscriptions == {}


async def test_a_stalled_client_gets_a_snapshot_when_it_reads_and_others_do_not_wait(hub: Hub, poll: Poll) -> None:
    slow, quick = Paper(high=150), Paper()
    for paper in (slow, quick):
        hub.subscribe(paper, "poll")
    slow.stalled = True
    for _ in range(50):
        poll.vote()
        await turns(2)
        await asyncio.sleep(0.001)
    await asyncio.sleep(TICK * 2)
    assert slow.paused
    assert slow.backlog() < 10_000
    assert data(quick.said())[-1] == ("voted", 50, 50)
    assert hub.followers("poll") == 1
    slow.read()
    poll.vote()
    await asyncio.sleep(TICK * 2)
    assert data(slow.said())[-2:] == [("snapshot", 50, 50), ("voted", 51, 51)]


async def test_a_stalled_client_that_missed_nothing_in_a_channel_gets_nothing_there(hub: Hub, poll: Poll) -> None:
    quiet = Poll(hub, "quiet")
    slow = Paper(high=10)
    hub.subscribe(slow, "quiet")
    hub.subscribe(slow, "poll")
    slow.stalled = True
    poll.vote()
    await turns()
    assert slow.paused
    poll.vote()
    await asyncio.sleep(TICK * 2)
    before = len(slow.said())
    slow.read()
    assert [message["channel"] for message in slow.said()[before:]] == ["poll"]
    quiet.vote()
    await asyncio.sleep(TICK * 2)
    assert slow.said()[-1]["channel"] == "quiet"


async def test_limits_are_refused_with_a_code(hub: Hub, poll: Poll) -> None:
    with pytest.raises(UpdateTooBig):
        hub.publish("poll", "voted", b"x" * (channels.MAX_UPDATE + 1))
    assert poll.vote() == 1
    with pytest.raises(UnknownChannel):
        hub.subscribe(Paper(), "nothing")
    with pytest.raises(ValueError, match="open already"):
        hub.open("poll", poll.snapshot)
    paper = Paper()
    for n in range(MAX_SUBSCRIPTIONS):
        Poll(hub, f"poll{n}")
        hub.subscribe(paper, f"poll{n}")
    with pytest.raises(TooManyChannels):
        hub.subscribe(paper, "poll")
    hub.subscribe(paper, "poll0")


async def test_one_broken_transport_does_not_stop_the_room(hub: Hub, poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    broken, fine = Paper(), [Paper(), Paper()]
    for paper in (fine[0], broken, fine[1]):
        hub.subscribe(paper, "poll")

    def fail(blob: bytes) -> None:
        raise RuntimeError("broken pipe")

    broken.write = fail
    poll.vote()
    await turns()
    assert [len(paper.said()) for paper in fine] == [2, 2]
    assert not broken.open
    assert "broken pipe" in caplog.text


@pytest.fixture
async def two_houses() -> AsyncIterator[tuple[Hub, Hub]]:
    bus = MemoryBus()
    async with Hub(bus) as owner, Hub(bus) as other:
        yield owner, other


async def test_another_process_forwards_a_channel_to_its_own_clients(two_houses: tuple[Hub, Hub]) -> None:
    owner, other = two_houses
    other.mirror("poll")
    early, late = Paper(), Paper()
    other.subscribe(early, "poll")  # before anyone owns it
    poll = Poll(owner)
    poll.vote()
    await turns(10)
    poll.vote()
    await turns(10)
    other.subscribe(late, "poll")
    poll.vote()
    await asyncio.sleep(TICK * 2)
    hub_says = [message["seq"] for message in early.said() if message["type"] == "voted"]
    assert early.said()[0]["type"] == "snapshot"
    assert hub_says == list(range(hub_says[0], 4))
    assert data(late.said())[-1] == ("voted", 3, 3)
    assert early.said()[-1] == late.said()[-1]
    with pytest.raises(UnknownChannel):
        other.publish("poll", "voted", b"9")


async def test_an_owner_that_comes_late_is_asked_at_once(two_houses: tuple[Hub, Hub]) -> None:
    owner, other = two_houses
    other.mirror("poll")
    paper = Paper()
    other.subscribe(paper, "poll")
    await turns(10)  # nobody heard the mirror's question
    Poll(owner)
    await turns(10)
    assert data(paper.said()) == [("snapshot", 0, 0)]


async def test_another_process_that_lost_an_update_gives_its_clients_a_snapshot(two_houses: tuple[Hub, Hub]) -> None:
    owner, other = two_houses
    poll = Poll(owner)
    other.mirror("poll")
    paper = Paper()
    other.subscribe(paper, "poll")
    await turns(10)
    forget: Callable[..., None] = lambda *_: None  # noqa: E731
    deliver, other._received = other._received, forget  # type: ignore[method-assign]
    other._unlisten()
    poll.vote()
    await turns()
    other._received = deliver  # type: ignore[method-assign]
    other._unlisten = other._bus.listen(other._received, other._lost)
    poll.vote()
    await asyncio.sleep(TICK * 2)
    assert data(paper.said()) == [("snapshot", 0, 0), ("snapshot", 2, 2)]


async def test_a_resumed_client_may_land_on_another_process(two_houses: tuple[Hub, Hub]) -> None:
    owner, other = two_houses
    poll = Poll(owner)
    other.mirror("poll")
    here, there = Paper(), Paper()
    owner.subscribe(here, "poll")
    await turns(10)
    for _ in range(3):
        poll.vote()
    await asyncio.sleep(TICK * 2)
    other.subscribe(there, "poll", (here.said()[0]["epoch"], 1))
    await turns(10)
    assert data(there.said()) == [("voted", 2, 2), ("voted", 3, 3)]
