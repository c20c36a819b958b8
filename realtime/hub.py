"""From a channel to everyone who follows it: no gap, no duplicate, one encoding, one write a tick, and no client can stop the others."""

import asyncio
import logging
import struct
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Self

from realtime.bus import Bus
from realtime.channel import Channel, MirrorChannel, OwnChannel, Resume
from realtime.errors import TooManyChannels, UnknownChannel
from realtime.outbox import Outbox
from realtime.remote import Remote
from realtime.ring import Ring
from realtime.volley import CHANNELS, Volley

TICK = 0.020
"""Seconds: the first update after a quiet time leaves at once; those that follow within a tick leave together at its end."""

SLICE = 500
"""Clients written to in one turn of the loop, so that nothing else waits for a whole room."""

MAX_CHANNELS = 10_000
"""Channels open in one hub; past it TooManyChannels."""

MAX_SUBSCRIPTIONS = 32
"""Channels one connection may follow; past it TooManyChannels."""

_ENVELOPE = struct.Struct("!c8sQ")
"""What precedes a frame on the bus: its kind, the channel's epoch and seq."""
_UPDATE, _SNAPSHOT, _HEAD, _ASK = b"u", b"s", b"h", b"a"

logger = logging.getLogger(__name__)


class _Joined(dict[int, bytes]):
    """The bytes for each set of channels (bits), joined when first wanted."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, mask: int) -> bytes:
        self[mask] = joined = b"".join(part for bit, part in enumerate(self._parts) if mask >> bit & 1)
        return joined


class Hub:
    """Delivers updates to connections. One process owns a channel (`open`), others may `mirror` it over the bus.

    Everything is synchronous and on the loop: when `publish` returns, whoever subscribes next has that update in its snapshot. With a
    `ring` (see Ring.open), which is its maker's to close, those who have a descriptor are told many in one system call.
    """

    def __init__(self, bus: Bus, ring: Ring | None = None) -> None:
        self._bus = bus
        self._volley = Volley(ring) if ring is not None else None
        self._by_fd: dict[int, Outbox] = {}
        self._channels: dict[str, Channel] = {}
        self._dirty: dict[Channel, None] = {}
        self._timer: asyncio.Handle | None = None
        self._started = 0.0
        self._owed: dict[Outbox, int] = {}
        self._joined = _Joined([])

    async def __aenter__(self) -> Self:
        self._unlisten = self._bus.listen(self._received, self._lost)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._unlisten()
        self._owed.clear()
        self._volley = None
        if self._timer is not None:
            self._timer.cancel()

    def open(self, name: str, snapshot: Callable[[], bytes]) -> None:
        """Own a channel, also one that was mirrored. `snapshot` returns its current state as JSON; it must change exactly when an update
        is published.

        Raises ValueError if the name is taken, TooManyChannels.
        """
        self.unmirror(name)
        self._tell(self._register(OwnChannel(name, snapshot)), _HEAD)

    def mirror(self, name: str) -> None:
        """Follow a channel that another process owns or will own. Raises as `open`."""
        channel = MirrorChannel(name)
        self._register(channel)
        self._ask(channel)

    def unmirror(self, name: str) -> None:
        """Forget a channel that is mirrored; does nothing for any other name."""
        if isinstance(self._channels.get(name), MirrorChannel):
            self.close(name)

    def close(self, name: str) -> None:
        """Forget a channel. What was published still goes out; its followers hear nothing more and keep their connection."""
        channel = self._find(name)
        del self._channels[name]
        for outbox in (*channel.followers, *channel.fresh, *channel.waiting, *channel.far):
            outbox.subscriptions.pop(name, None)
        for pipe in {outbox.pipe for outbox in channel.far if isinstance(outbox, Remote)}:
            pipe.ended(name)

    def publish(self, name: str, type: str, data: bytes) -> int:
        """Send one update (`data` is JSON) to everyone who follows the channel here or elsewhere; returns its seq.

        Raises UnknownChannel, also for a channel owned elsewhere, and UpdateTooBig.
        """
        channel = self._own(name)
        self._tell(channel, _UPDATE, channel.publish(type, data))
        self._mark(channel)
        return channel.seq

    def reset(self, name: str) -> None:
        """Void what was said (after a failed commit, say): a new epoch, and everyone gets the state as it now is. Raises UnknownChannel."""
        channel = self._own(name)
        channel.reset()
        self._tell(channel, _HEAD)
        self._mark(channel)

    def subscribe(self, outbox: Outbox, name: str, resume: Resume | None = None) -> None:
        """Bring a connection to where the channel is and keep it there. `resume` is the epoch and seq of the last update it has.

        A second time starts over from `resume`. Raises UnknownChannel, TooManyChannels.
        """
        channel = self._find(name)
        if name not in outbox.subscriptions and len(outbox.subscriptions) >= MAX_SUBSCRIPTIONS:
            raise TooManyChannels(f"a connection may follow {MAX_SUBSCRIPTIONS} channels")
        if not outbox.open:
            return
        outbox.watch = self._changed
        if isinstance(outbox, Remote):
            channel.far[outbox] = outbox.subscriptions[name] = None
            outbox.follow(name, resume)
            return
        if outbox.fd >= 0:
            self._by_fd[outbox.fd] = outbox
        if owed := self._take_owed(outbox):
            outbox.write(self._joined[owed])  # what was published before must not arrive after the snapshot
        channel.remove(outbox)
        outbox.subscriptions[name] = resume
        if not outbox.paused:
            self._admit(outbox, channel, resume)

    def unsubscribe(self, outbox: Outbox, name: str) -> None:
        """Stop following. What is already under way may still arrive. Idempotent."""
        outbox.subscriptions.pop(name, None)
        if isinstance(outbox, Remote):
            outbox.unfollow(name)
        if name in self._channels:
            self._channels[name].remove(outbox)

    def __contains__(self, name: str) -> bool:
        """Whether there is such a channel here, of this process or mirrored."""
        return name in self._channels

    @property
    def room(self) -> int:
        """Channels that may still be opened."""
        return MAX_CHANNELS - len(self._channels)

    def followers(self, name: str) -> int:
        """How many connections get the channel's updates now, those of other processes too if it is owned here. Raises UnknownChannel."""
        channel = self._find(name)
        return len(channel.followers) + len(channel.fresh) + len(channel.far)

    @property
    def healthy(self) -> bool:
        """Whether other processes hear this one. Local delivery does not depend on it."""
        return self._bus.healthy

    def _find(self, name: str) -> Channel:
        channel = self._channels.get(name)
        if channel is None:
            raise UnknownChannel(f"there is no channel {name}")
        return channel

    def _own(self, name: str) -> OwnChannel:
        channel = self._find(name)
        if not isinstance(channel, OwnChannel):
            raise UnknownChannel(f"channel {name} belongs to another process")
        return channel

    def _register(self, channel: Channel) -> Channel:
        if channel.name in self._channels:
            raise ValueError(f"channel {channel.name} is open already")
        if len(self._channels) >= MAX_CHANNELS:
            raise TooManyChannels(f"a hub has at most {MAX_CHANNELS} channels")
        self._channels[channel.name] = channel
        return channel

    # Who is up to date

    def _admit(self, outbox: Outbox, channel: Channel, resume: Resume | None) -> None:
        blob = channel.catch_up(resume)
        if blob is None:
            channel.waiting[outbox] = resume
            self._ask(channel)
            return
        channel.add(outbox)  # first, because the write may pause the client
        if blob:
            outbox.write(blob)

    def _changed(self, outbox: Outbox) -> None:
        if not outbox.open:
            self._drop(outbox)
        elif outbox.paused:
            self._hold(outbox)
        else:
            self._sort(outbox)
            self._release(outbox)

    def _drop(self, outbox: Outbox) -> None:
        self._take_owed(outbox)
        self._by_fd.pop(outbox.fd, None)
        for name in outbox.subscriptions:
            if name in self._channels:
                self._channels[name].remove(outbox)
        outbox.subscriptions.clear()

    def _hold(self, outbox: Outbox) -> None:
        """A client does not read: take it out of every channel, and remember those where it misses nothing so far."""
        behind = self._take_owed(outbox) > 0
        for name in outbox.subscriptions:
            channel = self._channels.get(name)
            if channel is not None and channel.has(outbox):
                outbox.subscriptions[name] = channel.at if channel.reached(outbox) and not behind else None
                channel.remove(outbox)

    def _sort(self, outbox: Outbox) -> None:
        """It is clogged, or no longer: it follows as the other kind."""
        if owed := self._take_owed(outbox):
            self._owed[outbox] = owed
        for name in outbox.subscriptions:
            channel = self._channels.get(name)
            if channel is not None and outbox in channel.followers:
                channel.followers.add(outbox)

    def _release(self, outbox: Outbox) -> None:
        """A client reads again: a snapshot of each channel that moved on, until it has enough for now (then it is held again)."""
        for name in list(outbox.subscriptions):
            if outbox.paused or not outbox.open:
                return
            channel = self._channels.get(name)
            had = outbox.subscriptions.pop(name)
            if channel is None:
                continue
            outbox.subscriptions[name] = None  # now last in line, so that each channel has its turn
            if not channel.has(outbox):
                self._admit(outbox, channel, had if had == channel.at else None)

    # The fan-out

    def _mark(self, channel: Channel) -> None:
        if channel.heard:
            self._dirty[channel] = None
            self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None or self._owed or self._volley:
            return
        wait = self._started + TICK - time.monotonic()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_soon(self._flush) if wait <= 0 else loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._started = time.monotonic()
        parts: list[bytes] = []
        for channel in list(islice(self._dirty, CHANNELS)):
            del self._dirty[channel]
            try:
                part = channel.due()
            except Exception:
                logger.exception("the snapshot of channel %s failed; its followers stay where they are", channel.name)
                continue
            if part is None:
                channel.wait()
                self._ask(channel)
                continue
            self._owe(channel, len(parts))
            parts.append(part)
            for outbox, blob in channel.turn():
                if outbox in channel.followers:
                    outbox.write(blob)
        if self._dirty:
            self._started = 0.0  # the others at once after these
        self._joined = _Joined(parts)
        self._slice()

    def _owe(self, channel: Channel, bit: int) -> None:
        others: Iterable[Outbox] = channel.followers
        if self._volley is not None:
            self._volley.owe(channel.followers.fds(), bit)
            others = channel.followers.others
        if not self._owed:
            self._owed = dict.fromkeys(others, 1 << bit)
            return
        for outbox in others:
            self._owed[outbox] = self._owed.get(outbox, 0) | 1 << bit

    def _take_owed(self, outbox: Outbox) -> int:
        """The channels whose bytes it has not got yet, as bits; it is owed them no longer."""
        owed = self._owed.pop(outbox, 0)
        return owed | self._volley.take(outbox.fd) if self._volley is not None and outbox.fd in self._by_fd else owed

    def _slice(self) -> None:
        """Write to some; the loop sees to everything else before the next slice."""
        if self._volley:
            for fd, rest in self._volley.fire(self._joined):
                self._write(self._by_fd[fd], rest)
        else:
            for _ in range(min(SLICE, len(self._owed))):
                outbox, mask = self._owed.popitem()
                self._write(outbox, self._joined[mask])
        if self._owed or self._volley:
            self._timer = asyncio.get_running_loop().call_soon(self._slice)
            return
        self._timer = None
        if self._dirty:
            self._schedule()

    def _write(self, outbox: Outbox, blob: bytes) -> None:
        try:
            outbox.write(blob)
        except Exception:
            logger.exception("a transport failed; its client is cut off")
            outbox.abort()

    # Between processes

    def _tell(self, channel: Channel, kind: bytes, frame: bytes = b"") -> None:
        self._bus.publish(channel.name, _ENVELOPE.pack(kind, channel.epoch.encode(), channel.seq) + frame)

    def _lost(self) -> None:
        """The bus was away: say where our channels are, and ask about the others."""
        for channel in self._channels.values():
            if isinstance(channel, OwnChannel):
                self._tell(channel, _HEAD)
            self._ask(channel, anew=True)

    def _ask(self, channel: Channel, *, anew: bool = False) -> None:
        if isinstance(channel, MirrorChannel) and channel.may_ask(anew):
            self._tell(channel, _ASK)

    def _received(self, name: str, message: bytes) -> None:
        channel = self._channels.get(name)
        if channel is None:
            return  # also what is on the bus besides channels
        kind, raw_epoch, seq = _ENVELOPE.unpack_from(message)
        if isinstance(channel, OwnChannel):
            if kind == _ASK:
                self._tell(channel, _SNAPSHOT, channel.snapshot())
        elif isinstance(channel, MirrorChannel) and kind != _ASK:
            self._reflect(channel, kind, raw_epoch.decode(), seq, message[_ENVELOPE.size :])

    def _reflect(self, channel: MirrorChannel, kind: bytes, epoch: str, seq: int, frame: bytes) -> None:
        if kind == _SNAPSHOT:
            channel.restore(epoch, seq, frame)
            waiting, channel.waiting = channel.waiting, {}
            for outbox, resume in waiting.items():
                self._admit(outbox, channel, resume)
            self._mark(channel)
        elif kind == _UPDATE and channel.follow(epoch, seq, frame):
            self._mark(channel)
        elif (epoch, seq) != channel.at:
            self._ask(channel, anew=kind == _HEAD)  # an owner that has come, or come back, did not hear us before
