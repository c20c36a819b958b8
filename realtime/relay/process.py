"""The relay in a process of its own: a hall full of viewers takes no time from the sockets, and its crash takes nobody's vote along."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, cast

from realtime.relay.calls import Calls
from realtime.relay.copies import MAX_TAPS
from realtime.relay.errors import RelayDown, TooManyTaps
from realtime.relay.hls.segment import Segment
from realtime.relay.link import Call, Changed, Ended, Link, Made, Ready, Result, Sound
from realtime.relay.replies import OnAir
from realtime.relay.stream import Notify, NotifyAir
from realtime.relay.tap import Tap
from realtime.relay.viewing import MAX_PEERS, MAX_VIEWERS

START = 20.0
"""Seconds the process may take to be ready."""

LEAVE = 2.0
"""Seconds it has to say goodbye to its peers; then it is killed."""

PAUSE = 0.5
"""Seconds before a process that died is started again."""

logger = logging.getLogger(__name__)


class RelayProcess(Calls):
    """A `Relay` elsewhere, with the same arguments; what is a property or at once there is asked for here.

    `async with` it: raises OSError when the port cannot be had. If the process dies, every peer is gone: sessions stop being live,
    taps end, calls raise RelayDown, and another one starts on the same port.
    """

    def __init__(
        self,
        host: str,
        port: int,
        advertise: Sequence[str],
        *,
        on_change: Notify | None = None,
        on_air: NotifyAir | None = None,
        on_end: Callable[[str], None] | None = None,
        record: Path | None = None,
        max_viewers: int = MAX_VIEWERS,
        max_peers: int = MAX_PEERS,
    ) -> None:
        super().__init__()
        self._config: dict[str, Any] = {"host": host, "port": port, "advertise": list(advertise), "record": record}
        self._config |= {"max_viewers": max_viewers, "max_peers": max_peers}
        self._on_change, self._on_air, self._on_end = on_change, on_air, on_end
        self._live: set[tuple[str, str | None]] = set()
        self._aired: set[str] = set()
        self._taps: dict[int, Tap] = {}
        self._packages: dict[str, Callable[[Segment], None]] = {}
        self._taps_of: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        try:
            process, link = await self._start()
        except BaseException:
            await self._group.__aexit__(None, None, None)
            raise
        self._keeper = self._group.create_task(self._keep(process, link), name="relay process")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._keeper.cancel()
        await self._group.__aexit__(None, None, None)

    @property
    def port(self) -> int:
        """The port really bound, for UDP and TCP."""
        return cast(int, self._config["port"])

    def live(self, session: str, lang: str | None = None) -> bool:
        """Whether media of this session's floor, or of a booth of it, is arriving."""
        return (session, lang) in self._live

    async def package(self, session: str, emit: Callable[[Segment], None]) -> None:
        """As `Relay.package`; it ends with `unpackage`, and with the process."""
        self._packages[session] = emit
        await self._call("package", session)

    def packages(self, session: str) -> bool:
        """Whether segments of it are made, or asked for."""
        return session in self._packages

    def unpackage(self, session: str) -> None:
        """Idempotent."""
        if self._packages.pop(session, None) is not None and self._link is not None:
            self._link.send(Call(0, "unpackage", (session,)))

    def tap(self, session: str) -> Tap:
        """The session's sound from now on, decoded in this process. Raises TooManyTaps, RelayDown."""
        if self._link is None:
            raise RelayDown("the relay is being started again")
        if self._taps_of[session] >= MAX_TAPS:
            raise TooManyTaps(f"session {session} already has {MAX_TAPS} taps")
        number = next(self._numbers)
        tap = self._taps[number] = Tap(lambda _: self._untap(number, session))
        self._taps_of[session] += 1
        self._link.send(Call(0, "listen", (number, session)))
        return tap

    def _untap(self, number: int, session: str) -> None:
        del self._taps[number]
        self._taps_of[session] -= 1
        if self._link is not None:
            self._link.send(Call(0, "unlisten", (number,)))

    # The process

    async def _keep(self, process: asyncio.subprocess.Process, link: Link) -> None:
        """Listen to it, and start another one when it is gone."""
        while True:
            try:
                await self._listen(link)
            finally:
                self._link = None
                self._lost()
                await _leave(process, link)
            logger.error("the relay's process ended (%s); starting another one", process.returncode)
            process, link = await self._restart()

    async def _restart(self) -> tuple[asyncio.subprocess.Process, Link]:
        while True:
            await asyncio.sleep(PAUSE)
            try:
                return await self._start()
            except OSError as error:
                logger.error("the relay's process did not start: %s", error)

    async def _start(self) -> tuple[asyncio.subprocess.Process, Link]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                command = (sys.executable, "-m", "realtime.relay.worker", str(theirs.fileno()))
                process = await asyncio.create_subprocess_exec(*command, pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL)
            link = await Link.over(ours)
        except BaseException:
            ours.close()  # which ends the process, if it has begun
            raise
        try:
            async with asyncio.timeout(START):
                link.send(self._config)
                ready = await link.receive()
            if not isinstance(ready, Ready):
                raise OSError("the relay's process ended before it was ready")
            if ready.error is not None:
                raise ready.error
        except BaseException:
            await _leave(process, link)
            raise
        self._config["port"] = ready.port
        self._link = link
        return process, link

    async def _listen(self, link: Link) -> None:
        while (message := await link.receive()) is not None:
            match message:
                case Sound(tap, offset, payload):
                    if tap in self._taps:
                        self._taps[tap].push(offset, payload)
                case Made(session, segment):
                    _tell(self._packages.get(session), segment)
                case Result(number, value, error):
                    self._resolve(number, value, error)
                case Changed(session, lang, live):
                    self._change(session, lang, live)
                case OnAir():
                    self._air(message)
                case Ended(resource_id):
                    self._end(resource_id)

    def _change(self, session: str, lang: str | None, live: bool) -> None:
        (self._live.add if live else self._live.discard)((session, lang))
        _tell(self._on_change, session, lang, live)

    def _air(self, aired: OnAir) -> None:
        (self._aired.add if aired.arriving else self._aired.discard)(aired.session)
        _tell(self._on_air, aired)

    def _end(self, resource_id: str) -> None:
        self._peers.discard(resource_id)
        _tell(self._on_end, resource_id)

    def _lost(self) -> None:
        """The process is gone, and everything in it."""
        self._fail()
        for tap in list(self._taps.values()):
            tap.close()
        self._packages.clear()
        for session, lang in list(self._live):
            self._change(session, lang, False)
        for session in list(self._aired):
            self._air(OnAir(session, "a", ()))
        for resource_id in list(self._peers):
            self._end(resource_id)


def _tell(listener: Callable[..., None] | None, *what: object) -> None:
    """The listener's trouble must not end the relay."""
    if listener is None:
        return
    try:
        listener(*what)
    except Exception:
        logger.exception("a listener failed on %s", what)


async def _leave(process: asyncio.subprocess.Process, link: Link) -> None:
    """Close the link, which ends the process; kill it when that takes too long."""
    link.close()
    try:
        async with asyncio.timeout(LEAVE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
