"""A Redis of the tests' own, on a Unix socket in a temporary directory."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 10.0


@contextmanager
def redis() -> Iterator[str]:
    """Start one that keeps nothing, and end it. The URL is what `MARQUEE_BUS` takes."""
    with tempfile.TemporaryDirectory(prefix="marquee-redis-") as folder:
        path = Path(folder) / "socket"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        try:
            _wait(path, process)
            yield f"unix://{path}"
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _wait(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(path))
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("redis-server did not start") from None
        time.sleep(0.02)
