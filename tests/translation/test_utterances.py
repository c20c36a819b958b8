"""Sound is cut where people pause, with its place in time, and a room's noise is no speech."""

import numpy as np
import pytest
from numpy.typing import NDArray

from translation.utterances import LONGEST, RATE, Utterance, Utterances


def sound(seconds: float, loudness: float) -> NDArray[np.int16]:
    return np.random.default_rng(0).normal(0, loudness, int(seconds * RATE)).astype(np.int16)


def cut(*parts: NDArray[np.int16]) -> list[Utterance]:
    cutter, found = Utterances(), []
    whole = np.concatenate(parts)
    for begin in range(0, len(whole), 1600):
        found += cutter.feed(whole[begin : begin + 1600])
    return [*found, *cutter.finish()]


def test_two_sentences_are_two_utterances_at_their_times() -> None:
    first, second = cut(sound(1, 20), sound(2, 3000), sound(1, 20), sound(1, 3000), sound(1, 20))
    assert first.start == pytest.approx(0.8, abs=0.1)
    assert first.end == pytest.approx(3.6, abs=0.1)
    assert second.start == pytest.approx(3.8, abs=0.1)


def test_a_loud_rooms_noise_is_no_speech_for_long() -> None:
    found = cut(sound(3, 400), sound(60, 400))
    assert sum(len(one.samples) for one in found) / RATE < 63
    assert cut(sound(5, 30)) == []


def test_a_click_is_no_speech() -> None:
    assert cut(sound(1, 20), sound(0.05, 9000), sound(1, 20)) == []


def test_a_speech_without_a_pause_is_cut() -> None:
    found = cut(sound(0.5, 20), sound(2 * LONGEST, 3000))
    assert max(len(one.samples) for one in found) <= LONGEST * RATE


def test_the_utterance_being_spoken_is_open() -> None:
    cutter = Utterances()
    cutter.feed(sound(1, 3000))
    assert cutter.open is not None
    assert cutter.open.end == 1.0
    cutter.feed(sound(1, 20))
    assert cutter.open is None
