"""The console command: `marquee demo`, `serve`, `link`, `doctor`. Heavy imports wait until a command needs them."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Coroutine
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sessions.people import Role

if TYPE_CHECKING:
    from server.settings import Settings
    from sessions.loading import Invite

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"marquee {metadata.version('marquee')}")
        except metadata.PackageNotFoundError:
            print("marquee, run from its sources")
        raise typer.Exit


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    """The live backend of a conference: media, questions, polls and captions."""


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes any. [default: 8000 or the next free one]")] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Let other machines in this network join.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data for the next time, in data/demo.")] = False,
    data: Annotated[Path | None, typer.Option(help="Keep the data in this folder.")] = None,
) -> None:
    """Run a conference with people in it on this machine."""
    from server.demo import place

    try:
        found = place.find(port, lan)
    except place.NoPlace as error:
        _fail(str(error))
    from server.demo import running

    folder = data or (Path("data/demo") if keep else None)
    try:
        _run(lambda: running.run(found, folder, _started()))
    except running.NotReady as error:
        _fail(str(error))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen at. [default: MARQUEE_HOST or 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port. [default: MARQUEE_PORT or 8000]")] = None,
) -> None:
    """Run the server. Everything else is set by MARQUEE_* in the environment."""
    from server.demo import place

    settings = _settings(host=host, port=port)
    try:
        place.require_free(settings.host, settings.port)
    except place.NoPlace as error:
        _fail(str(error))
    from server.serving import running, spare_collector, until_signal

    async def work() -> None:
        async with running(settings) as site:
            spare_collector()
            print(f"Marquee is at {site.url}; Ctrl-C stops it", flush=True)
            await until_signal()

    _run(work)


@app.command()
def link(
    role: Annotated[Role, typer.Argument(help="Who the link is for.")],
    session: Annotated[str | None, typer.Option(help="The session. [default: the one happening now]")] = None,
    base: Annotated[str | None, typer.Option(help="Where people reach the server. [default: the host and port that are set]")] = None,
) -> None:
    """Print the link that lets a role into a session."""
    settings = _settings()
    print(f"{(base or f'http://{settings.host}:{settings.port}').rstrip('/')}/j/{_invite(settings, role, session).code}")


@app.command()
def doctor() -> None:
    """Look at what this machine has, and say what is missing."""
    from server.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        print(finding)
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _invite(settings: "Settings", role: Role, session: str | None) -> "Invite":
    """The invite that the database holds, read as it is: nothing is made or migrated."""
    from sqlalchemy.exc import SQLAlchemyError

    from sessions import loading
    from sessions.store import connect

    if not settings.database and not (settings.data / "marquee.sqlite3").is_file():
        _fail(f"there is no database in {settings.data.absolute()}; start the server once, or set MARQUEE_DATA")
    engine = connect(settings.database_url())
    try:
        with engine.connect() as db:
            event, invites = loading.event(db), loading.invites(db)
    except SQLAlchemyError as error:
        _fail(f"the database cannot be read: {str(error).splitlines()[0]}")
    finally:
        engine.dispose()
    if event is None:
        _fail("the database holds no conference yet")
    now = time.time() * 1000
    wanted = session or next((s.id for s in event.sessions if s.starts_at <= now < s.ends_at), event.sessions[0].id)
    for invite in invites.values():
        if (invite.session, invite.role) == (wanted, role):
            return invite
    _fail(f"there is no link for {role} into session {wanted}; sessions are {', '.join(s.id for s in event.sessions)}")


def _settings(**given: object) -> "Settings":
    from pydantic import ValidationError

    from server.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        _fail("\n".join(f"{_name(problem['loc'])}: {problem['msg']}" for problem in error.errors()))


def _name(loc: tuple[int | str, ...]) -> str:
    return f"MARQUEE_{loc[0]}".upper() if loc else "settings"


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run to the end or to Ctrl-C, which is a good end too."""
    try:
        import uvloop
    except ImportError:  # Windows
        run: Callable[[Coroutine[Any, Any, None]], None] = asyncio.run
    else:
        run = uvloop.run
    with contextlib.suppress(KeyboardInterrupt):
        run(work())
    # Everything is closed by now. Taking the libraries apart would keep people waiting for half a second more.
    print("stopped", flush=True)
    sys.stderr.flush()
    os._exit(0)


def _started() -> float:
    """When this process began, as time.time(). Where the kernel does not tell, some tenths of a second later."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        up = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.time()
    return time.time() - (up - int(fields[19]) / os.sysconf("SC_CLK_TCK"))


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no half blocks still gets its links.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
