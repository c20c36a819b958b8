"""The socket and its plain-ASGI stand-in keep one contract, seen from the wire (RFC 6455)."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close, Frame, Opcode

from realtime import admission, endpoint, outbox
from realtime.admission import Turnstile
from realtime.closing import CloseCode, Reconnect
from realtime.endpoint import MAX_MESSAGE
from tests.realtime.serving import Place, command, hear, say


@pytest.fixture(params=["socket", "asgi"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with Place(request.param).running() as place:
        yield place


@pytest.fixture
async def own() -> AsyncIterator[Place]:
    """For what only our own protocol decides; under plain ASGI it is the server's business."""
    async with Place("socket").running() as place:
        yield place


def masked(opcode: Opcode, data: bytes, **bits: Any) -> bytes:
    return Frame(opcode, data, **bits).serialize(mask=True)


async def test_a_message_is_answered_at_once(place: Place) -> None:
    async with place.connect() as client:
        await say(client, "echo", text="Ça tourne — 开拍 🎬")
        assert await hear(client) == {"echo": "Ça tourne — 开拍 🎬"}
        assert place.opened[0].remote == "127.0.0.1"


async def test_a_message_in_fragments_arrives_whole_even_if_cut_inside_a_letter(place: Place) -> None:
    data = json.dumps({"do": "echo", "text": "é"}, ensure_ascii=False).encode()
    cut = data.index("é".encode()) + 1
    async with place.raw() as client:
        client.send(masked(Opcode.TEXT, data[:cut], fin=False) + masked(Opcode.PING, b"still here?"))
        client.send(masked(Opcode.CONT, b"", fin=False) + masked(Opcode.CONT, data[cut:]))
        frames = {frame.opcode: bytes(frame.data) for frame in [await client.frame(), await client.frame()]}
        assert frames[Opcode.PONG] == b"still here?"
        assert json.loads(frames[Opcode.TEXT]) == {"echo": "é"}


async def test_messages_cut_anywhere_arrive_in_order_whichever_way_they_take(place: Place) -> None:
    whole = [command("echo", text=f"{number} " + "x" * (number * 60)) for number in range(5)]
    async with place.raw() as client:
        for pieces in ([whole[0]], [whole[1][:1], whole[1][1:]], [whole[2][:9], whole[2][9:] + whole[3]], [whole[4]]):
            for piece in pieces:
                client.send(piece)
                await asyncio.sleep(0.02)
        told = [json.loads(bytes((await client.frame()).data))["echo"] for _ in whole]
        assert [text.split()[0] for text in told] == ["0", "1", "2", "3", "4"]


async def test_bytes_that_trickle_in_are_one_message(place: Place) -> None:
    async with place.raw() as client:
        for byte in command("echo", text="slow"):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await client.said() == {"echo": "slow"}


async def test_the_longest_message_passes_and_one_byte_more_ends_with_1009(place: Place) -> None:
    room = MAX_MESSAGE - len(json.dumps({"do": "echo", "text": ""}))
    async with place.connect() as client:
        await say(client, "echo", text="x" * room)
        assert len((await hear(client))["echo"]) == room
        await say(client, "echo", text="x" * (room + 1))
        with pytest.raises(ConnectionClosed):
            await hear(client)
        assert client.close_code == CloseCode.TOO_BIG


async def test_a_client_that_is_still_sending_too_much_learns_why_it_is_cut_off(own: Place) -> None:
    async with own.raw() as client:
        client.send(masked(Opcode.TEXT, b"x" * 1_000_000))
        assert await client.close_code() == CloseCode.TOO_BIG


async def test_fragments_that_add_up_to_too_much_end_with_1009(own: Place) -> None:
    async with own.raw() as client:
        client.send(masked(Opcode.TEXT, b"x" * MAX_MESSAGE, fin=False) + masked(Opcode.CONT, b"x"))
        assert await client.close_code() == CloseCode.TOO_BIG


async def test_text_that_is_not_utf_8_ends_with_1007(place: Place) -> None:
    async with place.raw() as client:
        client.send(masked(Opcode.TEXT, b"\xed\xa0\x80"))
        assert await client.close_code() == CloseCode.BAD_TEXT


