"""One channel: its epoch and rising seq, a bounded log of finished frames, and who follows it."""

import json
import secrets
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from itertools import islice

from realtime.errors import UpdateTooBig
from realtime.followers import Followers
from realtime.outbox import Outbox, text_frame

LOG_FRAMES = 256
LOG_BYTES = 256 * 1024
"""How far back a client can resume: this many updates and this many bytes, whichever is less. Older ones are forgotten, and a
client that needs them gets a snapshot."""

PENDING_BYTES = 256 * 1024
"""Updates waiting for one tick, at most. Past it everyone gets a snapshot instead."""

MAX_UPDATE = 64 * 1024
"""Bytes of one update's data, at most; past it UpdateTooBig."""

ASK_SECONDS = 0.5
"""A mirror that sees gaps asks for a snapshot at most this often while no answer comes."""

Resume = tuple[str, int]
"""The epoch and seq of the last update a client has."""

Late = list[tuple[Outbox, bytes]]


class Channel(ABC):
    """Followers are in one of four places: `followers` get the tick's joined bytes; `fresh` came during this tick and have its first
    n updates already; `waiting` came before there was anything to show; those who do not read are in none of them. `far` are in another
    process, which follows for them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = ""
        self.seq = 0
        self.followers = Followers()
        self.fresh: dict[Outbox, int] = {}
        self.waiting: dict[Outbox, Resume | None] = {}
        self.far: dict[Outbox, None] = {}
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._restate = False
        self._log: deque[bytes] = deque()
        self._log_bytes = 0

    @property
    def at(self) -> Resume:
        """Where the channel is now."""
        return self.epoch, self.seq

    @abstractmethod
    def snapshot(self) -> bytes | None:
        """Frames that bring anyone to `at`, or None if that is not known here yet. What the application's provider raises passes."""

    def catch_up(self, resume: Resume | None) -> bytes | None:
        """Frames that bring someone who has `resume` to `at`: what was missed if the log reaches back, else a snapshot (or None)."""
        missed = self._since(resume[1]) if resume is not None and resume[0] == self.epoch else None
        return self.snapshot() if missed is None else missed

    def add(self, outbox: Outbox) -> None:
        """Someone who is at `at` follows from here on."""
        if self._pending or self._restate:
            self.fresh[outbox] = len(self._pending)
        else:
            self.followers.add(outbox)

    def remove(self, outbox: Outbox) -> None:
        """Take someone out of all places. Idempotent."""
        self.followers.discard(outbox)
        self.fresh.pop(outbox, None)
        self.waiting.pop(outbox, None)
        self.far.pop(outbox, None)

    def has(self, outbox: Outbox) -> bool:
        """Whether this one is getting updates or waiting for the first."""
        return outbox in self.followers or outbox in self.fresh or outbox in self.waiting

    def reached(self, outbox: Outbox) -> bool:
        """Whether everything up to `at` was handed to this follower (unless a fan-out still owes it some)."""
        if self._restate:
            return False
        return self.fresh.get(outbox, 0 if outbox in self.followers else -1) == len(self._pending)

    def due(self) -> bytes | None:
        """The bytes this tick owes to `followers`, or None if it owes a snapshot that is not known here: then `wait`.

        What the application's provider raises passes, and nothing has changed.
        """
        return self.snapshot() if self._restate else b"".join(self._pending)

    def turn(self) -> Late:
        """End the tick: the fresh become followers. Returns what each of them still lacks; call it after `due` was handed out."""
        whole = self.snapshot() if self._restate else None
        late = [(outbox, b"".join(self._pending[had:]) if whole is None else whole) for outbox, had in self.fresh.items()]
        self.followers.update(self.fresh)
        self.fresh = {}
        self._owe_nothing()
        return [(outbox, blob) for outbox, blob in late if blob]

    def wait(self) -> None:
        """End the tick with nothing handed out: everyone waits for a snapshot."""
        self.waiting.update(dict.fromkeys((*self.followers, *self.fresh)))
        self.followers, self.fresh = Followers(), {}
        self._owe_nothing()

    def _owe_nothing(self, restate: bool = False) -> None:
        """Forget what this tick owes; with `restate` it owes a snapshot instead."""
        self._restate, self._pending, self._pending_bytes = restate, [], 0

    @property
    def heard(self) -> bool:
        """Whether anyone gets the next update."""
        return bool(self.followers or self.fresh)

    def _advance(self, frame: bytes) -> None:
        self.seq += 1
        self._log.append(frame)
        self._log_bytes += len(frame)
        while len(self._log) > LOG_FRAMES or self._log_bytes > LOG_BYTES:
            self._log_bytes -= len(self._log.popleft())
        if self.heard and not self._restate:
            self._pending.append(frame)
            self._pending_bytes += len(frame)
            if self._pending_bytes > PENDING_BYTES:
                self._owe_nothing(restate=True)

    def _begin(self, epoch: str, seq: int) -> None:
        """Start anew: nobody can resume from before."""
        self.epoch, self.seq, self._log_bytes = epoch, seq, 0
        self._log.clear()
        self._owe_nothing(restate=self.heard)

    def _since(self, seq: int) -> bytes | None:
        """The updates after `seq`, or None if the log does not reach back (or `seq` is in the future)."""
        behind = self.seq - seq
        if not 0 <= behind <= len(self._log):
            return None
        return b"".join(islice(self._log, len(self._log) - behind, None))


