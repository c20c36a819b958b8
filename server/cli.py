"""The console command: `marquee demo`, `serve`, `link`, `doctor`. Heavy imports wait until a command needs them."""

import asyncio
import gc
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
    from sessions.programme import Event, Session

DEMO = Path("data/demo")
"""Where the demo keeps its data when it is told to."""

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
    keep: Annotated[bool, typer.Option("--keep", help=f"Keep the data for the next time, in {DEMO}.")] = False,
    data: Annotated[Path | None, typer.Option(help="Keep the data in this folder.")] = None,
) -> None:
    """Run a conference with people in it on this machine."""
    from server.demo import place

    try:
        found = place.find(port, lan)
    except place.NoPlace as error:
        _fail(str(error))
    settings = _settings(host=found.host, port=found.port, data=data, database="", bus="", media_addresses=found.media_addresses)
    from server.demo import running

    folder = data or (DEMO if keep else None)
    _run(lambda: running.run(found, settings, folder, _started()), settings)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen at. [default: MARQUEE_HOST or 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port. [default: MARQUEE_PORT or 8000]")] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many share the port; SIGHUP restarts them in turn.")] = 1,
) -> None:
    """Run the server. Everything else is set by MARQUEE_* in the environment."""
    from server.demo import place

    settings = _settings(host=host, port=port)
    try:
        if not settings.inner:  # else others listen there too
            place.require_free(settings.host, settings.port)
    except place.NoPlace as error:
        _fail(str(error))
    if processes > 1:
        from server.cluster.supervisor import supervise

        if not settings.bus:
            _fail("several processes meet in Redis: MARQUEE_BUS must be its URL")
        _run(lambda: supervise(settings, processes), settings)
        return
    from server.serving import running, spare_collector, stop_signals

    async def work() -> None:
        async with running(settings) as site:
            spare_collector()
            with stop_signals() as told:
                print(f"Marquee is at {site.url}; Ctrl-C stops it", flush=True)
                await told.wait()

    _run(work, settings)


@app.command()
def link(
    role: Annotated[Role, typer.Argument(help="Who the link is for.")],
    session: Annotated[str | None, typer.Option(help="The session. [default: the one happening now]")] = None,
    seat: Annotated[str | None, typer.Option(help="The seat, of a delegate's link. [default: any]")] = None,
    base: Annotated[str | None, typer.Option(help="Where people reach the server. [default: where it runs]")] = None,
    data: Annotated[Path | None, typer.Option(help="The server's folder. [default: MARQUEE_DATA, data, or data/demo]")] = None,
) -> None:
    """Print the link that lets a role into a session; for a publisher, what an encoder needs."""
    from server import whereabouts

    settings = _settings(data=data)
    if not settings.model_fields_set & {"data", "database"} and not _database(settings.data) and _database(DEMO):
        settings = _settings(data=DEMO)
    base = (base or whereabouts.find(settings.data) or f"http://{settings.host}:{settings.port}").rstrip("/")
    event, invites = _kept(settings)
    found = _session(event, session)
    if role is Role.PUBLISHER:
        print(f"server  {base}/whip/{found.id}\ntoken   {_token(settings, found)}")
        return
    links = [invite for invite in invites if (invite.session, invite.role) == (found.id, role) and seat in (None, invite.seat)]
    if not links:
        _fail(f"there is no link for a {role} into session {found.id}" + (f" to seat {seat}" if seat is not None else ""))
    print(f"{base}/j/{links[0].code}")


@app.command()
def doctor() -> None:
    """Look at what this machine has, and say what is missing."""
    from server.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        print(finding)
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _database(folder: Path) -> bool:
    return (folder / "marquee.sqlite3").is_file()


def _kept(settings: "Settings") -> "tuple[Event, list[Invite]]":
    """What the database holds, read as it is: nothing is made or migrated."""
    from sqlalchemy.exc import SQLAlchemyError

    from sessions import loading
    from sessions.database import connect

    if not settings.database and not _database(settings.data):
        _fail(f"there is no database in {settings.data.absolute()}; start the server once, or name its folder by --data")
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
    return event, list(invites.values())


def _session(event: "Event", wanted: str | None) -> "Session":
    """The session of that id; without one the session that happens now, or the first."""
    now = time.time() * 1000
    for session in event.sessions:
        if session.id == wanted or (wanted is None and session.starts_at <= now < session.ends_at):
            return session
    if wanted is None:
        return event.sessions[0]
    _fail(f"there is no session {wanted}; sessions are {', '.join(session.id for session in event.sessions)}")


def _token(settings: "Settings", session: "Session") -> str:
    """A publisher's token by the secret as it is."""
    from server.auth import Tokens

    if settings.secret is None and not (settings.data / "secret").is_file():
        _fail(f"there is no secret in {settings.data.absolute()}; name the server's folder by --data, or set MARQUEE_SECRET")
    try:
        return Tokens(settings.signing_key(), ()).issue("encoder", session.id, Role.PUBLISHER, session.floor)
    except ValueError as error:
        _fail(str(error))


def _settings(**given: object) -> "Settings":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from server.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        _fail("\n".join(f"{_name(problem['loc'])}: {problem['msg']}" for problem in error.errors()))
    except SettingsError as error:
        field = str(error).split('"')[1]
        _fail(f'{_name((field,))}: this is no JSON, such as ["192.0.2.7"] for a list and {{"a": "b"}} for a table')


def _name(loc: tuple[int | str, ...]) -> str:
    return f"MARQUEE_{loc[0]}".upper() if loc else "settings"


def _run(work: Callable[[], Coroutine[Any, Any, None]], settings: "Settings") -> None:
    """Run to the end or to Ctrl-C, which is a good end too. What a setting keeps from running is said in a line."""
    gc.enable()
    try:
        import uvloop
    except ImportError:  # Windows
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        runner.run(work())
    except KeyboardInterrupt:
        pass
    except Exception as error:
        runner.close()
        _fail(_reason(error, settings))
    # Everything is closed by now. The runner would still wait for threads whose work nobody wants any more (a second of film,
    # a sentence that is heard), and taking the libraries apart would keep people waiting too.
    print("stopped", flush=True)
    sys.stderr.flush()
    os._exit(0)


def _reason(error: BaseException, settings: "Settings") -> str:
    """Why it did not run, if it is not a fault of ours; else raises the error."""
    from server.demo.place import NoPlace
    from server.doctor import examine

    first = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, NoPlace):
        return str(first)
    for finding in examine(settings):
        if finding.required and not finding.ok:
            return finding.detail
    if isinstance(first, OSError) and first.filename is not None:
        return f"{first.filename}: {first.strerror}"
    raise error


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
    # Until it runs, nothing is garbage: looking for some among all that is imported would be a tenth of the start.
    gc.disable()
    app()


if __name__ == "__main__":
    main()
