"""The guest on a session's stage as a publisher: from venue b, which goes on air with the guest's first packet.

The main source goes on beside it and is on air again when the guest leaves. A guest's token alone opens nothing: its owner has to be on
the stage, and who is called down is taken off the air.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from realtime.relay import Answer, OnAir, RelayError, RelayProcess
from server.errors import Conflict, Forbidden
from server.live import LiveSession

logger = logging.getLogger(__name__)


class Stages:
    """One guest's publishing per session, by the relay's resource."""

    def __init__(self, relay: RelayProcess, lives: Mapping[str, LiveSession], spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._relay, self._lives, self._spawn = relay, lives, spawn
        self._resources: dict[str, str] = {}
        self._coming: set[str] = set()
        """Sessions whose guest has not been on air yet."""

    def require(self, session: str, person: str) -> None:
        """Raises Forbidden for who is not on the stage now."""
        guest = self._lives[session].podium.floor.guest
        if guest is None or guest.person != person:
            raise Forbidden("you are not on the stage", code="off_stage")

    def require_vacant(self, session: str) -> None:
        """Raises Conflict for a backup encoder while a guest publishes from its venue."""
        if session in self._resources:
            raise Conflict("a guest is on the stage", code="stage_taken", retry_after=10)

    async def publish(self, session: str, person: str, offer: str) -> Answer:
        """Take the guest's stream. Raises Forbidden, also for who was called down meanwhile, and what the relay raises."""
        self.require(session, person)
        answer = await self._relay.publish(session, offer, venue="b")
        self.clear(session)
        self._resources[session] = answer.resource_id
        self._coming.add(session)
        try:
            self.require(session, person)
        except Forbidden:
            self.clear(session)
            raise
        return answer

    def clear(self, session: str) -> None:
        """Take whoever was the guest off the air."""
        self._coming.discard(session)
        resource = self._resources.pop(session, None)
        if resource is not None:
            self._spawn(self._try(self._relay.end(resource)))

    def owns(self, session: str, resource: str) -> bool:
        """Whether a resource is that of the guest of this session."""
        return self._resources.get(session) == resource

    def aired(self, air: OnAir) -> None:
        """The guest is put on air once, when they arrive; afterwards staff may switch as it likes."""
        if air.session in self._coming and "b" in air.arriving:
            self._coming.discard(air.session)
            self._spawn(self._try(self._relay.air(air.session, "b")))

    def ended(self, resource: str) -> None:
        """A peer of the relay is gone."""
        for session in [session for session, mine in self._resources.items() if mine == resource]:
            del self._resources[session]
            self._coming.discard(session)

    async def _try(self, call: Coroutine[Any, Any, None]) -> None:
        try:
            await call
        except RelayError as error:
            logger.info("a guest's stream is not there any more: %s", error)
