"""The guest on a session's stage as a publisher: a second source beside the main one, for as long as they are on the stage.

The guest's token is good for two minutes, for this session, and only while its owner is on the stage: it is asked for when it is
needed. Who is called down is taken off the air.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from realtime.relay import Answer, RelayError, RelayProcess
from server.errors import Forbidden
from server.live import LiveSession

logger = logging.getLogger(__name__)


class Stages:
    """One guest's publishing per session, by the relay's resource."""

    def __init__(self, relay: RelayProcess, lives: Mapping[str, LiveSession], spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._relay, self._lives, self._spawn = relay, lives, spawn
        self._resources: dict[str, str] = {}

    def require(self, session: str, person: str) -> None:
        """Raises Forbidden for who is not on the stage now."""
        guest = self._lives[session].podium.floor.guest
        if guest is None or guest.person != person:
            raise Forbidden("you are not on the stage", code="off_stage")

    async def publish(self, session: str, person: str, offer: str) -> Answer:
        """Take the guest's stream. Raises Forbidden, also for who was called down meanwhile, and what the relay raises."""
        self.require(session, person)
        answer = await self._relay.publish(session, offer)
        self.clear(session)
        self._resources[session] = answer.resource_id
        try:
            self.require(session, person)
        except Forbidden:
            self.clear(session)
            raise
        return answer

    def clear(self, session: str) -> None:
        """Take whoever was the guest off the air."""
        resource = self._resources.pop(session, None)
        if resource is not None:
            self._spawn(self._end(resource))

    def owns(self, session: str, resource: str) -> bool:
        """Whether a resource is that of the guest of this session."""
        return self._resources.get(session) == resource

    async def _end(self, resource: str) -> None:
        try:
            await self._relay.end(resource)
        except RelayError as error:
            logger.info("a guest's stream had ended already: %s", error)