async def test_a_binary_message_ends_with_1003(place: Place) -> None:
    async with place.raw() as client:
        client.send(masked(Opcode.BINARY, b"\x00"))
        assert await client.close_code() == CloseCode.UNSUPPORTED


NONSENSE = {
    "unmasked": Frame(Opcode.TEXT, b"bare").serialize(mask=False),
    "a reserved bit": b"\xc1\x80\0\0\0\0",
    "an opcode that is not one": b"\x83\x80\0\0\0\0",
    "a control frame too long": b"\x89\xfe\x00\x7e\0\0\0\0" + bytes(126),
    "a control frame in fragments": b"\x09\x80\0\0\0\0",
    "a fragment of nothing": masked(Opcode.CONT, b"of what?"),
    "a message inside another": masked(Opcode.TEXT, b"one", fin=False) + masked(Opcode.TEXT, b"two"),
    "half a close code": masked(Opcode.CLOSE, b"\x03"),
    "a close code that may not be sent": masked(Opcode.CLOSE, struct.pack("!H", 1005)),
}


async def test_what_is_not_websocket_ends_with_1002(own: Place) -> None:
    for what, nonsense in NONSENSE.items():
        own.ended.clear()
        async with own.raw() as client:
            client.send(nonsense)
            assert await client.close_code() == CloseCode.PROTOCOL_ERROR, what
            await asyncio.wait_for(own.ended.wait(), 5)
    assert own.closed == [CloseCode.PROTOCOL_ERROR] * len(NONSENSE)


async def test_commands_before_the_nonsense_in_the_same_packet_are_still_answered(own: Place) -> None:
    async with own.raw() as client:
        client.send(command("echo", text="first") + command("close", code=4403) + b"\xff\xff")
        assert await client.said() == {"echo": "first"}
        assert await client.close_code() in (CloseCode.FORBIDDEN, CloseCode.PROTOCOL_ERROR)


@pytest.mark.parametrize("way", ["socket", "asgi"])
async def test_only_pages_of_this_host_or_a_listed_one_may_connect(way: str) -> None:
    async with Place(way, origins=["https://stage.example"]).running() as place:
        for origin in (None, f"http://127.0.0.1:{place.port}", "https://stage.example"):
            async with place.connect(additional_headers={"Origin": origin} if origin else {}):
                pass
        for origin in ("https://evil.example", "http://127.0.0.1:1", "https://127.0.0.1", "null", ""):
            with pytest.raises(InvalidStatus) as refused:
                await place.connect(additional_headers={"Origin": origin})
            assert refused.value.response.status_code == 403


@pytest.mark.parametrize("way", ["socket", "asgi"])
async def test_a_full_house_answers_503_until_someone_leaves(way: str) -> None:
    async with Place(way, limit=1).running() as place:
        async with place.connect():
            with pytest.raises(InvalidStatus) as refused:
                await place.connect()
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "1"
        await asyncio.wait_for(place.ended.wait(), 5)
        async with place.connect() as client:
            await say(client, "echo", text="in")
            assert await hear(client) == {"echo": "in"}


async def test_a_bad_handshake_is_refused_over_http(own: Place) -> None:
    good = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with httpx.AsyncClient() as http:
        for bad in ({"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Key": "short"}):
            answer = await http.get(f"http://127.0.0.1:{own.port}/ws", headers={**good, **bad})
            assert answer.status_code == 400
    assert own.opened == []


async def test_compression_is_not_negotiated_and_the_kernel_buffer_is_small(own: Place) -> None:
    async with own.connect(compression="deflate") as client:
        assert client.protocol.extensions == []
        sock = own.opened[0]._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 256 * 1024  # Linux doubles what is asked


async def test_other_websocket_routes_and_pages_are_uvicorns_own(own: Place) -> None:
    async with own.connect("/other") as client, httpx.AsyncClient() as http:
        await client.send("quiet")
        assert await client.recv() == "QUIET"
        assert (await http.get(f"http://127.0.0.1:{own.port}/page")).text == "page"
        await client.send("x" * 200_000)  # more than our own limit, and more than one read
        assert await client.recv() == "X" * 200_000
    with pytest.raises(InvalidStatus):
        await own.connect("/nowhere")
    assert own.opened == []


