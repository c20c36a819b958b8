"""The same connection on any ASGI server, slower: a task and a queue for each client, and the server's own frames and pings."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from realtime.closing import CloseCode
from realtime.endpoint import MAX_MESSAGE, Connection, Endpoint, Refusal
from realtime.outbox import HIGH_WATER, LOW_WATER, split_frames

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class AsgiConnection(Connection):
    """A connection whose frames are the ASGI server's; made and run by `serve`."""

    __slots__ = ("_code", "_queue", "_queued", "_size", "_tasks")

    def __init__(self, endpoint: Endpoint, remote: str) -> None:
        super().__init__(endpoint)
        self.remote = remote
        self.write = self._put
        self._queue: deque[bytes | Event] = deque()
        self._size = 0
        self._queued = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._code: int | None = None

    async def run(self, receive: Receive, send: Send) -> None:
        """Until the client or we have closed. Ends what it started whatever happens."""
        try:
            async with asyncio.TaskGroup() as group:
                self._tasks = [group.create_task(self._drain(send)), group.create_task(self._listen(receive))]
                self._started()
        finally:
            self._ended(self._code if self._code is not None else CloseCode.LOST)

    def abort(self) -> None:
        self._stop()
        for task in self._tasks:
            task.cancel()

    def backlog(self) -> int:
        return self._size

    def check(self) -> None:
        """Nothing: pinging is the ASGI server's business."""

    def _say_goodbye(self, code: int, reason: str) -> None:
        self._code = code
        self._queue.append({"type": "websocket.close", "code": code, "reason": reason})
        self._queued.set()

    def _put(self, blob: bytes) -> None:
        texts = split_frames(blob)
        self._queue.extend(texts)
        self._size += sum(map(len, texts))
        self._queued.set()
        if self._size > HIGH_WATER:
            self.pause()

    async def _drain(self, send: Send) -> None:
        with contextlib.suppress(OSError):  # which send raises when the client is gone; _listen hears of that too
            await self._send_queued(send)

    async def _send_queued(self, send: Send) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                item = self._queue.popleft()
                if not isinstance(item, bytes):
                    await send(item)
                    return
                await send({"type": "websocket.send", "text": item.decode()})
                self._size -= len(item)
                if self._size < LOW_WATER:
                    self.resume()

    async def _listen(self, receive: Receive) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                self._code = self._code if self._code is not None else event.get("code", CloseCode.LOST)
                self.abort()
                return
            if self.open:
                self._judge(event.get("text"))

    def _judge(self, text: str | None) -> None:
        data = text.encode() if text is not None else b""
        if text is None:
            self.close(CloseCode.UNSUPPORTED, "text only")
        elif len(data) > MAX_MESSAGE:
            self.close(CloseCode.TOO_BIG, f"at most {MAX_MESSAGE} bytes")
        else:
            self._message(data)


async def serve(endpoint: Endpoint, scope: Event, receive: Receive, send: Send) -> None:
    """Serve one ASGI websocket scope (the body of a route, whose path is the caller's) until it ends. Cancelling it ends the connection."""
    await receive()  # websocket.connect
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    remote = str(client[0]) if client else ""  # behind a proxy the server has seen to that
    refusal = endpoint.refusal(headers.get(b"origin"), headers.get(b"host"), remote) or await _turn(endpoint)
    if refusal is not None:
        await _refuse(scope, send, refusal)
        return
    await send({"type": "websocket.accept"})
    await AsgiConnection(endpoint, remote).run(receive, send)


async def _turn(endpoint: Endpoint) -> Refusal | None:
    turn = endpoint.turn()
    if isinstance(turn, Refusal):
        return turn
    await asyncio.sleep(turn)
    return endpoint.full()


async def _refuse(scope: Event, send: Send, refusal: Refusal) -> None:
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": CloseCode.POLICY})  # which servers turn into 403
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if refusal.retry_after:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refusal.text.encode() + b"\n"})
