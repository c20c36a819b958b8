"""Publishes the film through the WHIP endpoint, like any encoder (RFC 9725), and again when it is dropped.

Nothing is encoded here: aiortc's sender takes packets from a track as readily as pictures, and only packs them into RTP.
"""

import asyncio
import logging
from fractions import Fraction
from typing import Any, Literal

import av
import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from server.demo.film import Film, Reel

RETRY = 2.0
"""Seconds from a loss to the next look whether the session wants the film."""

TIMEOUT = 10.0
"""Seconds an answer and a connection may take each; past it the attempt is given up."""

LATE = 1.0
"""Seconds a track may be behind and catch up; past it (the machine slept) it goes on with the second that is due."""

logger = logging.getLogger(__name__)


class Playing(MediaStreamTrack):
    """A reel that plays in a loop from `start` (the loop's time) on."""

    def __init__(self, kind: Literal["audio", "video"], reel: Reel, start: float) -> None:
        super().__init__()
        self.kind = kind
        self._reel, self._start, self._next = reel, start, 0

    async def recv(self) -> "av.Packet[Any]":
        """The next packet, when it is due."""
        passed = asyncio.get_running_loop().time() - self._start
        early = self._next / self._reel.rate - passed
        if early < -LATE:
            self._next = (int(passed) + 1) * self._reel.rate  # a second begins with a keyframe
        second, place = divmod(self._next, self._reel.rate)
        data = (await self._reel.second(second))[place]
        passed = asyncio.get_running_loop().time() - self._start
        await asyncio.sleep(max(0.0, self._next / self._reel.rate - passed))
        packet = av.Packet(data)
        packet.pts, packet.time_base = self._next, Fraction(1, self._reel.rate)
        self._next += 1
        return packet


async def keep_publishing(url: str, session: str, token: str, film: Film) -> None:
    """Publish `film` to `session` of the server at `url` until cancelled.

    Whoever else publishes takes over; the film waits until the session is not live any more. A refusal or a server that is
    away is logged and tried again.
    """
    # Straight to our own server: no proxy of the environment's, and no certificates to read.
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, verify=False) as http:
        while True:
            try:
                if not await _live(http, session):
                    await _publish(http, f"/whip/{session}", {"Authorization": f"Bearer {token}"}, film)
            except (httpx.HTTPError, TimeoutError, ConnectionError) as error:
                logger.warning("the film is not published: %s", str(error) or type(error).__name__)
            await asyncio.sleep(RETRY)


async def _live(http: httpx.AsyncClient, session: str) -> bool:
    answer = (await http.get("/api/event")).raise_for_status()
    return bool(answer.json()["live"].get(session))


async def _publish(http: httpx.AsyncClient, path: str, bearer: dict[str, str], film: Film) -> None:
    """Publish once, until the connection is lost. Raises httpx.HTTPError when refused, TimeoutError when it never connects."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    resource = None
    try:
        _add_tracks(connection, film)
        await connection.setLocalDescription(await connection.createOffer())
        answer = await http.post(path, content=connection.localDescription.sdp, headers=bearer | {"Content-Type": "application/sdp"})
        resource = answer.raise_for_status().headers["Location"]
        await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        async with asyncio.timeout(TIMEOUT):
            await _state(connection, {"connected", "failed", "closed"})
        await _state(connection, {"failed", "closed"})
    finally:
        await _leave(http, resource, bearer)
        await connection.close()


async def _leave(http: httpx.AsyncClient, resource: str | None, bearer: dict[str, str]) -> None:
    """Tell the server, in half a second at most: it also notices by itself."""
    if resource is not None:
        try:
            await http.delete(resource, headers=bearer, timeout=0.5)
        except httpx.HTTPError:
            logger.debug("the server did not hear that the film ended")


def _add_tracks(connection: RTCPeerConnection, film: Film) -> None:
    start = asyncio.get_running_loop().time()
    connection.addTransceiver(Playing("audio", film.sound, start), direction="sendonly")
    video = connection.addTransceiver(Playing("video", film.pictures, start), direction="sendonly")
    video.setCodecPreferences([codec for codec in RTCRtpSender.getCapabilities("video").codecs if codec.name == "H264"])


async def _state(connection: RTCPeerConnection, wanted: set[str]) -> None:
    reached = asyncio.Event()

    def look() -> None:
        if connection.connectionState in wanted:
            reached.set()

    connection.on("connectionstatechange", look)
    look()
    try:
        await reached.wait()
    finally:
        connection.remove_listener("connectionstatechange", look)