async def test_other_websocket_routes_end_with_the_server_too(own: Place) -> None:
    async with own.connect("/other") as client:
        await client.send("quiet")
        await client.recv()
        own.server.should_exit = True
        with pytest.raises(ConnectionClosed):
            await hear(client)
        assert client.close_code == CloseCode.RESTART


async def test_who_says_no_hello_in_time_is_closed_with_1008(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "HELLO_SECONDS", 0.1)
    async with place.connect() as silent, place.connect() as polite:
        await say(polite, "echo", text="hello")
        with pytest.raises(ConnectionClosed):
            await hear(silent)
        assert silent.close_code == CloseCode.POLICY
        assert await hear(polite) == {"echo": "hello"}
        await asyncio.sleep(0.15)
        await say(polite, "echo", text="still here")
        assert await hear(polite) == {"echo": "still here"}


async def test_a_failing_handler_ends_its_own_connection_with_1011_and_no_other(place: Place) -> None:
    async with place.connect() as unlucky, place.connect() as lucky:
        await say(unlucky, "fail")
        with pytest.raises(ConnectionClosed):
            await hear(unlucky)
        assert unlucky.close_code == CloseCode.INTERNAL
        await say(lucky, "echo", text="fine")
        assert await hear(lucky) == {"echo": "fine"}


async def test_the_application_closes_with_its_own_code_and_hears_of_it_once(place: Place) -> None:
    async with place.connect() as client:
        await say(client, "close", code=CloseCode.REPLACED, reason="é" * 100)
        with pytest.raises(ConnectionClosed):
            await hear(client)
        assert client.close_code == CloseCode.REPLACED
        assert client.close_reason is not None
        assert len(client.close_reason.encode()) <= 123
    await asyncio.wait_for(place.ended.wait(), 5)
    assert place.closed == [CloseCode.REPLACED]


async def test_the_application_hears_the_code_a_client_left_with(place: Place) -> None:
    async with place.raw() as client:
        client.send(masked(Opcode.CLOSE, Close(1001, "").serialize()))
        assert await client.close_code() == 1001
    await asyncio.wait_for(place.ended.wait(), 5)
    assert place.closed == [1001]


async def test_a_client_that_just_vanishes_is_noticed(place: Place) -> None:
    async with place.raw() as client:
        client.send(command("follow"))
        assert (await client.said())["type"] == "snapshot"
    await asyncio.wait_for(place.ended.wait(), 5)
    assert place.hub.followers("stage") == 0
    place.set_number(1)
    await asyncio.sleep(0.05)


async def test_who_does_not_answer_a_close_frame_is_cut_off(own: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "CLOSE_SECONDS", 0.1)
    async with own.raw() as client:
        client.send(command("close", code=4401))
        client.send(command("echo", text="ignored from now on"))
        assert (await client.frame()).opcode is Opcode.CLOSE
        await asyncio.wait_for(own.ended.wait(), 2)
        assert own.closed == [CloseCode.BAD_TOKEN]


@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_a_silent_client_is_gone_after_two_pings_and_one_that_answers_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PING_SECONDS", 1)
    async with Place("socket").running() as place, place.connect() as alive, place.raw() as dead:
        await say(alive, "echo", text="hello")
        dead.send(command("echo", text="hello"))
        await asyncio.wait_for(place.ended.wait(), 5)
        assert place.closed == [CloseCode.LOST]
        pings = [await dead.frame() for _ in range(3)][1:]
        assert [frame.opcode for frame in pings] == [Opcode.PING, Opcode.PING]
        assert place.endpoint.count == 1


async def test_closing_all_tells_everyone_to_come_back_and_lets_nobody_in(place: Place) -> None:
    async with place.connect() as one, place.connect() as two:
        await say(one, "echo", text="hello")
        await hear(one)
        started = time.monotonic()
        await place.endpoint.close_all()
        assert time.monotonic() - started < 1
        for client in (one, two):
            with pytest.raises(ConnectionClosed):
                await hear(client)
            assert (client.close_code, client.close_reason) == (CloseCode.RESTART, "window=500; the server restarts")
        with pytest.raises(InvalidStatus):
            await place.connect()
        assert place.endpoint.count == 0


async def test_closing_all_does_not_wait_for_ever_for_a_dead_client(own: Place) -> None:
    async with own.raw() as dead:
        dead.send(command("follow"))
        await dead.said()
        await own.endpoint.close_all(within=0.1)
        await asyncio.wait_for(own.ended.wait(), 2)


