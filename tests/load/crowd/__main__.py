"""A hall full of people at a Marquee, and a report of what they met.

    python -m tests.load.crowd --attendees 500 --minutes 2
    python -m tests.load.crowd --url http://127.0.0.1:8000 --code ABC234 --moderator CODE --speaker CODE --captioner CODE
    make load ARGS="--attendees 5000 --minutes 5"

Without `--url` it starts a server of its own. The people come in by the code, say hello, follow the session, the captions in a language
and the chat, ask in nine languages, vote, answer polls, react, raise hands and lose their networks, each in their own time (`manner` has
every number). A moderator, a speaker and a captioner run the session: their codes are the last parts of the links into it (`marquee link
moderator`), and who has none is missed. In the end everyone comes once more and is asked what is theirs: a question, a vote or a ballot
that was acknowledged and is not there, or an update that was skipped, makes the exit code 1. Times are as they are on this machine, which
does the work of the people too. A server that is not on this machine is only loaded with `--i-own-it`.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvloop

from tests.load.crowd.crowd import Crowd
from tests.load.crowd.plan import ARRIVALS, ARRIVALS_HERE, ATTENDEES_LIMIT, CODES, LOOPBACK, MINUTES_LIMIT, PER_PROCESS, Plan
from tests.load.crowd.progress import Progress, progress
from tests.load.crowd.record import KINDS, Course, Moment, Record, Verdict, percentile
from tests.load.crowd.report import page
from tests.load.crowd.staff import Staff
from tests.load.hub.crowd import SPARE_FILES, need_files
from tests.load.hub.processes import server

STAFF = ("moderator", "speaker", "captioner")

LINE_LIMIT = 1 << 20
"""Bytes of one moment of a process."""

_told = msgspec.json.Decoder(Moment | Verdict)


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load.crowd", description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="", help="of a running server; without it one is started")
    parser.add_argument("--code", default="", help="the attendees' code, with --url")
    for role in STAFF:
        parser.add_argument(f"--{role}", default="", help=f"a {role}'s code, with --url")
    parser.add_argument("--attendees", type=int, default=200, help=f"up to {ATTENDEES_LIMIT}")
    parser.add_argument("--minutes", type=float, default=1.0, help=f"when all are there; up to {MINUTES_LIMIT:g}")
    parser.add_argument("--pace", type=float, default=1.0, help="how many times as fast people do all they do; up to 20")
    parser.add_argument("--seed", type=int, default=1, help="the same people again")
    parser.add_argument("--report", type=Path, default=Path("artifacts/crowd.html"))
    parser.add_argument("--i-own-it", action="store_true", help="the server at --url is mine to load")
    parser.add_argument("--worker", default="", help=argparse.SUPPRESS)
    found = parser.parse_args(given)
    if not 1 <= found.attendees <= ATTENDEES_LIMIT or not 0 < found.minutes <= MINUTES_LIMIT or not 0.1 <= found.pace <= 20:
        parser.error(f"1 to {ATTENDEES_LIMIT} attendees, up to {MINUTES_LIMIT:g} minutes, a pace of 0.1 to 20")
    if found.url and not found.code:
        parser.error("--url needs the attendees' --code")
    if found.url and httpx.URL(found.url).host not in LOOPBACK and not found.i_own_it:
        parser.error(f"{httpx.URL(found.url).host} is not this machine: --i-own-it says that it is yours to load")
    return found


@contextlib.asynccontextmanager
async def place(given: argparse.Namespace) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The server's URL, and codes by role."""
    if given.url:
        yield given.url.rstrip("/"), {"attendee": given.code} | {role: getattr(given, role) for role in STAFF if getattr(given, role)}
        return
    with tempfile.TemporaryDirectory(prefix="marquee-load-") as folder:
        async with server(sys.executable, "-m", "tests.load.crowd.serve", folder) as started:
            url = f"http://127.0.0.1:{started.port}"
            yield url, json.loads((Path(folder) / CODES).read_text())


