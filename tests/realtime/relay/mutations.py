"""Bytes that were valid once: cut, flipped, doubled, moved, or spliced with others of their kind."""

import random
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

TELLING = (0x00, 0x01, 0x7F, 0x80, 0xFF)
"""Bytes at which lengths and counts are at an end of their range."""


@st.composite
def mutated(draw: DrawFn, corpus: Sequence[bytes]) -> bytes:
    """For hypothesis, which finds the smallest that breaks something."""
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, 5))):
        at, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        inserted = draw(st.sampled_from([bytes([byte]) for byte in TELLING]) | st.binary(max_size=4))
        data = changed(data, draw(st.integers(0, 4)), at, end, inserted, draw(st.sampled_from(corpus)))
    return data


def mutations(corpus: Sequence[bytes], count: int, seed: int = 1) -> list[bytes]:
    """So many, always the same ones."""
    chance, found = random.Random(seed), []
    for _ in range(count):
        data = chance.choice(corpus)
        for _ in range(chance.randint(1, 5)):
            at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
            inserted = chance.choice([bytes([chance.choice(TELLING)]), chance.randbytes(chance.randint(0, 4))])
            data = changed(data, chance.randint(0, 4), at, end, inserted, chance.choice(corpus))
        found.append(data)
    return found


def changed(data: bytes, way: int, at: int, end: int, inserted: bytes, other: bytes) -> bytes:
    match way:
        case 0:
            return data[:at] + inserted + data[at + len(inserted) :]
        case 1:
            return data[:at] + inserted + data[at:]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:end] + data[at:]
        case _:
            return data[:at] + other[at:]
