"""A Redis of the tests' own, on a Unix socket in a temporary directory, that can be paused, killed and started again."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 10.0


class Redis:
    """A server that keeps nothing. `url` is what `MARQUEE_BUS` takes, and stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "socket"
        self.url = f"unix://{self._path}"

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._path), "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.01)

    def kill(self) -> None:
        self._process.kill()  # also one that is paused
        self._process.wait(START_SECONDS)

    def say(self, *command: str) -> None:
        """A command, by the tool that comes with Redis."""
        subprocess.run(["redis-cli", "-s", str(self._path), *command], check=True, stdout=subprocess.DEVNULL, timeout=START_SECONDS)

    def cut(self) -> None:
        """Break every connection."""
        self.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For the length of the block it accepts connections and says nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self._path))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False


@contextmanager
def redis() -> Iterator[Redis]:
    """Start one, and end it."""
    with tempfile.TemporaryDirectory(prefix="marquee-redis-") as folder:
        server = Redis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
