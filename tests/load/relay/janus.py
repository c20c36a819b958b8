"""Debian's Janus as a process of its own, with the VideoRoom and nothing else, and its subscribers, who answer where others offer."""

import asyncio
import contextlib
import json
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from aiortc.sdp import SessionDescription
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.realtime.relay.light import LightPeer

START = 10.0
"""Seconds Janus may take until its socket is there."""

PATIENCE = 10.0
"""Seconds for one of its answers."""

PORT = 8188
"""Of its API. The bench has a network namespace, so nobody else has it."""

PARTS = {"plugins": "libjanus_videoroom.so", "transports": "libjanus_websockets.so"}
"""All it loads: folder of its installation -> file."""

# ICE-lite, one RTCP report a second, no keyframe timer: what Janus does at its cheapest.
CONFIG = {
    "janus.jcfg": """
general: {{ configs_folder = "{folder}" plugins_folder = "{folder}/plugins" transports_folder = "{folder}/transports"
  events_folder = "{folder}/none" loggers_folder = "{folder}/none" debug_level = 2 debug_colors = false session_timeout = 0 }}
nat: {{ ice_lite = true ice_enforce_list = "{interface}" }}
""",
    "janus.transport.websockets.jcfg": """general: {{ ws = true ws_ip = "127.0.0.1" ws_port = {port} json = "compact" }}""",
    "janus.plugin.videoroom.jcfg": """room-1: {{ publishers = 1 videocodec = "h264" audiocodec = "opus" fir_freq = 0 }}""",
}


def installed() -> bool:
    return shutil.which("janus") is not None and _library() is not None


def _library() -> Path | None:
    """Where its plugins and transports are."""
    return next(Path("/usr/lib").glob(f"**/janus/plugins/{PARTS['plugins']}"), None)


class Janus:
    """A server for the bench: one room, spoken to over its WebSocket, one question at a time."""

    name = "janus"

    def __init__(self, pid: int, api: ClientConnection, address: str) -> None:
        self.pid = pid
        self._api, self._address = api, address
        self._session = 0
        self._feed = 0
        self._asking = asyncio.Lock()

    async def enter(self) -> None:
        self._session = (await self._ask(janus="create"))["data"]["id"]

    async def publish(self, peer: LightPeer, payload_types: dict[str, int], ssrc: int) -> None:
        """Let `peer` send to the room. Janus wants the SSRC in the offer, and would be the DTLS client as our peers are."""
        handle = await self._attach()
        offer = self._describe(peer, "sendonly", payload_types) + f"a=ssrc:{ssrc} cname:bench\r\n"
        join = {"request": "joinandconfigure", "ptype": "publisher", "room": 1}
        joined = await self._message(handle, join, {"type": "offer", "sdp": offer})
        self._feed = joined["plugindata"]["data"]["id"]
        await peer.connect(SessionDescription.parse(joined["jsep"]["sdp"]))

    async def watch(self, peer: LightPeer, payload_types: dict[str, int]) -> None:
        """Let `peer` receive what is published."""
        handle = await self._attach()
        streams = [{"feed": self._feed}]
        joined = await self._message(handle, {"request": "join", "ptype": "subscriber", "room": 1, "streams": streams})
        offer = SessionDescription.parse(joined["jsep"]["sdp"])
        answer = self._describe(peer, "recvonly", payload_types, [media.rtp.muxId for media in offer.media])
        await self._message(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        await peer.connect(offer)

    def _describe(self, peer: LightPeer, direction: str, payload_types: dict[str, int], mids: Sequence[str] = ()) -> str:
        """With a candidate: libnice believes no check that comes from nowhere it knows."""
        peer.socket.bind((self._address, 0))
        candidate = f"a=candidate:1 1 udp 1 {self._address} {peer.socket.getsockname()[1]} typ host\r\na=end-of-candidates\r\n"
        return peer.describe(direction, payload_types, setup="active", mids=mids) + candidate

    async def _attach(self) -> int:
        attached = await self._ask(janus="attach", session_id=self._session, plugin="janus.plugin.videoroom")
        return int(attached["data"]["id"])

    async def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        message: dict[str, Any] = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        return await self._ask(**message, **({"jsep": jsep} if jsep else {}))

    async def _ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a request; acknowledgements and what it tells of by itself are passed over."""
        transaction = secrets.token_hex(6)
        async with self._asking, asyncio.timeout(PATIENCE):
            await self._api.send(json.dumps({**message, "transaction": transaction}))
            while True:
                reply: dict[str, Any] = json.loads(await self._api.recv())
                if reply.get("transaction") == transaction and reply["janus"] != "ack":
                    break
        if reply["janus"] == "error" or "error" in reply.get("plugindata", {}).get("data", {}):
            raise RuntimeError(f"Janus: {reply}")
        return reply


@contextlib.asynccontextmanager
async def janus(interface: str, address: str) -> AsyncIterator[Janus]:
    """Janus on an address of an interface (it takes no loopback one) for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="janus-") as name:
        folder = Path(name)
        _furnish(folder, interface)
        with (folder / "log").open("w") as log:
            process = await asyncio.create_subprocess_exec("janus", "-F", name, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            async with await _reach(process, folder / "log") as api:
                server = Janus(process.pid, api, address)
                await server.enter()
                yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _furnish(folder: Path, interface: str) -> None:
    library = _library()
    assert library is not None
    for part, file in PARTS.items():
        (folder / part).mkdir()
        (folder / part / file).symlink_to(library.parent.parent / part / file)
    (folder / "none").mkdir()
    for file, text in CONFIG.items():
        (folder / file).write_text(text.format(folder=folder, interface=interface, port=PORT))


async def _reach(process: asyncio.subprocess.Process, log: Path) -> ClientConnection:
    async with asyncio.timeout(START):
        while True:
            try:
                return await connect(f"ws://127.0.0.1:{PORT}", subprotocols=[Subprotocol("janus-protocol")], compression=None)
            except ConnectionRefusedError:
                if process.returncode is not None:
                    raise _failure(log) from None
                await asyncio.sleep(0.05)


def _failure(log: Path) -> RuntimeError:
    return RuntimeError(f"Janus does not start: {log.read_text()}")
