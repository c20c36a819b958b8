"""WebSockets without a task each: the protocol class uvicorn's `ws=` setting takes, over websockets' sans-I/O parser (RFC 6455)."""

import asyncio
import logging
import socket
from collections.abc import MutableMapping
from typing import Any, cast

from websockets.datastructures import MultipleValuesError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from realtime.closing import CloseCode
from realtime.endpoint import MAX_MESSAGE, STATE_KEY, Connection, Endpoint, Refusal
from realtime.framing import is_pong, unfinished, whole_text
from realtime.outbox import HIGH_WATER

SEND_BUFFER = 128 * 1024
"""SO_SNDBUF, bytes. The kernel's own default hides megabytes for each client that does not read."""

MISSED_PINGS = 2
"""Pings without a byte in return after which a client counts as gone."""

logger = logging.getLogger(__name__)

_PING = Frame(Opcode.PING, b"").serialize(mask=False)


class SocketProtocol(Connection, asyncio.Protocol):
    """One TCP connection that uvicorn has seen ask for an upgrade.

    uvicorn 0.54 builds it as `cls(config=, server_state=, app_state=)`, calls `connection_made` and then `data_received` with the
    request's bytes, and sets it as the transport's protocol. It must keep itself in `server_state.connections` while it lives, and
    `shutdown()` is called when the server stops. None of that is documented, so a test holds it. The Endpoint is in
    `app_state[STATE_KEY]`. A request for another path is handed to the Endpoint's `delegate` with all that follows.
    """

    __slots__ = ("_delegate", "_handed", "_head", "_missed", "_parser", "_partial", "_rest", "_transport", "_turn", "_uvicorn")

    def __init__(
        self, config: Any, server_state: Any, app_state: MutableMapping[str, Any], _loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        endpoint = app_state.get(STATE_KEY)
        if not isinstance(endpoint, Endpoint):
            raise RuntimeError(f"the lifespan state has no {STATE_KEY!r}: SocketProtocol needs an Endpoint there")
        super().__init__(endpoint)
        self._uvicorn = {"config": config, "server_state": server_state, "app_state": app_state}
        self._parser = ServerProtocol(max_size=MAX_MESSAGE, logger=logger)
        self._delegate: Any = None
        self._head = b""
        self._partial: bytearray | None = None
        self._missed = 0
        self._rest = b""
        self._turn: asyncio.TimerHandle | None = None

    # What asyncio and uvicorn call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._uvicorn["server_state"].connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._delegate is not None:
            self._delegate.data_received(data)
            return
        self._missed = 0
        if not self._rest and self.open and self._partial is None:
            if (text := whole_text(data, MAX_MESSAGE)) is not None:
                self._whole(text)
                return
            if is_pong(data):
                return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        # The parser does not say whether it is inside a frame, which the short way must know.
        self._rest = unfinished(self._rest + data) if self.open else b""
        self._parser.receive_data(data)
        if self._parser.state is State.OPEN:
            self._flush()  # pongs, before what answers the messages behind those pings
        for event in self._parser.events_received():
            if isinstance(event, Request):
                self._head += data
                if self._answer(event):
                    return
            elif isinstance(event, Frame) and self.open:
                self._take(event)
        self._flush()

    def eof_received(self) -> bool | None:
        if self._delegate is not None:
            return cast(bool | None, self._delegate.eof_received())
        self._stop()
        self._cut_later()  # the transport closes once all is written, which a client that does not read could put off for ever
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._delegate is not None:
            self._delegate.connection_lost(exc)
            return
        self._uvicorn["server_state"].connections.discard(self)
        if self._turn is not None:
            self._turn.cancel()
        told = self._parser.close_rcvd or self._parser.close_sent
        self._ended(told.code if told is not None else CloseCode.LOST)

    def pause_writing(self) -> None:
        """Bytes wait in the transport, however few: no limit but 0 would say when they are gone."""
        if self._delegate is not None:
            self._delegate.pause_writing()
        elif self.open:
            self.write = self._write_behind
            self.clog(True)
            self._mind_backlog()

    def resume_writing(self) -> None:
        if self._delegate is not None:
            self._delegate.resume_writing()
        elif self.open:
            self.write = self._transport.write
            self._transport.resume_reading()
            self.clog(False)
            self.resume()

    def shutdown(self) -> None:
        """uvicorn stops. The delegate needs no word from here: it has put itself among uvicorn's connections."""
        if self.open:
            self.close(CloseCode.RESTART)
        elif self._delegate is None:
            self._transport.close()

    # What the application calls

    def abort(self) -> None:
        self._stop()
        self._transport.abort()

    def backlog(self) -> int:
        return self._transport.get_write_buffer_size()

    def check(self) -> None:
        if not self.open:
            return
        if self._missed >= MISSED_PINGS:
            self.abort()
            return
        self._missed += 1
        if not self.paused:
            self.write(_PING)

    def _say_goodbye(self, code: int, reason: str) -> None:
        self._transport.resume_reading()  # for the answer
        if self._parser.state is State.OPEN:  # else the client said goodbye, or nonsense, in the bytes being handled now
            self._parser.send_close(code, reason)
            self._flush()

    # The handshake

    def _answer(self, request: Request) -> bool:
        """Accept, refuse, let wait, or hand over; True if handed over."""
        if request.path.partition("?")[0] != self._endpoint.path:
            self._hand_over()
            return True
        self._rest = unfinished(self._head.partition(b"\r\n\r\n")[2])
        self._head = b""
        refusal = self._refusal(request)
        turn = self._endpoint.turn() if refusal is None else refusal
        if isinstance(turn, Refusal) or turn <= 0:
            self._reply(request, turn if isinstance(turn, Refusal) else None)
            return False
        self._transport.pause_reading()
        self._turn = asyncio.get_running_loop().call_later(turn, self._its_turn, request)
        return False

    def _its_turn(self, request: Request) -> None:
        self._turn = None
        if self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._reply(request, self._endpoint.full())
        self._flush()

    def _refusal(self, request: Request) -> Refusal | None:
        peer = self._transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.remote = self._endpoint.proxies.address(str(peer[0]), request.headers.get_all("X-Forwarded-For"))
        try:
            return self._endpoint.refusal(request.headers.get("Origin"), request.headers.get("Host"), self.remote)
        except MultipleValuesError:
            return Refusal(400, "one Origin and one Host, please")

    def _reply(self, request: Request, refusal: Refusal | None) -> None:
        response = self._parser.accept(request) if refusal is None else self._reject(refusal)
        self._parser.send_response(response)
        if response.status_code == 101:
            self._begin()

    def _reject(self, refusal: Refusal) -> Response:
        response = self._parser.reject(refusal.status, refusal.text + "\n")
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    def _hand_over(self) -> None:
        # uvicorn sets this object as the transport's protocol after this call, so it stays in between for good.
        head, self._head = self._head, b""
        self._uvicorn["server_state"].connections.discard(self)
        self._delegate = self._endpoint.delegate(**self._uvicorn)
        self._delegate.connection_made(self._transport)
        self._delegate.data_received(head)

    def _begin(self) -> None:
        self._tune()
        self.write = self._transport.write
        self._flush()
        self._started()

    def _tune(self) -> None:
        self._transport.set_write_buffer_limits(high=0)
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._transport.get_extra_info("sslcontext") is None:
                self.fd = sock.fileno()  # open until connection_lost has returned, on asyncio's loop and on uvloop

    def _write_behind(self, blob: bytes) -> None:
        self._transport.write(blob)
        self._mind_backlog()

    def _mind_backlog(self) -> None:
        if self.backlog() > HIGH_WATER and not self.paused:
            self.pause()
            self._transport.pause_reading()  # who does not read answers gets no more questions in

    # Frames

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT or (frame.opcode is Opcode.CONT and self._partial is not None):
            self._text(frame)
        elif frame.opcode is Opcode.BINARY:
            self.close(CloseCode.UNSUPPORTED, "text only")
        elif frame.opcode is Opcode.CLOSE:
            self._stop()

    def _text(self, frame: Frame) -> None:
        data = bytes(frame.data)
        if not frame.fin or self._partial is not None:
            # One buffer, not a list: empty fragments are free to send and must be free to keep.
            self._partial = self._partial if self._partial is not None else bytearray()
            self._partial += data
            if not frame.fin:
                return
            data, self._partial = bytes(self._partial), None
        self._whole(data)

    def _whole(self, data: bytes) -> None:
        try:
            data.decode()
        except UnicodeDecodeError:
            self._parser.fail(CloseCode.BAD_TEXT, "not UTF-8")
            self._stop()
            self._flush()
            return
        self._message(data)

    def _flush(self) -> None:
        """Write what the parser wants written; its empty bytes mean that nothing follows."""
        for chunk in self._parser.data_to_send():
            if chunk:
                self._transport.write(chunk)
            else:
                self._finish()
        if self.clogged and self.open:
            self._mind_backlog()

    def _finish(self) -> None:
        self._stop()
        self._cut_later()
        failed = self._parser.close_rcvd is None
        if failed and self._transport.can_write_eof():
            # Closing with unread bytes resets the connection and the client never learns why: it gets time to read first.
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._transport.close()