class OwnChannel(Channel):
    """A channel whose state lives in this process: it numbers the updates. `provider` returns the state at this moment as JSON."""

    def __init__(self, name: str, provider: Callable[[], bytes]) -> None:
        super().__init__(name)
        self._name_json = json.dumps(name).encode()
        self._provider = provider
        self._state: tuple[Resume, bytes] | None = None
        self.reset()

    def publish(self, type: str, data: bytes) -> bytes:
        """Number, encode and log one update; returns its frame. Raises UpdateTooBig."""
        if len(data) > MAX_UPDATE:
            raise UpdateTooBig(f"{type} on {self.name}: {len(data)} bytes, more than {MAX_UPDATE}")
        frame = self._encode(type, self.seq + 1, data)
        self._advance(frame)
        return frame

    def reset(self) -> None:
        """A new epoch: what was said before is void, and everyone gets the state as it is."""
        self._begin(secrets.token_urlsafe(6), 0)

    def snapshot(self) -> bytes:
        # Everyone who joins between two updates gets the same bytes, so that a storm of joins encodes the state once.
        if self._state is None or self._state[0] != self.at:
            self._state = self.at, self._encode("snapshot", self.seq, self._provider())
        return self._state[1]

    def _encode(self, type: str, seq: int, data: bytes) -> bytes:
        head = b'{"type":%b,"channel":%b,"epoch":"%b","seq":%d,"data":' % (
            json.dumps(type).encode(),
            self._name_json,
            self.epoch.encode(),
            seq,
        )
        return text_frame(head + data + b"}")


class MirrorChannel(Channel):
    """A channel whose state lives in another process: it forwards what it hears, and asks when it lacks something."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._state: tuple[int, bytes] | None = None
        self._asked = -ASK_SECONDS

    def may_ask(self, anew: bool) -> bool:
        """Whether to ask the owner for a snapshot now; then it counts as asked. One answer serves everyone who waits.

        `anew`: the last question or its answer may be lost, so it is not waited for.
        """
        now = time.monotonic()
        if now - self._asked < ASK_SECONDS and not anew:
            return False
        self._asked = now
        return True

    def follow(self, epoch: str, seq: int, frame: bytes) -> bool:
        """Take the next update. False if it cannot follow what is here (something was lost): ask for a snapshot."""
        if epoch != self.epoch or seq > self.seq + 1:
            return False
        if seq == self.seq + 1:
            self._advance(frame)
        return True

    def restore(self, epoch: str, seq: int, frame: bytes) -> None:
        """Take a snapshot. If it is news, everyone here gets it."""
        if epoch != self.epoch or seq > self.seq:
            self._begin(epoch, seq)
        elif seq < self.seq:
            return
        self._state, self._asked = (seq, frame), -ASK_SECONDS

    def snapshot(self) -> bytes | None:
        if self._state is None:
            return None
        since = self._since(self._state[0])
        return None if since is None else self._state[1] + since
