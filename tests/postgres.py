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
    """A server on a folder. `database()` is the SQLAlchemy URL of a new, empty database, which stays the same when it starts again."""

    def __init__(self, folder: Path, user: dict[str, Any], *, durable: bool) -> None:
        self.folder, self._user, self._durable = folder, user, durable
        self._numbers = count(1)

    def start(self) -> None:
        """Raises RuntimeError with its log when it does not."""
        # What a crash of the machine would lose does not matter to tests: no fsync. One of PostgreSQL alone loses nothing by that.
        options = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses=", *([] if self._durable else ["-F"])]
        deadline = time.monotonic() + START_SECONDS
        while not self._run(options, deadline):
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)  # what is left of a killed one still has its memory

    def stop(self, how: signal.Signals) -> None:
        """SIGINT is its "fast" shutdown, which open connections do not hold up; SIGQUIT the "immediate" one, which saves nothing."""
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For the length of the block nobody in it does anything, and connections are made to the kernel alone."""
        stopped = [self._process.pid]
        os.kill(stopped[0], signal.SIGSTOP)  # first, so that it makes no others
        stopped += [int(pid) for pid in Path(f"/proc/{stopped[0]}/task/{stopped[0]}/children").read_text().split()]
        try:
            for pid in stopped[1:]:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(stopped):
                os.kill(pid, signal.SIGCONT)

    def database(self) -> str:
        name = f"marquee{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://marquee@/{name}?host={self.folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(host=str(self.folder), user="marquee", dbname=database, autocommit=True)

    def _run(self, options: list[str], deadline: float) -> bool:
        with (self.folder / "log").open("w") as log:
            command = [_program("postgres"), *options]
            self._process = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.folder, **self._user)
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.connect().close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.02)
        return False


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Start one, and end it with all that it kept. Raises FileNotFoundError where PostgreSQL is not installed."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-pg-"))
    # It refuses to run as root, as which containers test.
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    try:
        init = ["initdb", "-D", str(folder / "data"), "-U", "marquee", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([_program(init[0]), *init[1:]], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
        server = Postgres(folder, user, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGINT)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, by version."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(kept[-1]) if kept else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed")
    return found
