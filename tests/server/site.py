"""A whole Marquee on a real port with a small programme, and what tests say to it."""

import copy
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from realtime.relay import RelayProcess
from server.patch import Doc, merge
from server.seeding import Seed
from server.serving import Running, running
from server.settings import Settings
from sessions import polls
from sessions.kinds.form import Form, Option, Rules
from sessions.people import Role
from sessions.polls import Poll
from sessions.programme import Event, Seat, Session, Track
from tests.realtime.relay.clients import Signal

SDP = {"Content-Type": "application/sdp"}
SESSION = "summit"
CHAMBER = "chamber"
SEATS = ("ar", "br", "cn", "dk")
SEATED = [Seat(id=seat, names={"en": seat.upper()}) for seat in SEATS]


def session(id: str, **others: Any) -> Session:
    now = time.time_ns() // 1_000_000
    return Session(
        id=id,
        titles={"en": "Summit"},
        track="film",
        **{"format": "forum", **others},
        starts_at=now,
        ends_at=now + 3_600_000,
        floor="en",
        captions=["en", "es", "zh"],
        interpreted=["es", "zh"],
        speakers=[],
    )


def poll(id: str, kind: Any, max_choices: int) -> Poll:
    """Written in all that there is a translator for, so that nothing is done to it in the background."""
    options = [Option(name, {"en": name.upper(), "es": name.upper()}) for name in ("a", "b", "c")]
    return polls.poll(id, Form(kind=kind, texts={"en": "Which?", "es": "¿Cuál?"}, options=options, rules=Rules(max_choices=max_choices)), 1)


def seed() -> Seed:
    event = Event(
        id="wfic",
        names={"en": "Conference"},
        tracks=[Track(id="film", names={"en": "Film"})],
        sessions=[
            session(SESSION),
            session("other"),
            session(CHAMBER, format="summit", rules={"hands": "everyone"}, seats=SEATED),
        ],
    )
    return Seed(event, polls={SESSION: [poll("one", "single", 1), poll("many", "multiple", 2)]})


class Talk:
    """One client of `/ws`, who keeps every channel's state by the rule of the wire: snapshots, and merge patches on them."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.states: dict[str, Doc] = {}
        self.places: dict[str, dict[str, Any]] = {}
        self.me: Doc = {}
        self.heard: list[Doc] = []

    async def hear(self) -> Doc:
        """The next message, applied."""
        message: Doc = json.loads(await self.ws.recv())
        self.heard.append(message)
        match message["type"]:
            case "welcome":
                self.me = copy.deepcopy(message["me"])
            case "my":
                merge(self.me, message["data"])
            case "snapshot":
                self.states[message["channel"]] = copy.deepcopy(message["data"])
                self.places[message["channel"]] = {key: message[key] for key in ("epoch", "seq")}
            case "ack" | "error" | "retry" | "service":
                pass
            case _:
                assert message["seq"] == self.places[message["channel"]]["seq"] + 1, "an update is missing"
                self.places[message["channel"]]["seq"] += 1
                merge(self.states[message["channel"]], message["data"])
        return message

    async def until(self, true: Callable[[Self], Any]) -> None:
        """Listen until it is true of what was heard; what looks at something not heard of yet is not true."""
        while not self._is(true):
            await self.hear()

    def _is(self, true: Callable[[Self], Any]) -> bool:
        try:
            return bool(true(self))
        except KeyError:
            return False

    async def say(self, type: str, **fields: Any) -> str:
        id: str = fields.pop("id", None) or secrets.token_urlsafe(12)
        await self.ws.send(json.dumps({"type": type, "id": id, **fields}))
        return id

    async def do(self, type: str, **fields: Any) -> Doc:
        """Say a command and listen until its ack (its result) or its failure (its problem)."""
        id = await self.say(type, **fields)
        while True:
            message = await self.hear()
            if message.get("id") == id:
                answer: Doc = message["result"] if message["type"] == "ack" else message["problem"]
                return answer

    async def ask(self, text: str = "Who owns the archive?", **fields: Any) -> str:
        """Ask a question in English; its id."""
        return str((await self.do("question.ask", text=text, lang="en", **fields))["question"])

    @property
    def public(self) -> Doc:
        return self.states[f"{SESSION}/public"]

    @property
    def staff(self) -> Doc:
        return self.states[f"{SESSION}/staff"]


class Site:
    """A running server: `http` speaks to it, `bearer(role)` is a token's header, `talk(role)` a socket that has said hello."""

    def __init__(self, http: httpx.AsyncClient, server: Running) -> None:
        self.http, self.server = http, server
        self.services = server.services
        self.ws = server.url.replace("http", "ws") + "/ws"

    @property
    def relay(self) -> RelayProcess:
        return self.services.relay

    def token(self, role: str, session: str = SESSION, person: str = "", seat: str | None = None) -> str:
        return self.services.tokens.issue(person or f"a-{role}", session, Role(role), "en", role.title(), seat=seat)

    def bearer(self, role: str, session: str = SESSION) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, session)}"}

    @asynccontextmanager
    async def talk(self, role: str = "attendee", person: str = "", token: str = "", **hello: Any) -> AsyncIterator[Talk]:
        async with connect(self.ws, proxy=None, max_queue=None) as ws:  # unread updates must not keep a close from being seen
            talk = Talk(ws)
            await ws.send(json.dumps({"type": "hello", "token": token or self.token(role, person=person), **hello}))
            await talk.until(lambda talk: talk.heard)
            channels = talk.heard[0].get("channels", [])
            await talk.until(lambda talk: "resume" in hello or len(talk.states) == len(channels))
            yield talk

    async def post(self, entrance: str, offer: str, role: str, **headers: str) -> httpx.Response:
        return await self.http.post(f"/{entrance}/{SESSION}", content=offer, headers=SDP | self.bearer(role) | headers)

    def signal(self, entrance: str, role: str) -> Signal:
        async def signal(offer: str) -> str:
            answer = await self.post(entrance, offer, role)
            assert answer.status_code == 201, answer.text
            return answer.text

        return signal

    @property
    def live(self) -> bool:
        return self.relay.live(SESSION)


@asynccontextmanager
async def opened(data: Path, **settings: Any) -> AsyncIterator[Site]:
    """A server on what is in the folder, or on the small programme if it is empty."""
    options = Settings(**({"port": 0, "data": data} | settings))
    async with running(options, seed()) as server, httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False) as http:
        yield Site(http, server)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, viewers=2) as site:
        yield site


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """People may say as much as they like. Use it before `site` is there, which makes the buckets."""
    monkeypatch.setattr("server.sockets.BURST", 5_000)
