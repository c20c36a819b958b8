"""Translation by Apertium's installed pairs, kept running: 2 ms a sentence instead of 200 ms for a process each.

A pair's `.mode` file is its pipeline; every program in it gets `-z`, so that a NUL byte flushes the text before it.
Languages without a pair of their own are reached over one between (en -> es -> fr).
"""

import asyncio
import contextlib
import os
import re
import signal
from pathlib import Path

from translation.engines import EngineError

MODES = Path("/usr/share/apertium/modes")

TIMEOUT = 5.0
"""Seconds one sentence may take; the pipeline is started anew after that."""

_TAGS = {"en": "eng", "es": "spa", "fr": "fra", "pt": "por", "it": "ita", "ca": "cat"}
_NAMES = {name: tag for tag, name in _TAGS.items()} | {tag: tag for tag in _TAGS}
# Apertium's stream format gives these a meaning (https://wiki.apertium.org/wiki/Apertium_stream_format).
_SPECIAL = re.compile(r"([\[\]^$/\\@<>{}])")
# A circumflex at the end of a text hangs the pipeline even when escaped, a tilde is swallowed, and the others mark unknown words in
# the answer: they travel as characters for private use, which every program passes through.
_HIDDEN = {ord(sign): chr(0xF0000 + ord(sign)) for sign in "^~*#@"}
_SHOWN = {ord(hidden): chr(sign) for sign, hidden in _HIDDEN.items()}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNKNOWN = re.compile(r"(?<!\\)[*#@](?=\w)")
END = "[][\n]"


class Apertium:
    """All installed pairs. A pipeline starts with its first sentence; without Apertium it can translate nothing."""

    def __init__(self, modes: Path = MODES) -> None:
        self._modes = _installed(modes)
        self._pipelines: dict[tuple[str, str], _Pipeline] = {}

    def can(self, source: str, target: str) -> bool:
        return self._route(source, target) is not None

    async def translate(self, text: str, source: str, target: str) -> str:
        route = self._route(source, target)
        if route is None:
            raise EngineError(f"no Apertium pair from {source} to {target}")
        for pair in route:
            pipeline = self._pipelines.get(pair)
            if pipeline is None:
                pipeline = self._pipelines[pair] = _Pipeline(self._modes[pair])
            text = await pipeline.translate(text)
        return text

    async def close(self) -> None:
        for pipeline in self._pipelines.values():
            await pipeline.close()

    def _route(self, source: str, target: str) -> list[tuple[str, str]] | None:
        """The pairs to go through: one, or two over a language between."""
        first, last = source.split("-")[0].lower(), target.split("-")[0].lower()
        if (first, last) in self._modes:
            return [(first, last)]
        between = (b for a, b in sorted(self._modes) if a == first and (b, last) in self._modes)
        middle = next(between, None)
        return None if middle is None or first == last else [(first, middle), (middle, last)]


class _Pipeline:
    """One mode's programs, connected. One text at a time; who waits, waits for a lock."""

    def __init__(self, mode: Path) -> None:
        self._mode = mode
        self._lock = asyncio.Lock()
        self._starting: asyncio.Task[asyncio.subprocess.Process] | None = None

    async def translate(self, text: str) -> str:
        async with self._lock:
            if self._starting is None:
                self._starting = asyncio.create_task(_start(self._mode))
            try:
                # Cancelling the start would kill the shell only, and wait for ever for its programs to close the
                # pipes. So a caller who is cancelled meanwhile leaves the pipeline, still unused, to the next one.
                process = await asyncio.shield(self._starting)
            except OSError as error:
                self._starting = None
                raise EngineError(f"Apertium {self._mode.stem}: {error!r}") from error
            try:
                return await self._ask(process, text)
            except BaseException:
                # Its answer would be taken for the next one's.
                await self._end()
                raise

    async def close(self) -> None:
        async with self._lock:
            await self._end()

    async def _ask(self, process: asyncio.subprocess.Process, text: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        one_line = " ".join(text.replace("\0", " ").translate(_HIDDEN).split())
        try:
            async with asyncio.timeout(TIMEOUT):
                process.stdin.write(_SPECIAL.sub(r"\\\1", one_line).encode() + END.encode() + b"\0")
                await process.stdin.drain()
                answer = await process.stdout.readuntil(b"\0")
        except (OSError, RuntimeError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            # RuntimeError is uvloop's word for a pipe whose reader has died.
            raise EngineError(f"Apertium {self._mode.stem}: {error!r}") from error
        said, end, _ = answer.decode(errors="replace").rpartition(END)
        if not end:
            # One of its programs died, and what others had not said yet went with it.
            raise EngineError(f"Apertium {self._mode.stem}: an answer without its end")
        plain = _UNKNOWN.sub("", said)
        return " ".join(_ESCAPED.sub(r"\1", plain).translate(_SHOWN).split())

    async def _end(self) -> None:
        starting, self._starting = self._starting, None
        if starting is None:
            return
        with contextlib.suppress(OSError):
            process = await starting
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(RuntimeError):  # uvloop's, as above
                await process.communicate()


async def _start(mode: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_shell(
        _command(mode),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        start_new_session=True,  # so that all its programs can be ended as one group
    )


def _installed(folder: Path) -> dict[tuple[str, str], Path]:
    """Mode files by pair of tags; variants (`es-pt_BR`) and languages without a tag here are left out."""
    found: dict[tuple[str, str], Path] = {}
    for mode in sorted(folder.glob("*.mode")):
        source, dash, target = mode.stem.partition("-")
        if dash and source in _NAMES and target in _NAMES:
            found[_NAMES[source], _NAMES[target]] = mode
    return found


def _command(mode: Path) -> str:
    """The mode as a shell pipeline whose programs flush at NUL. `$1` and `$2` are the generator's and the tagger's options."""
    line = mode.read_text().strip().replace("$1", "-n").replace("$2", "")
    return " | ".join(re.sub(r"^\s*(\S+)", r"\1 -z", program) for program in line.split("|"))
