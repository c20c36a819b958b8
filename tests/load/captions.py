"""What captions cost their readers: the time the service adds, and how real speech comes out at the other end.

    python -m tests.load.captions [--quick]

First, cues by a source that costs nothing, into 20 languages by a translator that costs nothing, to 1,000 viewers: the time from a
cue's coming in to the last viewer's read, which is all that Marquee adds. The server is a process of its own; so is this one, by the
machine's one clock. Second, a reading of Dickens published by WHIP into a whole service, through relay, tap, recognizer and socket:
words and letters wrong (WER, CER), words that readers saw and had to forget (erasure, per word), the seconds from a word's end until
it stands for good, and from a line's end to its final. A line for each recognizer that the settings name for English, one of them
Moonshine. Third, chrF of each translator on a small parallel set (`tests.load.translators`).
Takes a minute and a half, and most of a minute more for each further recognizer; `--quick` is a few viewers and a part of the reading.
"""

import asyncio
import contextlib
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvloop
from starlette.applications import Starlette
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.bus import MemoryBus
from realtime.endpoint import STATE_KEY, Connection, Endpoint
from realtime.hub import Hub
from realtime.relay import Tap
from realtime.socket import SocketProtocol
from server.captioning import Captioning
from server.engines import recognizers
from server.heads import front_door
from server.patch import Doc
from server.serving import running
from server.settings import Settings
from sessions.programme import Session
from tests.journeys.browser import SPEECH
from tests.load.hub.crowd import SPARE_FILES, Client, Ears, connected, need_files
from tests.load.hub.processes import server
from tests.load.hub.servers import under_uvicorn
from tests.load.translators import scores
from tests.realtime.relay.clients import publishing
from tests.server.site import SESSION, Site, Talk, seed
from translation.engines import Recognizer
from translation.stability import erased

LANGUAGES = 20
READING = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of "
    "belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the spring of hope, it "
    "was the winter of despair, we had everything before us, we had nothing before us, we were all going direct to Heaven, we were all "
    "going direct the other way - in short, the period was so far like the present period, that some of its noisiest authorities "
    "insisted on its being received, for good or for evil, in the superlative degree of comparison only."
)


@dataclass(frozen=True)
class Load:
    viewers: int = 1000
    cues: int = 60
    rate: float = 4
    seconds: float = 44
    """Of the reading."""
    sentences: int | None = None
    """Of the parallel set; all without a number."""


QUICK = Load(viewers=40, cues=10, rate=10, seconds=14, sentences=2)


class Echo:
    """A translator that costs nothing."""

    def can(self, source: str, target: str) -> bool:
        return True

    async def translate(self, text: str, source: str, target: str) -> str:
        return text

    async def close(self) -> None: ...


def languages() -> list[str]:
    return ["en", *(f"a{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"[: LANGUAGES - 1])]


async def caption_server() -> None:
    """Captions of one session, each connection in a language of its own; a publish is a captioner's final line."""
    bus = MemoryBus()
    hub = Hub(bus)
    session = Session(
        id="load", titles={"en": "Load"}, track="t", format="forum", starts_at=0, ends_at=1, floor="en", captions=languages(), speakers=[]
    )
    count = 0

    def opened(conn: Connection) -> None:
        nonlocal count
        conn.settle()
        hub.subscribe(conn, f"load/captions/{session.captions[count % LANGUAGES]}")
        count += 1

    def received(conn: Connection, data: bytes) -> None: ...

    def closed(conn: Connection, code: int) -> None: ...

    def tap(_: str) -> Tap:
        raise RuntimeError("nobody listens here")

    def keep(session: str, lang: str, number: int, cue: Doc) -> None: ...

    endpoint = Endpoint(opened=opened, received=received, closed=closed, delegate=WebSocketsSansIOProtocol)
    captioning = Captioning(hub, tap, recognizers={}, translators=[Echo()], keep=keep)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with bus, hub, captioning, endpoint:
            captioning.open(session, {})
            yield {STATE_KEY: endpoint}

    async def publish(data: bytes) -> None:
        captioning.commit("load", "en", "The picture of the year is for all.", True, speaker=json.loads(data)["sent"])

    await under_uvicorn(Starlette(lifespan=lifespan), SocketProtocol, publish, front_door())


class Viewer(Client):
    """Reads the time a cue came in, which is its speaker."""

    stamp = b'"speaker":"'


class Last(Ears):
    """When the last viewer read each cue."""

    def __init__(self) -> None:
        super().__init__()
        self.cues: defaultdict[int, list[int]] = defaultdict(list)

    def hear(self, sent: int, now: int) -> None:
        super().hear(sent, now)
        self.cues[sent].append(now - sent)


