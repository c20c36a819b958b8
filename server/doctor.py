"""What Marquee finds of its surroundings: `marquee doctor`. Everything is tried for real and nothing is changed by it."""

import importlib.util
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile

import redis
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from server import migrating, seeding
from server.settings import Settings

SECONDS = 3
"""How long a database, Redis or a program may take to answer."""

FILES = 4096
"""Open files for a hall: a socket takes one, and a few are spare."""

WEB = Path(__file__).parent / "web" / "dist" / "index.html"
WEIGHTS = Path("assets") / "tiny-en" / "encoder_model.ort"
"""Of the moonshine_voice package: later releases ship without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `detail` says what was found and, when not `ok`, what to do. Marquee does not run without a `required` one."""

    name: str
    ok: bool
    detail: str
    required: bool = True

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'MISSING' if self.required else 'without':<8} {self.name}: {self.detail}"


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; takes a few seconds at the most. Never raises for what it finds."""
    looks: list[Callable[[Settings], Iterator[Finding]]] = [
        _python,
        _files,
        _secret,
        _data,
        _programme,
        _database,
        _bus,
        _ports,
        _addresses,
        _web,
        _recognizer,
        _translator,
    ]
    return [finding for look in looks for finding in look(settings)]


def _python(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), f"{version}; 3.11 or newer is needed")


def _files(settings: Settings) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        yield Finding("open files", True, "no limit", required=False)
    else:
        more = "" if soft >= FILES else f"; more people need a higher limit (ulimit -n {FILES}; the most allowed here is {hard})"
        yield Finding("open files", soft >= FILES, f"{soft} at once, one for each person{more}", required=False)


def _secret(settings: Settings) -> Iterator[Finding]:
    if settings.secret is None:
        yield Finding("secret", True, f"kept in {settings.data / 'secret'}")
        return
    size = len(settings.secret.get_secret_value())
    yield Finding("secret", size >= 32, f"MARQUEE_SECRET has {size} characters; 32 or more are needed")


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        yield Finding("data folder", False, f"{existing} is not a folder")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("data folder", False, f"{existing} may not be written by this user")
    elif existing != folder:
        yield Finding("data folder", True, f"{folder} will be made")
    else:
        try:
            with TemporaryFile(dir=folder) as file:
                file.write(b"marquee")
        except OSError as error:
            yield Finding("data folder", False, f"{folder}: {error.strerror}")
        else:
            yield Finding("data folder", True, str(folder))


def _programme(settings: Settings) -> Iterator[Finding]:
    if settings.programme is None:
        return
    try:
        seeding.from_file(settings.programme)
    except (OSError, ValueError) as error:
        detail = f"{settings.programme}: {error.strerror}" if isinstance(error, OSError) else str(error)
        yield Finding("programme", False, f"MARQUEE_PROGRAMME: {detail}")
    else:
        yield Finding("programme", True, str(settings.programme))


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        url = make_url(settings.database_url())
        name, sqlite = url.render_as_string(hide_password=True), url.get_backend_name() == "sqlite"
        if sqlite and url.database and not Path(url.database).exists():
            yield Finding("database", True, f"{name} will be made")
            return
        engine = create_engine(url, connect_args={} if sqlite else {"connect_timeout": SECONDS})
    except (SQLAlchemyError, ImportError) as error:
        yield Finding("database", False, f"MARQUEE_DATABASE is not usable: {_first_line(error)}")
        return
    try:
        ok, state = _schema(engine)
        yield Finding("database", ok, f"{name}: {state}")
    except SQLAlchemyError as error:
        yield Finding("database", False, f"{name}: {_first_line(error)}")
    finally:
        engine.dispose()


def _schema(engine: Engine) -> tuple[bool, str]:
    """Whether this program can use the tables, and how they are. An older schema is no fault: every start migrates it."""
    script = ScriptDirectory.from_config(migrating.config(engine))
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return True, "empty; the tables are made at the start"
    if current == script.get_current_head():
        return True, "the newest schema"
    if current in {revision.revision for revision in script.walk_revisions()}:
        return True, f"schema {current}; brought up to date at the start"
    return False, f"schema {current} is of a newer Marquee than this one"


def _bus(settings: Settings) -> Iterator[Finding]:
    if not settings.bus:
        yield Finding("bus", True, "in memory, for one server")
        return
    try:
        with closing(redis.Redis.from_url(settings.bus, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)) as client:
            client.ping()
            host = client.connection_pool.connection_kwargs.get("host", "")
        yield Finding("bus", True, f"Redis at {host} answers")
    except (redis.RedisError, OSError, ValueError) as error:
        yield Finding("bus", False, f"MARQUEE_BUS: {_first_line(error)}")


def _ports(settings: Settings) -> Iterator[Finding]:
    kinds = [("web port", settings.port, socket.SOCK_STREAM, "TCP"), ("media port", settings.media_port, socket.SOCK_DGRAM, "UDP")]
    for name, port, kind, protocol in kinds:
        if not port:
            yield Finding(name, True, f"{protocol}, a free one is taken at each start")
            continue
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port is free though connections linger
            try:
                probe.bind((settings.host, port))
                yield Finding(name, True, f"{protocol} {settings.host}:{port} is free")
            except OSError as error:
                yield Finding(name, False, f"{protocol} {settings.host}:{port}: {error.strerror or error} (is Marquee running already?)")


def _addresses(settings: Settings) -> Iterator[Finding]:
    shown = ", ".join(settings.media_addresses)
    bad = [address for address in settings.media_addresses if not _is_address(address)]
    if bad or not shown:
        yield Finding("media addresses", False, f"MARQUEE_MEDIA_ADDRESSES needs IP addresses: {', '.join(bad) or 'it has none'}")
        return
    near = all(ip_address(address).is_loopback for address in settings.media_addresses)
    far_web = settings.host not in ("127.0.0.1", "::1", "localhost")
    ok = not (near and far_web)
    advice = "" if ok else "; people on other machines see the pages but no video until MARQUEE_MEDIA_ADDRESSES names this machine's"
    yield Finding("media addresses", ok, shown + advice, required=False)


def _web(settings: Settings) -> Iterator[Finding]:
    found = WEB.is_file()
    yield Finding("web client", found, "built" if found else f"{WEB} is missing: install the package, whose build makes it", required=False)


def _recognizer(settings: Settings) -> Iterator[Finding]:
    spec = importlib.util.find_spec("moonshine_voice")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder is None:
        yield Finding("speech recognition", False, "moonshine-voice is not installed: captions must be typed", required=False)
        return
    found = (folder / WEIGHTS).is_file()
    detail = (
        "English, moonshine-voice" if found else "this moonshine-voice came without its weights (0.0.49 has them): captions must be typed"
    )
    yield Finding("speech recognition", found, detail, required=False)


def _translator(settings: Settings) -> Iterator[Finding]:
    program = shutil.which("apertium")
    if program is None:
        elsewhere = bool(settings.libretranslate)
        detail = f"LibreTranslate at {settings.libretranslate}" if elsewhere else "no apertium: captions stay in their own language"
        yield Finding("translation", elsewhere, detail, required=False)
        return
    try:
        listed = subprocess.run([program, "-l"], capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding("translation", False, f"{program}: {error}", required=False)
        return
    # Its list has variants such as eng-cat_valencia: the plain pairs say enough.
    pairs = [pair for pair in listed.split() if "_" not in pair]
    detail = "apertium: " + ", ".join(pairs) if pairs else "apertium has no language pairs (Debian: apertium-eng-spa, apertium-fr-es, ...)"
    yield Finding("translation", bool(pairs), detail, required=False)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
