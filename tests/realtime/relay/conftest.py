"""A relay on a free port, and the two signalling calls every client needs."""

from collections.abc import AsyncIterator

import pytest

from realtime.relay import OnAir, Relay
from realtime.relay.dtls import Certificate

VIEWERS = 4
"""As many as may watch a session."""


class House:
    """A running relay with what it told: `changes` of the floor are (session, live), `channels` (lang, live) of its booths.

    `resources` are the ids it gave, newest last; `aired` is what it said of venues.
    """

    def __init__(self, *addresses: str) -> None:
        self.changes: list[tuple[str, bool]] = []
        self.channels: list[tuple[str, bool]] = []
        self.resources: list[str] = []
        self.aired: list[OnAir] = []
        self.relay = Relay("127.0.0.1", 0, addresses or ["127.0.0.1"], on_change=self._note, on_air=self.aired.append, max_viewers=VIEWERS)

    def _note(self, session: str, lang: str | None, live: bool) -> None:
        if lang is None:
            self.changes.append((session, live))
        else:
            self.channels.append((lang, live))

    @property
    def live(self) -> bool:
        return self.relay.live("summit")

    async def publish(self, offer: str) -> str:
        answer = await self.relay.publish("summit", offer)
        self.resources.append(answer.resource_id)
        return answer.sdp

    async def back_up(self, offer: str) -> str:
        """From venue b."""
        answer = await self.relay.publish("summit", offer, venue="b")
        self.resources.append(answer.resource_id)
        return answer.sdp

    async def interpret(self, offer: str) -> str:
        """Into Spanish."""
        answer = await self.relay.publish("summit", offer, "es")
        self.resources.append(answer.resource_id)
        return answer.sdp

    async def watch(self, offer: str) -> str:
        answer = await self.relay.watch("summit", offer)
        self.resources.append(answer.resource_id)
        return answer.sdp


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    async with house.relay:
        yield house


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return Certificate.generateCertificate()
