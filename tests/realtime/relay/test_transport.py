import asyncio
import struct

from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from realtime.relay.dtls import MAX_WAITING_RECORDS, Records, pack_records
from realtime.relay.ice import Credentials
from realtime.relay.stun import read_check


def record(length: int) -> bytes:
    return b"\x16\xfe\xfd" + bytes(8) + length.to_bytes(2, "big") + bytes(length)


def unified(length: int) -> bytes:
    """A DTLS 1.3 record: 16-bit sequence number, length present."""
    return b"\x2e\x00\x01" + length.to_bytes(2, "big") + bytes(length)


@given(st.lists(st.builds(lambda make, n: make(n), st.sampled_from([record, unified]), st.integers(1, 1_300)), max_size=12))
def test_a_flight_is_cut_between_records_and_nothing_is_lost(records: list[bytes]) -> None:
    datagrams = pack_records(b"".join(records), 1_200)
    assert b"".join(datagrams) == b"".join(records)
    assert all(len(d) <= 1_200 or d in records for d in datagrams)


async def test_records_wait_in_order_and_those_past_the_limit_are_dropped() -> None:
    records = Records(lambda datagram: None)
    for number in range(MAX_WAITING_RECORDS + 5):
        records.feed(bytes([22, number]))
    assert [(await records._recv())[1] for _ in range(MAX_WAITING_RECORDS)] == list(range(MAX_WAITING_RECORDS))
    reading = asyncio.create_task(records._recv())
    await asyncio.sleep(0)
    records.feed(b"late")
    assert await reading == b"late"


async def test_a_reader_that_gave_up_takes_no_record_along() -> None:
    """DTLS waits with a timeout, then reads again."""
    records = Records(lambda datagram: None)
    reading = asyncio.create_task(records._recv())
    await asyncio.sleep(0)
    records.feed(b"kept")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert await records._recv() == b"kept"


def request(username: str, password: str) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def test_a_check_is_answered_with_the_address_it_came_from() -> None:
    ours = Credentials.generate()
    check = read_check(request(f"{ours.ufrag}:them", ours.password))
    assert check is not None
    assert (check.local_ufrag, check.nominated) == (ours.ufrag, True)
    assert check.signed_with(ours.password)
    answer = stun.parse_message(check.success(("192.0.2.7", 4_000), ours.password))
    assert answer.message_class is stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 4_000)
    assert answer.check_message_integrity(ours.password.encode())
    assert "FINGERPRINT" in answer.attributes


def test_a_check_over_ipv6_is_answered_with_that_address() -> None:
    check = read_check(request("ours:them", "secret"))
    assert check is not None
    answer = stun.parse_message(check.success(("fe80::7%eth0", 4_000, 0, 2), "secret"))
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("fe80::7", 4_000)
    assert answer.check_message_integrity(b"secret")


def test_what_a_stranger_adds_behind_the_signature_is_ignored() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "ours:them"})
    message.add_message_integrity(b"secret")
    signed = bytes(message)
    added = struct.pack("!HHHH8s", 0x0025, 0, 0x0006, 8, b"else:who")
    check = read_check(signed[:2] + struct.pack("!H", len(signed) - 20 + len(added)) + signed[4:] + added)
    assert check is not None
    assert (check.local_ufrag, check.nominated) == ("ours", False)
    assert check.signed_with("secret")


@given(st.integers(0), st.integers(1, 255))
def test_a_check_changed_on_its_way_is_not_believed(place: int, change: int) -> None:
    datagram = bytearray(request("ours:them", "secret"))
    signed = len(datagram) - 8  # FINGERPRINT comes last
    datagram[place % signed] ^= change
    check = read_check(bytes(datagram))
    assert check is None or not check.signed_with("secret")


def test_a_check_signed_with_another_password_is_not_believed() -> None:
    check = read_check(request("ours:them", "guess"))
    assert check is not None
    assert not check.signed_with("secret")


def test_an_unsigned_check_is_not_believed() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "ours:them"})
    check = read_check(bytes(message))
    assert check is not None
    assert not check.signed_with("secret")


@given(st.binary(max_size=120))
def test_no_bytes_break_the_check_parser(data: bytes) -> None:
    read_check(data)
    read_check(b"\x00\x01" + len(data).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + data)