async def added(load: Load) -> str:
    ears = Last()
    async with server(sys.executable, "-m", "tests.load.captions", "server") as tested, connected(tested.port, load.viewers, ears, Viewer):
        for count in (5, load.cues):
            ears.cues.clear()
            await tested.publish(count, load.rate, 60)
            async with asyncio.timeout(30):
                while sum(map(len, ears.cues.values())) < count * load.viewers:  # noqa: ASYNC110  (an event would cost every message)
                    await asyncio.sleep(0.02)
    last = sorted(max(times) / 1e6 for times in ears.cues.values())
    return f"added_p99_ms={last[int(0.99 * (len(last) - 1))]:.1f} added_p50_ms={last[len(last) // 2]:.1f}"


@dataclass
class Reader:
    """What somebody saw who read along: finals, what they had to forget, how late a final was."""

    words: list[str] = field(default_factory=list)
    forgotten: int = 0
    delays: list[float] = field(default_factory=list)
    stable: list[float] = field(default_factory=list)
    """Seconds from a word's end until it stood as it stayed. A word's end is its letters' share of its line's time."""
    _guesses: list[tuple[float, list[str]]] = field(default_factory=list)

    def guess(self, text: str) -> None:
        self._guesses.append((time.time(), words_of(text)))

    def final(self, cue: Doc) -> None:
        now, said = time.time(), words_of(cue["text"])
        self.delays.append(now - cue["end"] / 1000)
        letters = sum(map(len, said)) or 1
        for place, word in enumerate(said):
            end = cue["start"] + (cue["end"] - cue["start"]) * sum(map(len, said[: place + 1])) / letters
            self.stable.append(self._since([*said[max(0, place - 1) : place], word], now) - end / 1000)
        self.words += said

    def _since(self, phrase: list[str], now: float) -> float:
        """When a word was first shown beside the one before it; what is shown stays until the line ends."""
        for at, words in self._guesses:
            if any(words[begin : begin + len(phrase)] == phrase for begin in range(len(words))):
                return at
        return now

    def ended(self) -> None:
        """The line is told whole: what was guessed of it counts no more."""
        self._guesses.clear()

    def line(self) -> str:
        reference = words_of(READING)[: len(self.words) + 3]
        # A part of the reading is judged by that part: by whichever length of it the words fit best.
        errors, length = min((distance(reference[:end], self.words), end) for end in range(max(1, len(reference) - 6), len(reference) + 1))
        wrong, letters = distance(list(" ".join(reference[:length])), list(" ".join(self.words))), len(" ".join(reference[:length]))
        return (
            f"erasure={self.forgotten / max(1, len(self.words)):.3f} wer={errors / length:.3f} cer={wrong / letters:.3f}"
            f" words={len(self.words)} {_spread('stable', self.stable)} {_spread('final_delay', self.delays)}"
        )


def _spread(name: str, seconds: list[float]) -> str:
    late = sorted(seconds)
    return f"{name}_mean_s={sum(late) / len(late):.2f} {name}_p95_s={late[int(0.95 * (len(late) - 1))]:.2f}"


async def read_along(load: Load, engine: Recognizer) -> Reader:
    """The reading by WHIP into a whole service with one recognizer, as a viewer of the captions sees it."""
    channel = f"{SESSION}/captions/en"
    reader = Reader()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running(Settings(port=0, data=Path(folder)), seed()) as service,
            httpx.AsyncClient(base_url=service.url, trust_env=False) as http,
        ):
            site = Site(http, service)
            service.services.captioning._recognizers = {"en": [engine]}
            async with site.talk(captions="en") as talk, publishing(site.signal("whip", "speaker"), video=None, speech=SPEECH):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(load.seconds + 4):
                        await follow(talk, channel, reader)
    return reader


async def follow(talk: Talk, channel: str, reader: Reader) -> None:
    shown, seen = "", set(talk.states[channel]["cues"])
    while True:
        await talk.hear()
        state = talk.states[channel]
        for number in [number for number in state["cues"] if number not in seen]:
            cue = state["cues"][number]
            seen.add(number)
            reader.forgotten += erased(shown, cue["text"], "en")
            reader.final(cue)
            shown = ""
        partial = state.get("partial", {}).get("text", "")
        if partial:
            reader.guess(partial)
        else:
            reader.ended()
        if partial != shown and not shown.endswith(partial):
            # A caption's window moves on over a long line: what left it at its beginning was read, not taken back.
            reader.forgotten += erased(shown, partial, "en") if partial[:8] == shown[:8] else 0
            shown = partial or shown


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def distance(reference: list[str], said: list[str]) -> int:
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(reference, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(said, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


async def bench(load: Load) -> None:
    need_files(load.viewers + SPARE_FILES)
    latency = await added(load)
    for engine in recognizers(Settings(), ["en"])["en"]:
        reader = await read_along(load, engine)
        name = type(engine).__name__.lower()
        print(f"captions {latency} {reader.line()} viewers={load.viewers} languages={LANGUAGES} engine={name}", flush=True)
    async for line in scores(load.sentences):
        print(line, flush=True)


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else ""
    uvloop.run(caption_server() if argument == "server" else bench(QUICK if argument == "--quick" else Load()))