async def test_the_server_stops_quickly_with_clients_connected(own: Place) -> None:
    async with own.connect() as client, own.raw() as mute:
        await say(client, "follow")
        await hear(client)
        started = time.monotonic()
        own.server.should_exit = True
        with pytest.raises(ConnectionClosed):
            await hear(client)
        assert client.close_code == CloseCode.RESTART
        mute.send(masked(Opcode.CLOSE, b""))
        await asyncio.wait_for(own.ended.wait(), 2)
        assert time.monotonic() - started < 1.5


def test_every_close_code_says_whether_to_come_back() -> None:
    assert CloseCode(4401).reconnect is Reconnect.NEVER
    assert CloseCode(1012).reconnect is Reconnect.SPREAD
    assert CloseCode(1013).reconnect is Reconnect.LATER
    assert all(code.meaning and isinstance(code.reconnect, Reconnect) for code in CloseCode)


async def test_an_address_that_opens_too_many_is_told_to_come_back_later() -> None:
    async with Place("socket", welcome=lambda address: address != "203.0.113.7").running() as place:
        async with place.connect(additional_headers={"X-Forwarded-For": "203.0.113.8"}):
            assert [connection.remote for connection in place.opened] == ["203.0.113.8"]
        with pytest.raises(InvalidStatus) as refused:
            async with place.connect(additional_headers={"X-Forwarded-For": "203.0.113.7"}):
                pass
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("way", ["socket", "asgi"])
async def test_who_comes_with_many_others_waits_for_their_turn_and_is_heard_then(way: str) -> None:
    async with Place(way, turnstile=Turnstile(pace=10, burst=1)).running() as place:
        begun = time.monotonic()
        clients = await asyncio.gather(*(place.connect() for _ in range(5)))
        assert time.monotonic() - begun > 0.3
        for client in clients:
            await say(client, "echo", text="in")
            assert await hear(client) == {"echo": "in"}
            await client.close()


@pytest.mark.parametrize("way", ["socket", "asgi"])
async def test_a_line_that_is_too_long_answers_503_and_when_to_come_instead(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "LINE_SECONDS", 0.5)
    async with Place(way, turnstile=Turnstile(pace=5, burst=1)).running() as place:
        answers = await asyncio.gather(*(place.connect() for _ in range(8)), return_exceptions=True)
        refused = [answer.response for answer in answers if isinstance(answer, InvalidStatus)]
        assert 3 <= len(refused) <= 5
        assert {(answer.status_code, answer.headers["Retry-After"]) for answer in refused} == {(503, "6")}
        for client in answers:
            if not isinstance(client, BaseException):
                await client.close()


async def test_who_waits_for_their_turn_is_refused_when_the_server_ends_and_forgotten_when_they_leave(place: Place) -> None:
    place.endpoint._turnstile = Turnstile(pace=2, burst=1)
    async with place.connect():
        waiting, gone = asyncio.ensure_future(place.connect()), asyncio.ensure_future(place.connect())
        await asyncio.sleep(0.1)
        gone.cancel()
        await place.endpoint.close_all()
        with pytest.raises(InvalidStatus) as refused:
            await waiting
        assert refused.value.response.status_code == 503
    assert len(place.opened) == 1


async def test_the_window_in_which_all_come_back_grows_with_the_crowd_and_is_the_same_for_each(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "RETURN_PACE", 2)
    clients = [await place.connect() for _ in range(4)]
    assert place.endpoint.window == 2000
    await place.endpoint.close_all()
    for client in clients:
        await client.wait_closed()
        assert client.close_reason == "window=2000; the server restarts"


async def test_a_client_is_told_again_when_twice_as_many_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "RETURN_PACE", 2)
    monkeypatch.setattr(endpoint, "PING_SECONDS", 1)
    told: list[int] = []
    async with Place("socket", regrown=lambda conn: told.append(conn.window())).running() as place:
        clients = [await place.connect()]
        assert place.opened[0].window() == 500
        await asyncio.sleep(1.1)
        assert told == []
        clients += [await place.connect() for _ in range(3)]
        await asyncio.sleep(1.1)
        assert told == [2000]
        for client in clients:
            await client.close()