async def plans(given: argparse.Namespace, url: str, code: str) -> list[Plan]:
    """One for each process."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        looked = await http.get(f"/api/join/{code}")
    if looked.status_code != 200:
        raise SystemExit(f"{url} does not know the code: {looked.text}")
    session: dict[str, Any] = looked.json()["session"]
    count = min(math.ceil(given.attendees / PER_PROCESS), os.cpu_count() or 1)
    shares = [given.attendees * (number + 1) // count - given.attendees * number // count for number in range(count)]
    arrivals = (ARRIVALS if given.url else ARRIVALS_HERE) / count
    seconds = given.minutes * 60
    return [
        Plan(
            url,
            code,
            session["id"],
            session["floor"],
            session["captions"],
            share,
            sum(shares[:number]),
            seconds,
            arrivals,
            given.pace,
            given.seed,
        )
        for number, share in enumerate(shares)
    ]


async def people(plan: Plan, number: int, course: Course) -> None:
    """One process of attendees. Raises RuntimeError when it fails."""
    command = (sys.executable, "-m", "tests.load.crowd", "--worker", msgspec.json.encode(plan).decode())
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT)
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            course.add(number, _told.decode(line))
        if await process.wait():
            raise RuntimeError(f"the attendees from {plan.first} on could not go on")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def staff(found: dict[str, Staff]) -> None:
    """All of them, until cancelled."""
    for one in found.values():
        await one.join()
    async with asyncio.TaskGroup() as group:
        for role, one in found.items():
            group.create_task({"moderator": one.moderate, "speaker": one.poll, "captioner": one.caption}[role]())


async def run(given: argparse.Namespace) -> int:
    """The exit code."""
    need_files(given.attendees + SPARE_FILES)
    async with place(given) as (url, codes):
        mine = await plans(given, url, codes["attendee"])
        course, record = Course(), Record()
        team = {role: Staff(mine[0], record, codes[role]) for role in STAFF if role in codes}
        seconds = mine[0].arriving + mine[0].seconds
        with progress(course, seconds) as shown:
            async with asyncio.TaskGroup() as group:
                beside = (
                    group.create_task(staff(team)),
                    group.create_task(_show(shown, course, record, seconds, len(mine))),
                )
                await asyncio.gather(*(people(plan, number, course) for number, plan in enumerate(mine)))
                for task in beside:
                    task.cancel()
            if "moderator" in team:
                course.compare(await team["moderator"].state())
        course.add(len(mine), record.moment())
    given.report.parent.mkdir(parents=True, exist_ok=True)
    given.report.write_text(page(course, mine[0], given.attendees))
    print(summary(course, given))
    return 1 if sum(course.lost.values()) else 0


async def _show(shown: Progress, course: Course, record: Record, seconds: float, process: int) -> None:
    while True:
        course.add(process, record.moment())
        shown.show("the session" if course.last < seconds else "looking at what is there")
        await asyncio.sleep(1.0)


def summary(course: Course, given: argparse.Namespace) -> str:
    parts = [f"crowd attendees={given.attendees} seconds={course.last} acked={sum(course.acks.values())}"]
    for kind in KINDS:
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            at = percentile(course.all(kind), share)
            parts.append(f"{kind}_{name}_ms={'-' if at is None else format(at, '.1f')}")
    checked = sum(course.checked[what] for what in ("questions", "votes on questions", "ballots"))
    lost = sum(course.lost.values())
    return " ".join([*parts, f"refused={sum(course.errors.values())} checked={checked} lost={lost} report={given.report}"])


def main() -> None:
    given = arguments(sys.argv[1:])
    if given.worker:
        plan = msgspec.json.decode(given.worker, type=Plan)
        uvloop.run(Crowd(plan).run())
    else:
        raise SystemExit(uvloop.run(run(given)))


if __name__ == "__main__":
    main()
