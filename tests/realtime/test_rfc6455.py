"""The socket held to RFC 6455, case by case: what a client may say is answered, what it may not ends the connection as the text has it."""

import json
import os
import random
import struct
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from websockets.frames import Opcode

from realtime.endpoint import MAX_MESSAGE
from tests.realtime.serving import Place, RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NONE_GIVEN = 1005
"""What a close frame without a code counts as (section 7.1.5)."""

PRINTABLE = "Ça tourne — 开拍 🎬"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place() -> AsyncIterator[Place]:
    async with Place("socket").running() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def client(place: Place) -> AsyncIterator[RawClient]:
    async with place.raw() as raw:
        yield raw


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"mask", wide: int = 0) -> bytes:
    """Any frame of section 5.2, allowed or not; `wide` is a length's bytes where it is longer than it need be."""
    size, masked = len(data), 0x80 if mask is not None else 0
    if size < 126 and not wide:
        length = bytes([masked | size])
    elif size < 1 << 16 and wide != 8:
        length = bytes([masked | 126]) + struct.pack("!H", size)
    else:
        length = bytes([masked | 127]) + struct.pack("!Q", size)
    if mask is not None:
        data = mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    return bytes([fin << 7 | rsv << 4 | opcode]) + length + data


def echo(text: str | bytes) -> bytes:
    """The payload that asks for a text back."""
    raw = text if isinstance(text, bytes) else json.dumps(text, ensure_ascii=False).encode()[1:-1]
    return b'{"do":"echo","text":"' + raw + b'"}'


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


async def answered(client: RawClient, text: str) -> bool:
    return bool(await client.said() == {"echo": text})


async def pong(client: RawClient) -> bytes:
    answer = await client.frame()
    assert answer.opcode is Opcode.PONG
    return bytes(answer.data)


# ---- Sections 5.2, 5.3: lengths and masks


@pytest.mark.parametrize("size", [0, 1, 100, 104, 105, 1000, MAX_MESSAGE - 23])
async def test_a_text_of_any_length_comes_back(client: RawClient, size: int) -> None:
    client.send(frame(TEXT, echo("x" * size)))
    assert await answered(client, "x" * size)


@pytest.mark.parametrize("mask", [bytes(4), b"\xff\xff\xff\xff", b"\x00\x01\x80\xff"])
async def test_a_mask_is_any_four_bytes(client: RawClient, mask: bytes) -> None:
    client.send(frame(TEXT, echo(PRINTABLE), mask=mask))
    assert await answered(client, PRINTABLE)


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_a_frame_may_come_in_pieces(client: RawClient, size: int) -> None:
    for piece in pieces(frame(PING, b"?") + frame(TEXT, echo(PRINTABLE)), size):
        client.send(piece)
        await client.writer.drain()
    assert await pong(client) == b"?"
    assert await answered(client, PRINTABLE)


@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
async def test_a_frame_without_a_mask_is_an_error(client: RawClient, opcode: int) -> None:
    client.send(frame(opcode, mask=None))
    assert await client.close_code() == 1002


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, 1 << 40, MAX_MESSAGE + 1])
async def test_a_length_past_all_limits_is_refused_before_it_comes(client: RawClient, length: int) -> None:
    client.send(b"\x81\xff" + struct.pack("!Q", length) + b"mask")
    assert await client.close_code() in (1002, 1009)


# ---- Section 5.4: fragments


async def test_fragments_are_one_message_with_pings_in_between(client: RawClient) -> None:
    *parts, last = pieces(echo(PRINTABLE), 3)
    for number, part in enumerate(parts):
        client.send(frame(0 if number else TEXT, part, fin=False) + frame(PING, str(number).encode()))
    client.send(frame(0, last))
    assert [await pong(client) for _ in parts] == [str(number).encode() for number in range(len(parts))]
    assert await answered(client, PRINTABLE)


async def test_empty_fragments_are_nothing(client: RawClient) -> None:
    client.send(frame(TEXT, fin=False) + frame(0, fin=False) * 1000 + frame(0, echo("here"), fin=False) + frame(0))
    assert await answered(client, "here")


@pytest.mark.parametrize(
    "sent",
    [
        frame(0, b"goes on"),
        frame(0, b"goes on", fin=False),
        frame(TEXT, b"one", fin=False) + frame(TEXT, b"two"),
        frame(TEXT, b"one", fin=False) + frame(BINARY, b"two"),
        frame(TEXT, echo("whole")) + frame(0, b"and more"),
    ],
    ids=["goes on from nothing", "for ever", "a text within", "bytes within", "after the end"],
)
async def test_what_continues_nothing_or_cuts_in_is_an_error(client: RawClient, sent: bytes) -> None:
    client.send(sent)
    assert await client.close_code() == 1002


# ---- Section 5.5: control frames


@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(125)), b"\xfe\xff" * 62], ids=["nothing", "text", "125 bytes", "no text"])
async def test_a_ping_is_answered_with_its_data(client: RawClient, data: bytes) -> None:
    client.send(frame(PING, data))
    assert await pong(client) == data


