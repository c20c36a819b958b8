"""What a `Relay` does, asked of the one in another process: a call goes over the link, and its answer or its error comes back."""

import asyncio
import itertools
from typing import Any, cast

from realtime.relay.errors import RelayDown
from realtime.relay.link import Call, Link
from realtime.relay.pull import PullOffer
from realtime.relay.replies import Answer, Demand, IceRestart, Layer, Resource, StreamStats, Venue, View
from realtime.relay.sending import Counters


class Calls:
    """Each method is the Relay's of its name, and raises RelayDown as well: while there is no link, and when it breaks."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._numbers = itertools.count(1)
        self._peers: set[str] = set()
        """The resources that were answered and have not ended."""
        self._calls: dict[int, asyncio.Future[Any]] = {}

    async def publish(self, session: str, offer: str, lang: str | None = None, venue: Venue = "a") -> Answer:
        return await self._answer("publish", session, offer, lang, venue)

    async def air(self, session: str, venue: Venue) -> None:
        await self._call("air", session, venue)

    async def watch(self, session: str, offer: str, lang: str | None = None, beneath: bool = True) -> Answer:
        return await self._answer("watch", session, offer, lang, beneath)

    async def feed(self, session: str, offer: str, lang: str | None = None) -> Answer:
        return await self._answer("feed", session, offer, lang)

    async def offer_pull(self, lang: str | None = None) -> PullOffer:
        return cast(PullOffer, await self._call("offer_pull", lang))

    async def pull(self, session: str, lang: str | None, offer: PullOffer, answer: str) -> str:
        resource_id = cast(str, await self._call("pull", session, lang, offer, answer))
        self._peers.add(resource_id)
        return resource_id

    async def send_away(self, count: int) -> int:
        return cast(int, await self._call("send_away", count))

    async def demand(self) -> dict[str, Demand]:
        return cast(dict[str, Demand], await self._call("demand"))

    async def counter_offer(self, session: str, lang: str | None = None) -> Answer:
        return await self._answer("counter_offer", session, lang)

    async def accept(self, resource_id: str, answer: str) -> None:
        await self._call("accept", resource_id, answer)

    async def update_ice(self, resource_id: str, fragment: str, tags: tuple[str, ...] | None = None) -> IceRestart | None:
        return cast("IceRestart | None", await self._call("update_ice", resource_id, fragment, tags))

    async def choose(self, resource_id: str, lang: str | None, beneath: bool | None = None) -> str | None:
        return cast("str | None", await self._call("choose", resource_id, lang, beneath))

    async def show(self, resource_id: str, layer: str | None, sees: bool) -> View:
        return cast(View, await self._call("show", resource_id, layer, sees))

    async def view(self, resource_id: str) -> View:
        return cast(View, await self._call("view", resource_id))

    async def resource(self, resource_id: str) -> Resource:
        return cast(Resource, await self._call("resource", resource_id))

    async def end(self, resource_id: str) -> None:
        await self._call("end", resource_id)

    async def layers(self, session: str) -> tuple[Layer, ...]:
        return cast("tuple[Layer, ...]", await self._call("layers", session))

    async def stats(self, session: str) -> StreamStats:
        return cast(StreamStats, await self._call("stats", session))

    async def all_stats(self) -> dict[str, StreamStats]:
        return cast(dict[str, StreamStats], await self._call("all_stats"))

    async def counters(self) -> Counters:
        return cast(Counters, await self._call("counters"))

    async def _answer(self, method: str, *args: Any) -> Answer:
        answer = cast(Answer, await self._call(method, *args))
        self._peers.add(answer.resource_id)
        return answer

    async def _call(self, method: str, *args: Any) -> Any:
        """What the relay answers or raises. Cancelling stops the waiting, not the call."""
        if self._link is None:
            raise RelayDown("the relay is being started again")
        number = next(self._numbers)
        future = self._calls[number] = asyncio.get_running_loop().create_future()
        try:
            self._link.send(Call(number, method, args))
            return await future
        finally:
            del self._calls[number]

    def _resolve(self, number: int, value: Any, error: Exception | None) -> None:
        future = self._calls.get(number)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def _fail(self) -> None:
        """The link is broken: nothing that was asked is answered any more."""
        for future in self._calls.values():
            if not future.done():
                future.set_exception(RelayDown("the relay is being started again"))
