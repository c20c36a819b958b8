"""The short way past the parser sees exactly what the parser sees, wherever the network cuts."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.frames import Frame, Opcode

from realtime.framing import unfinished, whole_text
from realtime.outbox import split_frames, text_frame

LIMIT = 16 * 1024


def sent(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 255, 256, 4_000, LIMIT])
def test_one_whole_text_is_its_text(size: int) -> None:
    text = os.urandom(size)
    assert whole_text(sent(Opcode.TEXT, text), LIMIT) == text


ELSE = {
    "nothing": b"",
    "half a head": b"\x81",
    "too long": sent(Opcode.TEXT, b"x" * (LIMIT + 1)),
    "much too long": sent(Opcode.TEXT, b"x" * 70_000),
    "a fragment": sent(Opcode.TEXT, b"half", fin=False),
    "bytes": sent(Opcode.BINARY, b"bytes"),
    "a ping": sent(Opcode.PING, b""),
    "a close": sent(Opcode.CLOSE, b""),
    "two": sent(Opcode.TEXT, b"one") + sent(Opcode.TEXT, b"two"),
    "cut short": sent(Opcode.TEXT, b"cut short")[:-1],
    "not masked": Frame(Opcode.TEXT, b"not masked").serialize(mask=False),
    "a reserved bit": b"\xc1" + sent(Opcode.TEXT, b"reserved bit")[1:],
    "a length written longer than it need be": b"\x81\xfe\x00\x05" + sent(Opcode.TEXT, b"wrong")[2:],
}


@pytest.mark.parametrize("what", ELSE)
def test_everything_else_is_for_the_parser(what: str) -> None:
    assert whole_text(ELSE[what], LIMIT) is None


def frames() -> some.SearchStrategy[bytes]:
    texts = some.integers(0, 300).map(lambda size: b"x" * size)
    return some.builds(sent, some.sampled_from([Opcode.TEXT, Opcode.CONT]), texts, some.booleans())


@given(whole=some.lists(frames(), max_size=5), last=frames(), cut=some.integers(0, 400))
def test_what_is_left_is_what_came_of_the_last_frame(whole: list[bytes], last: bytes, cut: int) -> None:
    part = last[: min(cut, len(last) - 1)]
    assert unfinished(b"".join(whole) + part) == part


@given(texts=some.lists(some.sampled_from([0, 1, 125, 126, 65_535, 65_536]).map(lambda size: b"x" * size), max_size=4))
def test_a_servers_text_frame_is_the_librarys(texts: list[bytes]) -> None:
    assert [text_frame(text) for text in texts] == [Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts]
    assert split_frames(b"".join(map(text_frame, texts))) == texts
