"""From packets to the wire: how bursts are laid out, each way of sending them, and what libsrtp makes of them in place."""

import secrets
import socket
import sys
from collections.abc import Callable, Iterator

import pytest
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80, SRTPProtectionProfile
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from realtime.relay.burst import MAX_PACKET, MAX_PACKETS, lay_out
from realtime.relay.ice import Address
from realtime.relay.rtp import Packet, rewrite
from realtime.relay.sending import Counters, Many, Parcel, Segmented, Send, Single, best
from realtime.relay.srtp import Outbound, Sender

Receiver = Callable[[], list[bytes]]


def packet(sequence: int, size: int) -> bytes:
    return rewrite(Packet(0, 0, sequence, 0, 0, False, b"", bytes(size)), sequence, 3_000, 77).numbered(96)


class TestLayout:
    @given(st.lists(st.integers(1, 60), min_size=1, max_size=MAX_PACKETS), st.sampled_from([10, 16]))
    def test_every_packet_stands_in_its_slot_and_in_one_run(self, sizes: list[int], tag: int) -> None:
        packets = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
        layout = lay_out(packets, tag)
        assert [layout.template[at : at + length] for at, length in layout.slots] == packets
        assert len(layout.template) == sum(sizes) + tag * len(sizes)
        cut = [
            (at, min(at + run.segment, run.end)) for run in layout.runs for at in range(run.start, run.end, run.segment)
        ]  # as the kernel does it
        assert cut == [(at, at + length + tag) for at, length in layout.slots]

    def test_a_picture_of_equal_packets_and_a_shorter_last_one_is_one_run(self) -> None:
        assert len(lay_out([bytes(1200)] * 9 + [bytes(300)], 16).runs) == 1

    def test_the_two_sizes_that_browsers_cut_a_picture_into_are_two_runs(self) -> None:
        assert len(lay_out([bytes(1100)] * 5 + [bytes(1101)] * 4, 16).runs) == 2


@pytest.fixture
def ours() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        yield sock


@pytest.fixture
def theirs() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.bind(("127.0.0.1", 0))
        yield sock


@pytest.fixture(params=[Segmented, Many, Single])
def send(request: pytest.FixtureRequest, ours: socket.socket) -> Send:
    way = request.param
    if way is not Single and sys.platform != "linux":
        pytest.skip("a way of Linux")
    found: Send = way(ours).send
    return found


class TestWays:
    @pytest.mark.parametrize(("size", "segment"), [(10, 10), (25, 10), (48_000, 1_000), (1, 1_400)])
    def test_a_parcel_arrives_as_its_packets_in_order(self, send: Send, theirs: socket.socket, size: int, segment: int) -> None:
        content = secrets.token_bytes(size)
        parcel = Parcel.of(memoryview(bytearray(content)), segment)
        assert send(parcel, theirs.getsockname()) == parcel.count
        arrived = [theirs.recv(65_536) for _ in range(parcel.count)]
        assert b"".join(arrived) == content
        assert {len(piece) for piece in arrived[:-1]} <= {segment}

    def test_an_address_nobody_can_reach_costs_the_packets_and_nothing_else(self, send: Send, theirs: socket.socket) -> None:
        parcel = Parcel.of(memoryview(bytearray(20)), 10)
        assert send(parcel, ("127.0.0.1", 0)) == 0
        assert send(parcel, theirs.getsockname()) == 2

    def test_over_ipv6_too(self) -> None:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ours, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as theirs:
            theirs.bind(("::1", 0))
            theirs.settimeout(2)
            address: Address = theirs.getsockname()
            for way in (Segmented, Many, Single):
                assert way(ours).send(Parcel.of(memoryview(bytearray(b"abcde")), 2), address) == 3
                assert [theirs.recv(9) for _ in range(3)] == [b"ab", b"cd", b"e"]

    def test_a_packet_longer_than_the_path_takes_is_sent_in_fragments(self, ours: socket.socket, theirs: socket.socket) -> None:
        """The loopback's MTU is 65,536, so a segment can only be too long for the kernel by being longer than a datagram."""
        parcel = Parcel(memoryview(bytearray(3_000)), 1_000, 3, [(17, 103, b"\xff\xff")])
        sent = Segmented(ours).send(parcel, theirs.getsockname())
        assert sent in (1, 3)
        assert len(theirs.recv(65_536)) in (1_000, 3_000)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
    def test_this_machine_takes_the_cheapest_way(self, ours: socket.socket) -> None:
        assert best(ours).__self__.__class__ is Segmented  # type: ignore[attr-defined]

    def test_a_machine_without_either_sends_one_by_one(self, ours: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert best(ours).__self__.__class__ is Single  # type: ignore[attr-defined]


def keys(profile: SRTPProtectionProfile) -> tuple[Outbound, Session]:
    """A viewer's keys at both ends."""
    key = secrets.token_bytes(profile.key_length + profile.salt_length)
    policies = []
    for direction in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND):
        policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile.libsrtp_profile)
        policy.allow_repeat_tx, policy.window_size = True, 1024
        policies.append(policy)
    return Outbound.of(Session(policies[0]), 16 if profile is SRTP_AEAD_AES_128_GCM else 10), Session(policies[1])


class TestSender:
    @pytest.mark.parametrize("profile", [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80])
    def test_each_viewer_decrypts_the_burst_with_its_own_keys(
        self, ours: socket.socket, theirs: socket.socket, profile: SRTPProtectionProfile
    ) -> None:
        counters = Counters()
        sender = Sender([ours], counters)
        packets = [packet(number, size) for number, size in enumerate([1_100, 1_100, 1_101, 40, 1_101])]
        viewers = [keys(profile) for _ in range(3)]
        burst = sender.burst(packets, viewers[0][0].tag)
        for outbound, inbound in viewers:
            sender.send(burst, outbound, theirs.getsockname())
            assert [inbound.unprotect(theirs.recv(2_048)) for _ in packets] == packets
        assert (counters.sent, counters.unsent) == (15, 0)
        with pytest.raises(Error):
            viewers[0][1].unprotect(b"\x80" + secrets.token_bytes(200))

    def test_a_packet_too_long_for_a_path_is_left_out_and_the_others_go(self, ours: socket.socket, theirs: socket.socket) -> None:
        sender = Sender([ours], Counters())
        outbound, inbound = keys(SRTP_AEAD_AES_128_GCM)
        good = packet(2, 100)
        sender.send(sender.burst([packet(1, MAX_PACKET), good], outbound.tag), outbound, theirs.getsockname())
        assert inbound.unprotect(theirs.recv(2_048)) == good

    def test_a_full_burst_of_the_longest_packets_fits(self, ours: socket.socket, theirs: socket.socket) -> None:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sender = Sender([ours], Counters())
        outbound, inbound = keys(SRTP_AEAD_AES_128_GCM)
        packets = [packet(number, MAX_PACKET - 12 - outbound.tag) for number in range(MAX_PACKETS)]
        sender.send(sender.burst(packets, outbound.tag), outbound, theirs.getsockname())
        assert [inbound.unprotect(theirs.recv(2_048)) for _ in packets] == packets

    def test_to_a_viewer_without_an_address_nothing_is_sent(self, ours: socket.socket) -> None:
        counters = Counters()
        sender, (outbound, _) = Sender([ours], counters), keys(SRTP_AEAD_AES_128_GCM)
        sender.send(sender.burst([packet(1, 10)], outbound.tag), outbound, None)
        assert counters == Counters()