async def test_pings_are_answered_in_order(client: RawClient) -> None:
    client.send(b"".join(frame(PING, bytes([number])) for number in range(10)))
    assert [await pong(client) for _ in range(10)] == [bytes([number]) for number in range(10)]


async def test_a_pong_that_nobody_asked_for_is_nothing(client: RawClient) -> None:
    client.send(frame(PONG) + frame(PONG, b"unasked") + frame(PING, b"asked"))
    assert await pong(client) == b"asked"


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@pytest.mark.parametrize(("data", "fin"), [(bytes(126), True), (b"", False)], ids=["126 bytes", "in fragments"])
async def test_a_control_frame_is_short_and_whole(client: RawClient, opcode: int, data: bytes, fin: bool) -> None:
    client.send(frame(opcode, data, fin=fin))
    assert await client.close_code() == 1002


# ---- Sections 5.2, 5.8: what is reserved


@pytest.mark.parametrize("rsv", [1, 2, 4, 7])
@pytest.mark.parametrize("opcode", [TEXT, PING])
async def test_reserved_bits_are_zero(client: RawClient, opcode: int, rsv: int) -> None:
    client.send(frame(opcode, b"{}", rsv=rsv))
    assert await client.close_code() == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
async def test_reserved_opcodes_are_errors(client: RawClient, opcode: int) -> None:
    client.send(frame(opcode))
    assert await client.close_code() == 1002


# ---- Section 5.6, 8.1: UTF-8

VALID = ["κόσμε", "\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff", "\ud7ff", "\ue000", "\ufffd", "\ufffe"]
INVALID = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",  # a surrogate (Autobahn 6.3.1)
    b"\xf4\x90\x80\x80",  # past U+10FFFF
    b"\x80", b"\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf",
    b"\xfe", b"\xff", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xed\xbf\xbf", b"\xe3\x81", b"\xf0\x9f\x8e",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID, ids=ascii)
async def test_every_letter_of_unicode_is_text(client: RawClient, text: str) -> None:
    client.send(frame(TEXT, echo(text)))
    assert await answered(client, text)


@pytest.mark.parametrize("size", [None, 1], ids=["whole", "in fragments"])
@pytest.mark.parametrize("text", INVALID, ids=repr)
async def test_what_is_not_utf_8_ends_with_1007(client: RawClient, text: bytes, size: int | None) -> None:
    data = echo(text)
    *parts, last = pieces(data, size or len(data))
    client.send(b"".join(frame(0 if number else TEXT, part, fin=False) for number, part in enumerate(parts)))
    client.send(frame(0 if parts else TEXT, last))
    assert await client.close_code() == 1007


# ---- Sections 5.5.1, 7.4: the end


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
async def test_a_close_is_answered_with_its_code(client: RawClient, code: int) -> None:
    client.send(frame(CLOSE, struct.pack("!H", code) + b"reason"))
    assert await client.close_code() == code


async def test_a_close_may_say_nothing_or_much(place: Place) -> None:
    for data, code in ((b"", NONE_GIVEN), (struct.pack("!H", 1000), 1000), (struct.pack("!H", 1000) + b"x" * 123, 1000)):
        async with place.raw() as client:
            client.send(frame(CLOSE, data))
            assert await client.close_code() == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
async def test_a_code_that_nobody_may_send_is_an_error(client: RawClient, code: int) -> None:
    client.send(frame(CLOSE, struct.pack("!H", code)))
    assert await client.close_code() == 1002


async def test_half_a_code_is_an_error(client: RawClient) -> None:
    client.send(frame(CLOSE, b"\x03"))
    assert await client.close_code() == 1002


async def test_a_reason_that_is_no_text_is_an_error(client: RawClient) -> None:
    client.send(frame(CLOSE, struct.pack("!H", 1000) + b"\xff"))
    assert await client.close_code() in (1002, 1007)


@pytest.mark.parametrize("more", [frame(TEXT, echo("late")), frame(PING, b"late"), frame(CLOSE)], ids=["text", "ping", "close"])
async def test_nothing_is_answered_after_the_close(client: RawClient, more: bytes) -> None:
    client.send(frame(CLOSE, struct.pack("!H", 1000)) + more)
    assert await client.close_code() == 1000
    assert [event.opcode for event in client.protocol.events if event.opcode is not Opcode.CLOSE] == []


# ---- All of it, at random


async def test_no_bytes_at_all_bring_down_more_than_their_own_connection(place: Place) -> None:
    dice = random.Random(6455)
    alphabet = [frame(TEXT, echo("fine")), frame(PING, b"?"), frame(TEXT, b"half", fin=False), frame(0, b"rest"), frame(CLOSE)]
    async with place.raw() as witness:
        for _ in range(150):
            said = bytearray(b"".join(dice.choices(alphabet, k=dice.randint(1, 6))))
            for _ in range(dice.randint(0, 4)):
                said[dice.randrange(len(said))] ^= 1 << dice.randrange(8)
            async with place.raw() as stranger:
                stranger.send(bytes(said[: dice.randint(1, len(said))]) + os.urandom(dice.randint(0, 8)))
        witness.send(frame(TEXT, echo("still here")))
        assert await answered(witness, "still here")
