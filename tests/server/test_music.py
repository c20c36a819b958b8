"""Hours of music, and a language that the recognizer does not know: nothing grows, little is told, and speech afterwards is understood."""

import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection, serve

from tests.realtime.relay.clients import publishing, until
from tests.server.site import SESSION, opened
from tests.translation.test_recognizers import listen, reading, words
from translation.belief import LINES, Belief, unlooped
from translation.engines import RATE, Heard, moonshine
from translation.engines.moonshine import Moonshine, _Stream
from translation.engines.outgoing import Outgoing
from translation.engines.vosk import Vosk

MUSIC = 130
"""Seconds: more than twice as long as a stream goes without a pause. A second takes 20 ms."""

KEPT = (moonshine.LONGEST + 1) * RATE
"""Samples that a stream holds at most."""


def music(seconds: int) -> NDArray[np.int16]:
    """Four chords, a melody with a singer's formants and vibrato over them, a drum and a hi-hat."""
    random, beat = np.random.default_rng(1), RATE // 2
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    time, out = np.arange(beat) / RATE, []
    for number in range(seconds * 2):
        sound = sum(np.sin(2 * np.pi * tone * part * time) / part for tone in chords[number // 4 % 4] for part in (1, 2, 3))
        tone = random.choice([262, 294, 330, 392, 440, 523])
        phase = 2 * np.pi * tone * time + 0.4 * np.sin(2 * np.pi * 5.5 * time)
        voice = sum(np.sin(part * phase) * np.exp(-(((part * tone - 700) / 500) ** 2)) for part in range(1, 12))
        hit = np.sin(2 * np.pi * 60 * time) if number % 2 == 0 else random.standard_normal(beat)
        out.append(0.1 * sound * np.exp(-2 * time) + 0.3 * voice * np.sin(2 * np.pi * time) + 0.3 * hit * np.exp(-35 * time))
    return (np.clip(np.concatenate(out), -1, 1) * 24_000).astype(np.int16)


async def test_music_says_nothing_and_holds_no_more_than_a_minute_and_speech_after_it_is_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []
    add = _Stream._add

    def watched(stream: _Stream, samples: NDArray[np.int16]) -> None:
        add(stream, samples)
        held.append(sum(map(len, stream._pieces)))

    monkeypatch.setattr(_Stream, "_add", watched)
    engine = Moonshine()
    heard = await listen(engine, np.concatenate((music(MUSIC), reading())))
    await engine.close()
    belief = Belief()
    told = [line for line in map(belief.judge, heard) if line is not None]
    assert [line.text for line in told if line.end < MUSIC] == []
    assert "best of times it was the worst of times" in words(told)
    assert not belief.doubtful
    assert max(held) <= KEPT
    first = next(line for line in told if line.final)
    assert MUSIC < first.start < MUSIC + 3, "its time is the sound's, whatever was before"


async def test_an_unknown_language_costs_half_of_the_thread_at_most_and_the_right_one_is_understood_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Moonshine takes three times as long for what it does not know, and says the same words again and again."""
    guesses: list[tuple[float, float]] = []
    guess = _Stream._guess

    def timed(stream: _Stream) -> None:
        fed, began = stream._base + stream._fed / RATE, time.perf_counter()
        guess(stream)
        guesses.append((fed, time.perf_counter() - began))

    monkeypatch.setattr(_Stream, "_guess", timed)
    foreign = reading(15)[::-1].copy()  # no language that anyone speaks, by a real voice
    engine = Moonshine()
    heard = await listen(engine, np.concatenate((foreign, np.zeros(RATE, np.int16), reading())))
    await engine.close()
    for (before, took), (after, _) in itertools.pairwise(guesses[:-1]):
        assert after - before >= moonshine.SPARE * took * 0.9 - 0.1
    belief = Belief()
    told = [line for line in map(belief.judge, heard) if line is not None]
    assert all(unlooped(line.text) == line.text for line in told)
    starts = [line.start for line in told if line.final]
    assert len(starts) == len(set(starts)), "no line is told twice"
    assert "best of times" in words([line for line in told if line.start > 14])


@asynccontextmanager
async def vosk(sure: list[float]) -> AsyncIterator[str]:
    """A Vosk server that finishes a line every 0.2 s and is as sure of it as the last of `sure` says."""

    async def talk(client: ServerConnection) -> None:
        count = 0
        async for message in client:
            if isinstance(message, str):
                continue
            count += 1
            text, place = f"Line{count // 2} {sure[-1]}", count / 10
            word = {"word": text, "start": place - 0.2, "end": place, "conf": sure[-1]}
            await client.send(json.dumps({"partial": text} if count % 2 else {"text": text, "result": [word]}))

    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_readers_are_told_of_a_wrong_language_people_take_over_and_the_machine_comes_back(tmp_path: Path) -> None:
    sure, state = [0.95], f"{SESSION}/captions/en"
    async with vosk(sure) as url, opened(tmp_path) as site, site.talk("captioner", captions="en") as captioner:
        site.services.captioning._recognizers = {"en": [Vosk(Outgoing(["127.0.0.1"]), url)]}
        await captioner.do("channel.subscribe", channel=f"{SESSION}/captions/es")

        def shown(sure: float) -> int:
            return sum(cue["text"].endswith(str(sure)) for cue in captioner.states[state]["cues"].values())

        async with publishing(site.signal("whip", "speaker"), video=None):
            await captioner.until(lambda _: shown(0.95) > 2)
            sure.append(0.2)
            doubt = {"kind": "recognizer", "state": "doubtful"}
            await captioner.until(lambda talk: talk.states[state]["source"] == doubt)
            await captioner.until(lambda talk: talk.states[f"{SESSION}/captions/es"]["source"]["state"] == "doubtful")
            assert shown(0.2) < LINES

            await captioner.do("caption.source", lang="en", source="human")
            await captioner.do("caption.commit", lang="en", text="A person translates.")
            active = {"kind": "human", "state": "active", "choice": "human"}
            await captioner.until(lambda talk: talk.states[state]["source"] == active)

            sure.append(0.9)
            await captioner.do("caption.source", lang="en", source="auto")
            await captioner.until(lambda talk: talk.states[state]["source"] == {"kind": "recognizer", "state": "active"} and shown(0.9))
        await until(lambda: not site.live)


def test_a_line_without_confidence_is_believed() -> None:
    assert Belief().judge(Heard("Good evening.", 0.0, 1.0, True)) is not None
