"""The owner's end of the links: other processes come by a WebSocket and bring what their clients say."""

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime.closing import CloseCode
from realtime.endpoint import Endpoint
from realtime.remote import Pipe, PipeBroken, Remote, Said, read_up
from server.auth import Tokens
from server.errors import Unauthorized

PATH = "/cluster"

EVERY_SESSION = "*"
"""What a node's token is for that opens a link or passes a request on."""


class Host:
    """An ASGI app for PATH. `endpoint` is where clients' messages go, as those of its own connections do."""

    def __init__(self, endpoint: Endpoint, tokens: Tokens) -> None:
        self._endpoint, self._tokens = endpoint, tokens

    async def serve(self, socket: WebSocket) -> None:
        """One link, until it ends; then all its clients are gone. A stranger is refused (403)."""
        try:
            self._tokens.read_node(socket.headers.get("authorization", "").removeprefix("Bearer "), EVERY_SESSION)
        except Unauthorized:
            await socket.close(CloseCode.POLICY)
            return
        await socket.accept()
        pipe, remotes = Pipe(), dict[int, Remote]()
        sending = asyncio.create_task(pipe.run(socket.send_bytes))
        hearing = asyncio.create_task(self._hear(socket, pipe, remotes))
        try:
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, hearing):
                task.cancel()
            for result in await asyncio.gather(sending, hearing, return_exceptions=True):
                _expected(result)
            for remote in list(remotes.values()):
                remote.gone(CloseCode.LOST)
            with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):  # it may be closed already
                await socket.close(CloseCode.OVERLOADED)

    async def _hear(self, socket: WebSocket, pipe: Pipe, remotes: dict[int, Remote]) -> None:
        while True:
            for message in read_up(await socket.receive_bytes()):
                remote = remotes.get(message.conn)
                if isinstance(message, Said):
                    if remote is None:
                        remote = remotes[message.conn] = Remote(self._endpoint, pipe, message.conn)
                    remote.received(message.data)
                elif remote is not None:
                    del remotes[message.conn]
                    remote.gone(message.code)


def _expected(result: object) -> None:
    """How a link may end; else raises."""
    if isinstance(result, BaseException) and not isinstance(
        result, asyncio.CancelledError | WebSocketDisconnect | PipeBroken | OSError | RuntimeError
    ):
        raise result
