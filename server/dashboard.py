"""What an organiser watches: numbers of every session that somebody has to do with, taken at fixed times and kept for two hours."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Self

from realtime.relay import RelayDown, RelayProcess, StreamStats
from server.captioning import Captioning
from server.live import LiveSession
from server.placement import Placement
from server.places import Places
from sessions import breakdown

INTERVAL = 10.0
"""Seconds between two samples."""

SAMPLES = 720
"""Samples of a session that are kept: two hours. Older ones are forgotten."""

SESSIONS = 32
"""Sessions whose samples are kept; past it those of the one that was empty for longest are forgotten."""

MINUTE = 60.0

SERIES = ("viewers", "people", "votes", "reactions", "bitrate", "lost", "resent", "viewer_loss", "join_ms")
"""Of a sample: WHEP viewers and people on the socket; votes and reactions a minute; bits a second that arrive and the share of packets
that do not; packets sent again a second (NACK); the share viewers lose, on average; ms from an offer until media may flow, on average
of those who came since the last sample (None without any)."""

Sample = dict[str, float | None]

logger = logging.getLogger(__name__)


class Totals:
    """What only ever grows of a session, as it was at the last sample."""

    __slots__ = ("joined", "joins", "lost", "octets", "packets", "reactions", "resent", "votes")

    def __init__(self, live: LiveSession, stats: StreamStats | None) -> None:
        self.votes = votes(live)
        self.reactions = sum(live.reactions.counts.values())
        self.octets, self.packets, self.lost, self.resent, self.joins = (
            (stats.octets, stats.packets, stats.lost, stats.retransmitted, stats.joins) if stats else (0, 0, 0, 0, 0)
        )
        self.joined = stats.join_seconds if stats else 0.0


class Dashboard:
    """`async with` it. Samples are by session; None is the whole event, of all that this process knows of."""

    def __init__(
        self,
        lives: Mapping[str, LiveSession],
        relay: RelayProcess,
        placement: Placement,
        captioning: Captioning,
        interval: float = INTERVAL,
    ) -> None:
        self._lives, self._relay, self._placement, self._captioning = lives, relay, placement, captioning
        self.interval = interval
        self._places = Places()
        self._samples: dict[str | None, deque[tuple[int, Sample]]] = {None: deque(maxlen=SAMPLES)}
        self._before: dict[str, Totals] = {}
        self._streams: dict[str, StreamStats] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="dashboard")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        at = time.monotonic()
        while True:
            try:
                await self.sample()
            except Exception:
                logger.exception("the dashboard's sample failed")
            at += self.interval
            await asyncio.sleep(max(0.0, at - time.monotonic()))

    async def sample(self) -> None:
        """Take the next sample of every session."""
        try:
            self._streams = await self._relay.all_stats()
        except RelayDown:
            self._streams = {}
        now = time.time_ns() // 1_000_000
        found = {id: self._sampled(live) for id, live in self._lives.items()}
        for id, sample in found.items():
            if id in self._samples or sample["viewers"] or sample["people"] or sample["bitrate"]:
                self._samples.setdefault(id, deque(maxlen=SAMPLES)).append((now, sample))
        self._samples[None].append((now, together(list(found.values()))))
        self._forget()

    def _sampled(self, live: LiveSession) -> Sample:
        id = live.session.id
        stats = self._streams.get(id)
        now = Totals(live, stats)
        before = self._before.get(id, now)
        self._before[id] = now
        packets, lost, joins = (max(0, getattr(now, name) - getattr(before, name)) for name in ("packets", "lost", "joins"))
        return {
            "viewers": self._viewers(id, stats),
            "people": live.people.total,
            "votes": max(0, now.votes - before.votes) * MINUTE / self.interval,
            "reactions": max(0, now.reactions - before.reactions) * MINUTE / self.interval,
            "bitrate": round(max(0, now.octets - before.octets) * 8 / self.interval),
            "lost": round(lost / (packets + lost), 4) if packets + lost else 0,
            "resent": round(max(0, now.resent - before.resent) / self.interval, 1),
            "viewer_loss": round(stats.audience.lost, 4) if stats else 0,
            "join_ms": round((now.joined - before.joined) / joins * 1000) if joins else None,
        }

    def _viewers(self, session: str, stats: StreamStats | None) -> int:
        """Of all nodes, where there are several."""
        if self._placement.nodes:
            return sum(node.sessions[session].viewers for node in self._placement.nodes.values() if session in node.sessions)
        return stats.viewers if stats is not None else 0

    def _forget(self) -> None:
        """Of too many sessions, and of what has been empty for as long as samples are kept."""
        last = {id: _last(samples) for id, samples in self._samples.items() if id is not None}
        over = sorted(last, key=lambda id: last[id])[: max(0, len(last) - SESSIONS)]
        for id in {*over, *(id for id, at in last.items() if at == 0)}:
            del self._samples[id]

    # What is told

    def series(self, session: str | None, since: int) -> dict[str, list[Any]]:
        """The samples after a time (ms), as a list for each name; `at` are their times."""
        kept = [(at, sample) for at, sample in self._samples.get(session, ()) if at > since]
        return {"at": [at for at, _ in kept]} | {name: [sample[name] for _, sample in kept] for name in SERIES}

    def overview(self) -> list[dict[str, Any]]:
        """Each session with samples as it was at the last one."""
        rows = []
        for id, samples in self._samples.items():
            if id is not None and id in self._lives and samples:
                rows.append({"id": id, "live": self._lives[id].live, "questions": questions(self._lives[id])} | samples[-1][1])
        return rows

    def now(self, session: str | None) -> dict[str, Any]:
        """Of a session, or of all together: questions by state, people by language, streams, and who writes the captions."""
        lives = [live for id, live in self._lives.items() if session in (None, id)]
        asked: Counter[str] = Counter()
        spoken: Counter[str] = Counter()
        for live in lives:
            asked.update(questions(live))
            spoken.update(live.people.languages)
        sources = {live.session.id: self._captioning.sources(live.session.id) for live in lives if session is not None or live.live}
        return {"questions": dict(asked), "languages": dict(spoken), "captions": sources}

    async def ready(self) -> None:
        """Read the names of places, once: that takes a while."""
        await asyncio.to_thread(self._places.area, "")

    def regions(self, session: str | None) -> list[dict[str, Any]]:
        """People by the area of the region they declared; those whom nobody can place, and who said nothing, are in the one without.

        Numbers below five, and those from which they could be computed, are None (`sessions.breakdown`).
        """
        areas: Counter[str] = Counter()
        for id, live in self._lives.items():
            if session in (None, id):
                for said, count in live.people.regions.items():
                    areas[self._places.area(said) or ""] += count
        told = breakdown.told(areas)
        return [{"area": area or None, "people": told[area]} for area in sorted(areas, key=lambda area: (area == "", -areas[area], area))]


def together(samples: list[Sample]) -> Sample:
    """The whole event: sums, the worst of the losses, and the longest wait."""

    def all_of(name: str) -> list[float]:
        return [value for sample in samples if (value := sample[name]) is not None]

    summed = {name: round(sum(all_of(name)), 1) for name in ("viewers", "people", "votes", "reactions", "bitrate", "resent")}
    worst = {name: max(all_of(name), default=0) for name in ("lost", "viewer_loss")}
    return {**summed, **worst, "join_ms": max(all_of("join_ms"), default=None)}


def votes(live: LiveSession) -> int:
    """Votes for questions and ballots so far."""
    return sum(len(item.votes) for item in live.questions.items.values()) + sum(poll.turnout for poll in live.polls.items.values())


def questions(live: LiveSession) -> dict[str, int]:
    """How many are in each state; `answered` are those of the public ones that are."""
    states: Counter[str] = Counter(item.state for item in live.questions.items.values())
    answered = sum(1 for item in live.questions.items.values() if item.answer_state == "answered")
    return {**states, "answered": answered} if states else {}


def _last(samples: deque[tuple[int, Sample]]) -> int:
    """When somebody was there, or something arrived, for the last time."""
    return next((at for at, sample in reversed(samples) if sample["viewers"] or sample["people"] or sample["bitrate"]), 0)
