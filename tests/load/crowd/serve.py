"""A conference of the load's own, like the demo's without its film: `python -m tests.load.crowd.serve FOLDER` prints its port."""

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop
from msgspec import structs

from server import services
from server.demo.polls import polls
from server.demo.questions import questions
from server.seeding import Seed
from server.serving import running, spare_collector
from server.settings import Settings
from sessions.programme import Event, Track
from tests.load.crowd.plan import CODES
from tests.server.site import SESSION, session

HANDSHAKES = 5_000
"""Sockets a second and at once: the crowd has one address here, and people have their own."""

CAPTIONS = ["en", "es", "fr", "ar", "zh"]


def seed() -> Seed:
    now = time.time_ns() // 1_000_000
    forum = structs.replace(session(SESSION), captions=CAPTIONS)
    event = Event(id="load", names={"en": "Load"}, tracks=[Track(id="film", names={"en": "Film"})], sessions=[forum])
    return Seed(event, questions={SESSION: questions(now)}, polls={SESSION: polls(now)})


async def serve(data: Path) -> None:
    services.HANDSHAKES_RATE = services.HANDSHAKES_BURST = HANDSHAKES
    async with running(Settings(port=0, data=data), seed()) as server:
        spare_collector()
        (data / CODES).write_text(json.dumps({invite.role: invite.code for invite in server.services.invites.values()}))
        print(server.url.rsplit(":", 1)[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
