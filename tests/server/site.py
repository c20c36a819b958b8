"""A server with the media routes on a real port, for the tests that speak WHIP and WHEP."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from realtime.relay import Relay
from server import errors
from server.routes import media
from tests.realtime.relay.clients import Signal, until

SDP = {"Content-Type": "application/sdp"}
SESSION = "summit"


class Site:
    """A running server: `http` speaks to it, `bearer(role)` is a token's header."""

    def __init__(self, http: httpx.AsyncClient, relay: Relay) -> None:
        self.http = http
        self.relay = relay

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role)}"}

    def token(self, role: str) -> str:
        return f"{role}.{SESSION}"

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


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app = FastAPI()
    errors.install(app)
    app.include_router(media.router)
    async with Relay("127.0.0.1", 0, ["127.0.0.1"], max_viewers=2) as relay:
        app.state.services = SimpleNamespace(relay=relay)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            yield Site(http, relay)
        server.should_exit = True
        await serving
