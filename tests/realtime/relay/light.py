"""A WebRTC peer small enough to have fifty of: ICE checks, DTLS-SRTP and datagrams, no codecs. It sees every packet as it comes."""

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from aioice import stun
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtp import AnyRtcpPacket, RtcpPacket
from aiortc.sdp import SessionDescription

from realtime.relay.dtls import Certificate, Dtls, Records
from realtime.relay.rtp import Packet, read_packet
from realtime.relay.stun import read_check
from tests.realtime.relay.clients import Signal

CONSENT = 2.0
"""Seconds between ICE checks, as browsers do."""

FORMATS = {
    "audio": ["a=rtpmap:{} opus/48000/2"],
    "original": ["a=rtpmap:{} opus/48000/2"],
    "H264": ["a=rtpmap:{0} H264/90000", "a=fmtp:{0} packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"],
    "VP8": ["a=rtpmap:{} VP8/90000"],
}


class LightPeer:
    """Offers with `open`, then `send` and `packets`. `count_only` leaves datagrams encrypted, to be cheap.

    `rtx` is the payload type of its picture's retransmissions, `says` what else its video section says.
    """

    def __init__(self, certificate: Certificate, *, count_only: bool = False, rtx: int | None = None, says: Sequence[str] = ()) -> None:
        self.rtx, self.says = rtx, says
        self.certificate = certificate
        self.datagrams = 0
        self.octets = 0
        self.packets: list[Packet] = []
        self.rtcp: list[AnyRtcpPacket] = []
        self.arrivals: list[bytes] = []
        """Transport-wide congestion control feedback."""
        self.lose: Callable[[int], bool] = lambda sequence: False
        """Which packets, by sequence number, never reach us."""
        self._count_only = count_only
        self._early: list[bytes] = []
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        self.socket = self._open_socket()
        self.dtls = Dtls(Records(self._send), certificate, active=True)
        self._tasks: list[asyncio.Task[None]] = []
        self._checked = asyncio.Event()

    @property
    def srtp(self) -> str:
        """The SRTP profile agreed on; once open."""
        return bytes(self.dtls._ssl.get_selected_srtp_profile()).decode()

    def offer(self, direction: str, payload_types: dict[str, int]) -> str:
        """An SDP offer; `payload_types` by "audio", "original" (a second one), "H264" or "VP8"."""
        return self.describe(direction, payload_types, setup="actpass")

    def describe(self, direction: str, payload_types: dict[str, int], *, setup: str, mids: Sequence[str] = ()) -> str:
        """An SDP offer or answer; each section's mid is its name, unless others are given."""
        mids = mids or list(payload_types)
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
        for mid, (name, number) in zip(mids, payload_types.items(), strict=True):
            kind = "audio" if name in ("audio", "original") else "video"
            rtx = self.rtx if kind == "video" else None
            types = f"{number}" if rtx is None else f"{number} {rtx}"
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}", f"a={direction}", "a=rtcp-mux"]
            lines += [line.format(number) for line in FORMATS[name]]
            lines += [] if rtx is None else [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={number}"]
            lines += self.says if kind == "video" else ()
            lines += [f"a=ice-ufrag:{self._ufrag}", f"a=ice-pwd:{self._password}", f"a=setup:{setup}"]
            lines += [f"a=fingerprint:sha-256 {self.certificate.fingerprint}"]
        return "\r\n".join(lines) + "\r\n"

    async def open(self, signal: Signal, direction: str, payload_types: dict[str, int]) -> Self:
        """Negotiate, pass an ICE check and handshake. `direction` is "sendonly" or "recvonly"."""
        return await self.connect(SessionDescription.parse(await signal(self.offer(direction, payload_types))))

    async def connect(self, answer: SessionDescription) -> Self:
        """Pass an ICE check of the other side, whose words these are, and handshake."""
        media = next(m for m in answer.media if m.port)
        assert media.ice is not None
        self.answer = answer
        self._remote_ufrag, self._remote_password = str(media.ice.usernameFragment), str(media.ice.password)
        if ":" in media.ice_candidates[0].ip:
            self.socket.close()
            self.socket = self._open_socket(socket.AF_INET6)
        self.socket.connect((media.ice_candidates[0].ip, media.ice_candidates[0].port))
        self.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self.socket, self._read)
        self._tasks.append(asyncio.create_task(self._keep_consent()))
        async with asyncio.timeout(10):
            await self._checked.wait()
            assert media.dtls is not None
            await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(f.algorithm, f.value) for f in media.dtls.fingerprints]))
        assert self.dtls.state == "connected", self.dtls.state
        for datagram in self._early:
            self._receive(datagram)
        return self

    def fragment(self, *, restart: bool = False) -> str:
        """The body of a PATCH: late candidates, with new credentials of ours if it is to restart ICE."""
        if restart:
            self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        lines = ["m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:audio", "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host"]
        return "\r\n".join([f"a=ice-ufrag:{self._ufrag}", f"a=ice-pwd:{self._password}", *lines, "a=end-of-candidates"]) + "\r\n"

    def rebind(self) -> None:
        """Go on from another port, as after a change of network."""
        relay = self.socket.getpeername()
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()
        self.socket = self._open_socket()
        self.socket.connect(relay)
        asyncio.get_running_loop().add_reader(self.socket, self._read)

    async def restarted(self, fragment: str) -> None:
        """Take the answer to a restart, and check anew with its credentials."""
        said = dict(line[2:].split(":", 1) for line in fragment.splitlines() if line.startswith(("a=ice-ufrag", "a=ice-pwd")))
        self._remote_ufrag, self._remote_password = said["ice-ufrag"], said["ice-pwd"]
        self._checked.clear()
        self._send(self.check())
        async with asyncio.timeout(5):
            await self._checked.wait()

    def send(
        self,
        payload_type: int,
        sequence: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        *,
        marker: bool = True,
        extensions: Mapping[int, bytes] | None = None,
    ) -> None:
        """Send one RTP packet; `marker` ends a picture, `extensions` are by their ids."""
        header = struct.pack("!BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        if extensions:
            values = b"".join(bytes([id << 4 | len(value) - 1]) + value for id, value in extensions.items())
            values += bytes(-len(values) % 4)
            header = bytes([0x90]) + header[1:] + struct.pack("!HH", 0xBEDE, len(values) // 4) + values
        self._send(self.dtls.outbound.session.protect(header + payload))

    def send_rtcp(self, message: bytes) -> None:
        self._send(self.dtls.protect_rtcp(message))

    def feedback(self, kind: type, fmt: int | None = None) -> Sequence[AnyRtcpPacket]:
        """The RTCP packets received of this class and format."""
        return [p for p in self.rtcp if isinstance(p, kind) and (fmt is None or getattr(p, "fmt", None) == fmt)]

    async def close(self) -> None:
        """Leave without a word, as a crash does. Idempotent."""
        if self.socket.fileno() < 0:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.dtls._task is not None:
            self.dtls._task.cancel()
            await asyncio.gather(self.dtls._task, return_exceptions=True)
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()

    def check(self) -> bytes:
        """A signed ICE check with USE-CANDIDATE."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes |= {
            "USERNAME": f"{self._remote_ufrag}:{self._ufrag}",
            "PRIORITY": 1,
            "ICE-CONTROLLING": 1,
            "USE-CANDIDATE": None,
        }
        request.add_message_integrity(self._remote_password.encode())
        return bytes(request)

    @staticmethod
    def _open_socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        return opened

    async def _keep_consent(self) -> None:
        while True:
            self._send(self.check())
            await asyncio.sleep(CONSENT if self._checked.is_set() else 0.2)

    def _send(self, datagram: bytes) -> None:
        self.socket.send(datagram)

    def _read(self) -> None:
        while True:
            try:
                datagram = self.socket.recv(2048)
            except OSError:
                return
            self._take(datagram)

    def _take(self, datagram: bytes) -> None:
        if datagram[0] >= 128:
            self._receive(datagram)
        elif datagram[0] < 4:
            self._take_stun(datagram)
        else:
            self.dtls.records.feed(datagram)

    def _take_stun(self, datagram: bytes) -> None:
        check = read_check(datagram)
        if check is not None:
            if check.signed_with(self._password):
                self._send(check.success(self.socket.getpeername(), self._password))
        elif stun.parse_message(datagram).check_message_integrity(self._remote_password.encode()):
            self._checked.set()

    def _receive(self, datagram: bytes) -> None:
        if 192 <= datagram[1] <= 223:
            if self.dtls.state == "connected":
                message = self.dtls.unprotect_rtcp(datagram)
                if message[1] == 205 and message[0] & 31 == 15:  # which aiortc takes for a request
                    self.arrivals.append(message)
                else:
                    self.rtcp += RtcpPacket.parse(message)
            return
        self.datagrams += 1
        self.octets += len(datagram)
        if self._count_only:
            return
        if self.dtls.state != "connected":
            self._early.append(datagram)  # it came with the handshake's last record, which is still being read
            return
        if self.lose(int.from_bytes(datagram[2:4], "big")):
            return
        packet = read_packet(self.dtls.unprotect(datagram))
        if packet is not None:
            self.packets.append(packet)
