"""Where the server of a data folder is, so that `marquee link` on the same machine prints addresses that lead there."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 1.0
"""Seconds that the server may take to be seen; past it the file is taken for one left behind by a crash."""

_FILE = "url"


@contextmanager
def told(folder: Path, url: str) -> Iterator[None]:
    """Leave `url` in the folder for the length of the block. Of several servers on one folder the last one is found."""
    path = folder / _FILE
    path.write_text(url)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_text() == url:
                path.unlink()


def find(folder: Path) -> str | None:
    """The base URL of the server that runs on this folder, None without one."""
    try:
        url = (folder / _FILE).read_text()
        at = urlsplit(url)
        with socket.create_connection((at.hostname, at.port), SECONDS):
            return url
    except (OSError, ValueError):
        return None
