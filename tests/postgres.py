"""A PostgreSQL of the tests' own: a server in a temporary directory that answers on a Unix socket, and a new database whenever asked."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 20.0


class Postgres:
    """A running server. `database()` is the SQLAlchemy URL of a new, empty database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)

    def database(self) -> str:
        name = f"marquee{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://marquee@/{name}?host={self.folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(host=str(self.folder), user="marquee", dbname=database, autocommit=True)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start one, and end it with all that it kept. Raises FileNotFoundError where PostgreSQL is not installed."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-pg-"))
    # It refuses to run as root, as which containers test.
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    try:
        # What a crash would lose does not matter here: no fsync.
        init = ["initdb", "-D", str(folder / "data"), "-U", "marquee", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([_program(init[0]), *init[1:]], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
        options = ["-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses=", "-F"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([_program("postgres"), *options], stderr=log, stdout=log, cwd=folder, **user)
        try:
            server = Postgres(folder)
            _wait(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast": connections that tests left open do not hold it up
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder)


def _wait(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.folder / "log").read_text()) from None
            time.sleep(0.02)


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, by version."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(kept[-1]) if kept else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed")
    return found
