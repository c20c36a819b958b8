"""What the pages are measured in: the demo's summit with sixty questions, its film, voters, and a page of plain Svelte beside ours."""

import asyncio
import contextlib
import dataclasses
import json
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

import server
from server.demo.film import Film
from server.demo.programme import SUMMIT, seed
from server.demo.publisher import keep_publishing
from server.routes import pages
from server.seeding import Seed
from server.serving import Running
from server.settings import Settings
from sessions.people import Role
from sessions.questions import Question

WEB = Path(server.__file__).parent / "web"
PLAIN = Path(__file__).parent / "plain"
QUESTIONS, VOTERS = 60, 12
PERIOD = 0.25
"""Seconds between two rounds of votes: each voter puts one on a question, or takes it off."""


def sixty() -> Seed:
    """The demo, with so many published questions at the summit, whose votes lie close together."""
    now = time.time_ns() // 1_000_000
    demo = seed(now)
    languages = next(one for one in demo.event.sessions if one.id == SUMMIT).captions
    asked = [
        Question(
            id=f"q{number:02}",
            author=f"guest-{number}",
            author_name=f"Guest {number}",
            text=f"What becomes of the films of the {number + 1}th festival when its archive has nobody to look after it any more?",
            lang="en",
            asked_at=now - number * 1_000,
            state="published",
            translations=dict.fromkeys(languages, "As above."),  # else the server would be translating meanwhile
            votes={f"early-{voter}" for voter in range(number % 4)},
        )
        for number in range(QUESTIONS)
    ]
    return dataclasses.replace(demo, questions={**demo.questions, SUMMIT: asked})


@contextlib.asynccontextmanager
async def film(site: Running) -> AsyncIterator[None]:
    """The demo's film comes in by WHIP, and somebody could watch it."""
    token = site.services.tokens.issue("film", SUMMIT, Role.PUBLISHER, "en")
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(keep_publishing(site.url, SUMMIT, token, Film()))
        async with asyncio.timeout(60):
            while not site.services.relay.live(SUMMIT):  # noqa: ASYNC110 (the relay tells it no other way)
                await asyncio.sleep(0.05)
        await asyncio.sleep(2)  # a keyframe has come, so that who watches from now on is not first
        try:
            yield
        finally:
            playing.cancel()


async def guest(site: Running) -> dict[str, Any]:
    """Somebody has come in as attendee: what the door told their browser."""
    async with httpx.AsyncClient(base_url=site.url, trust_env=False) as http:
        answer = await http.post(f"/api/join/{site.services.invite(SUMMIT, Role.ATTENDEE).code}", json={"name": "Layla", "lang": "en"})
        joined: dict[str, Any] = answer.raise_for_status().json()
        return joined


@contextlib.asynccontextmanager
async def voting(site: Running) -> AsyncIterator[None]:
    """Voters whose votes move the questions about, four times a second."""
    address = site.url.replace("http", "ws") + "/ws"
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        sockets = [await stack.enter_async_context(connect(address, proxy=None, max_queue=None)) for _ in range(VOTERS)]
        for number, ws in enumerate(sockets):
            token = site.services.tokens.issue(f"voter-{number}", SUMMIT, Role.ATTENDEE, "en")
            await ws.send(json.dumps({"type": "hello", "token": token}))
        running = [tasks.create_task(_ignore(ws)) for ws in sockets] + [tasks.create_task(_vote(sockets))]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


async def _ignore(ws: ClientConnection) -> None:
    async for told in ws:
        if '"type":"error"' in str(told):
            raise RuntimeError(f"a vote was refused: {told!r}")


async def _vote(sockets: list[ClientConnection]) -> None:
    dice, wanted = random.Random(1), set[tuple[int, str]]()
    while True:
        for voter, ws in enumerate(sockets):
            question = f"q{dice.randrange(QUESTIONS):02}"
            on = (voter, question) not in wanted
            (wanted.add if on else wanted.discard)((voter, question))
            await ws.send(json.dumps({"type": "question.vote", "id": secrets.token_urlsafe(12), "question": question, "on": on}))
        await asyncio.sleep(PERIOD)


def build_plain(folder: Path) -> Path:
    """The plain page, built by our own Vite configuration."""
    shutil.copytree(PLAIN, folder / "plain")
    (folder / "node_modules").symlink_to(WEB / "node_modules")
    vite = [str(WEB / "node_modules" / ".bin" / "vite"), "build", str(folder / "plain"), "--config", str(WEB / "vite.config.ts")]
    subprocess.run([*vite, "--logLevel", "warn"], cwd=WEB, check=True, timeout=120)
    return folder / "plain" / "dist"


@contextlib.asynccontextmanager
async def served(dist: Path) -> AsyncIterator[str]:
    """The files of `dist` at a port of their own, sent as Marquee sends its own; the address."""
    app = FastAPI()
    pages.install(app, dist, Settings(port=0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        web.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        serving = asyncio.create_task(web.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            web.should_exit = True
            await serving
