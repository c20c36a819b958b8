"""A real server around the hub, and clients: the websockets library's, and a raw one that may say anything."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from realtime import asgi
from realtime.bus import MemoryBus
from realtime.endpoint import STATE_KEY, Connection, Endpoint
from realtime.hub import Hub
from realtime.ring import Ring
from realtime.socket import SocketProtocol


class Place:
    """A running server whose one channel, "stage", holds a number. Clients say JSON: {"do": echo|follow|close|fail, ...}."""

    def __init__(self, way: str, **options: Any) -> None:
        self.way = way
        self.number = 0
        self.padding = ""
        self.bus = MemoryBus()
        self.ring = Ring.open()
        self.hub = Hub(self.bus, self.ring)
        self.opened: list[Connection] = []
        self.closed: list[int] = []
        self.up, self.ended = asyncio.Event(), asyncio.Event()
        self.endpoint = Endpoint(
            opened=self.opened.append, received=self.received, closed=self.on_closed, delegate=WebSocketsSansIOProtocol, **options
        )
        ws: Any = SocketProtocol if way == "socket" else WebSocketsSansIOProtocol
        self.server = uvicorn.Server(uvicorn.Config(self.app(), ws=ws, log_level="critical", timeout_graceful_shutdown=5))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/ws"

    def app(self) -> Starlette:
        async def own(scope: Scope, receive: Receive, send: Send) -> None:
            await asgi.serve(self.endpoint, scope, receive, send)

        class Own:
            __call__ = staticmethod(own)

        async def other(websocket: WebSocket) -> None:
            await websocket.accept()
            async for text in websocket.iter_text():
                await websocket.send_text(text.upper())

        async def page(request: Request) -> PlainTextResponse:
            return PlainTextResponse("page")

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
            async with self.bus, self.hub, self.endpoint:
                self.hub.open("stage", lambda: json.dumps({"number": self.number, "padding": self.padding}).encode())
                self.up.set()
                yield {STATE_KEY: self.endpoint}

        routes = [Route("/page", page), WebSocketRoute("/other", other)]
        return Starlette(routes=[*routes, WebSocketRoute("/ws", Own())] if self.way == "asgi" else routes, lifespan=lifespan)

    def received(self, conn: Connection, data: bytes) -> None:
        conn.settle()
        command = json.loads(data)
        match command["do"]:
            case "echo":
                conn.send(json.dumps({"echo": command["text"]}).encode())
            case "follow":
                resume = command.get("resume")
                self.hub.subscribe(conn, "stage", tuple(resume) if resume else None)
            case "close":
                conn.close(command["code"], command.get("reason", ""))
            case "fail":
                raise ZeroDivisionError

    def on_closed(self, conn: Connection, code: int) -> None:
        self.closed.append(code)
        self.ended.set()

    def set_number(self, number: int) -> None:
        self.number = number
        self.hub.publish("stage", "number", json.dumps(number).encode())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Place"]:
        task = asyncio.create_task(self.server.serve(sockets=[self.listener]))
        await self.up.wait()
        try:
            yield self
        finally:
            self.server.should_exit = True
            await task
            if self.ring is not None:
                self.ring.close()

    def connect(self, path: str = "/ws", **options: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}{path}", proxy=None, **options)

    @asynccontextmanager
    async def raw(self, path: str = "/ws", buffer: int | None = None) -> AsyncIterator["RawClient"]:
        client = await RawClient.open(self.port, path, buffer)
        try:
            yield client
        finally:
            client.writer.transport.abort()


async def say(client: ClientConnection, do: str, **what: Any) -> None:
    await client.send(json.dumps({"do": do, **what}))


async def hear(client: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await client.recv())


def command(do: str, **what: Any) -> bytes:
    """A masked text frame with a command."""
    return Frame(Opcode.TEXT, json.dumps({"do": do, **what}).encode()).serialize(mask=True)


class RawClient:
    """A handshaken socket that sends any bytes, and reads frames only when asked."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: ClientProtocol) -> None:
        self.reader, self.writer, self.protocol = reader, writer, protocol
        self.frames: list[Frame] = []

    @classmethod
    async def open(cls, port: int, path: str, buffer: int | None) -> "RawClient":
        sock = socket.socket()
        if buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}{path}"))
        protocol.send_request(protocol.connect())
        client = cls(reader, writer, protocol)
        client.send(b"".join(protocol.data_to_send()))
        answer = await client._event()
        assert isinstance(answer, Response)
        assert answer.status_code == 101
        return client

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def frame(self) -> Frame:
        """The next frame."""
        event = await self._event()
        assert isinstance(event, Frame)
        return event

    async def said(self) -> Any:
        """The next message."""
        return json.loads(bytes((await self.frame()).data))

    async def close_code(self) -> int | None:
        """The close code the server sent before it ended the connection; None if it just cut it."""
        async with asyncio.timeout(5):
            try:
                while data := await self.reader.read(65536):
                    self.protocol.receive_data(data)
                    self.send(b"".join(self.protocol.data_to_send()))  # the answer to a close frame
            except ConnectionResetError:
                pass
        self.writer.close()
        return int(self.protocol.close_rcvd.code) if self.protocol.close_rcvd else None

    async def _event(self) -> Any:
        async with asyncio.timeout(5):
            while not self.protocol.events:
                data = await self.reader.read(65536)
                assert data, "the server closed the connection"
                self.protocol.receive_data(data)
        return self.protocol.events.pop(0)
