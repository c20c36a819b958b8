"""The demo from its first line to its last: opens the server, plays the film, prints who goes where, waits for Ctrl-C."""

import asyncio
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import segno

from server.demo import script
from server.demo.film import Film
from server.demo.place import LOOPBACK, NoPlace, Place
from server.demo.programme import SUMMIT, seed
from server.demo.publisher import keep_publishing
from server.services import Services
from server.serving import Running, running, stop_signals
from server.settings import Settings
from sessions.people import Role

PATIENCE = 20.0
"""Seconds the film may take to arrive; past it the demo gives up."""

ROLES = {
    Role.ATTENDEE: "watch, ask, vote, react",
    Role.DELEGATE: "speak and vote for a delegation's seat",
    Role.MODERATOR: "choose the questions, run the polls",
    Role.SPEAKER: "see the questions, publish from the camera",
    Role.INTERPRETER: "listen to the floor",
    Role.CAPTIONER: "type captions",
    Role.SCREEN: "the hall's big screen",
    Role.ORGANISER: "everything",
}
"""Who gets a link, and for what."""


async def run(place: Place, settings: Settings, data: Path | None, started: float) -> None:
    """The whole demo. `data` is kept; without it a folder is made and removed. `started` is when the process began (time.time()).

    Raises NoPlace where no media arrive, and what `running` raises.
    """
    with _folder(data) as folder:
        settings = settings.model_copy(update={"data": folder})
        async with running(settings, seed(time.time_ns() // 1_000_000), place.address) as site, asyncio.TaskGroup() as tasks:
            token = site.services.tokens.issue("demo-film", SUMMIT, Role.PUBLISHER, "en")
            film = tasks.create_task(keep_publishing(_local(site), SUMMIT, token, Film()), name="film")
            await _arrival(site.services)
            with stop_signals() as told:
                _tell(site, place, time.time() - started)
                voice = tasks.create_task(script.welcome(partial(_say, site.services)), name="script")
                await told.wait()
            film.cancel()
            voice.cancel()


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    # Windows keeps files that are still open; a folder left in the temporary place hurts nobody.
    with tempfile.TemporaryDirectory(prefix="marquee-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _arrival(services: Services) -> None:
    deadline = time.monotonic() + PATIENCE
    while not services.relay.live(SUMMIT):
        if time.monotonic() > deadline:
            raise NoPlace(f"the film did not arrive within {PATIENCE:.0f} s; is UDP on {LOOPBACK} blocked?")
        await asyncio.sleep(0.02)


async def _say(services: Services, line: str) -> None:
    services.captioning.commit(SUMMIT, script.LANG, line, True, script.SPEAKER, origin=script.ORIGIN)


def _local(site: Running) -> str:
    return f"http://{LOOPBACK}:{_port(site)}"


def _port(site: Running) -> int:
    return int(site.url.rpartition(":")[2].rstrip("/"))


def _tell(site: Running, place: Place, seconds: float) -> None:
    """Say that it is ready, and print the links."""
    services, base = site.services, site.url
    links = {role: f"{base}/j/{services.invite(SUMMIT, role).code}" for role in ROLES}
    print(f"\n{services.event.names['en']}\nready in {seconds:.1f} s\n")
    segno.make(links[Role.ATTENDEE], error="l").terminal(sys.stdout, compact=True)
    print()
    width = max(map(len, links.values()))
    for role, link in links.items():
        print(f"  {role:<12} {link:<{width}}  {ROLES[role]}")
    print(f"\n  Into the other sessions: marquee link ROLE --session ID --data {shlex.quote(str(services.settings.data))}")
    token = services.tokens.issue("demo-encoder", SUMMIT, Role.PUBLISHER, "en")
    print("\n  OBS: Settings, Stream, service WHIP; it takes the place of the film while it streams")
    print(f"  {'server':<12} {base}/whip/{SUMMIT}\n  {'token':<12} {token}\n")
    for note in place.notes:
        print(f"  {note}")
    print("  Ctrl-C stops the demo.", flush=True)
