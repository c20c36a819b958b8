"""Everything that lives as long as the service does, opened in order and closed in reverse."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.bus import Bus, MemoryBus
from realtime.endpoint import Endpoint
from realtime.hub import Hub
from realtime.presence import Counts, Presence
from realtime.proxies import Proxies
from realtime.redisbus import RedisBus
from realtime.relay import OnAir, RelayProcess
from realtime.ring import Ring
from server import erasing, seeding
from server.auth import Tokens
from server.captioning import Captioning
from server.cascade import Cascade
from server.cluster.edge import Edge
from server.cluster.host import Host
from server.cluster.owners import Owners
from server.cluster.passing import Passing
from server.dashboard import Dashboard
from server.doorkeeper import Doorkeeper
from server.egress import EventStreams
from server.engines import recognizers, translators
from server.hls import Hls
from server.limits import Buckets, client_of
from server.live import LiveSession
from server.migrating import migrate
from server.opening import Opening
from server.pacing import Pacing
from server.placement import Placement, Where
from server.programme import Programme
from server.registry import Registry
from server.seeding import Seed
from server.settings import Settings
from server.sockets import Sockets
from server.stages import Stages
from server.tools import Tools
from server.translating import TextTranslator
from server.vigil import Vigil
from sessions import loading
from sessions.loading import Invite
from sessions.people import Role
from sessions.programme import Event, Session
from sessions.store import Store, Write

HANDSHAKES_RATE, HANDSHAKES_BURST = 100, 1000
"""Sockets that may be opened from one address (IPv6: a /64), a second and at once; past it 429. A hall is behind one address, a flood
is too."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """`sessions` are all and `lives` those that this process owns, by id; `erased` are marks of people."""

    settings: Settings
    programme: Programme
    sessions: Mapping[str, Session]
    dashboard: Dashboard
    tokens: Tokens
    store: Store
    hub: Hub
    relay: RelayProcess
    events: EventStreams
    hls: Hls
    placement: Placement
    cascade: Cascade
    captioning: Captioning
    lives: dict[str, LiveSession]
    owners: Owners
    host: Host
    passing: Passing
    endpoint: Endpoint
    doorkeeper: Doorkeeper
    pacing: Pacing
    tools: Tools
    stages: Stages
    erased: set[str]

    @property
    def event(self) -> Event:
        """The programme as it is now."""
        return self.programme.event

    @property
    def invites(self) -> dict[str, Invite]:
        """The links into all sessions, by code."""
        return self.programme.invites

    def invite(self, session: str, role: Role) -> Invite:
        """The link into a session as a role. Raises LookupError when there is none."""
        for invite in self.invites.values():
            if (invite.session, invite.role) == (session, role):
                return invite
        raise LookupError(f"there is no link into {session} for a {role}")


@asynccontextmanager
async def opened(settings: Settings, seed: Seed | None = None) -> AsyncIterator[Services]:
    """Bring the database up to date, plant `seed` if it is empty, and open everything. Raises what the parts raise."""
    settings.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        store, event = await stack.enter_async_context(kept(settings, seed))
        group = await stack.enter_async_context(asyncio.TaskGroup())

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            group.create_task(work)

        bus: Bus = RedisBus(settings.bus) if settings.bus else MemoryBus()
        await stack.enter_async_context(bus)
        ring = Ring.open()
        if ring is not None:
            stack.callback(ring.close)
        hub = await stack.enter_async_context(Hub(bus, ring))
        erased = await erasing.marks(store)
        await erasing.finish(store)
        sessions = {session.id: session for session in event.sessions}
        lives: dict[str, LiveSession] = {}
        captioning: Captioning
        events: EventStreams
        hls: Hls

        placement: Placement
        cascade: Cascade

        def changed(session: str, lang: str | None, live: bool) -> None:
            placement.arrived(session, lang, live)
            cascade.heard()

        def placed(session: str, lang: str | None, where: Where) -> None:
            if session not in sessions:
                return  # another node's programme has more than ours
            live = lives.get(session)
            if lang is not None:
                if live is not None:
                    live.interpreting(lang, where is not None)
                return
            if live is not None:
                live.streaming(where is not None)
            captioning.stream_changed(session, where == "here")  # one node hears a session
            events.changed(session, where is not None)
            hls.changed(session, where == "here")

        def aired(air: OnAir) -> None:
            if placement.originates(air.session) and air.session in lives:
                lives[air.session].aired(air.venue, air.arriving)
                stages.aired(air)

        def ended(resource: str) -> None:
            events.ended(resource)
            stages.ended(resource)
            cascade.ended(resource)

        relay = await stack.enter_async_context(_relay(settings, changed, aired, ended))
        stages = Stages(relay, lives, spawn)
        events = await stack.enter_async_context(EventStreams(relay))
        hls = await stack.enter_async_context(Hls(relay))
        captioning = Captioning(
            hub,
            relay.tap,
            recognizers=recognizers(settings, (session.floor for session in event.sessions)),
            translators=await translators(settings),
            keep=partial(_keep, lives),
        )
        await stack.enter_async_context(captioning)
        translator = await stack.enter_async_context(TextTranslator(captioning))
        presence = await stack.enter_async_context(Presence(bus, partial(_counted, lives)))
        tokens = Tokens(settings.signing_key(), sessions, erased)
        registry = None
        if settings.node:
            registry = await stack.enter_async_context(Registry(settings.bus, settings.node))
        placement = Placement(registry, settings.node, settings.viewers, relay, placed)
        await stack.enter_async_context(placement)
        cascade = await stack.enter_async_context(Cascade(placement, relay, tokens, settings.node))
        opening = Opening(settings, store, hub, captioning, translator, placement, sessions, lives, spawn, erased)
        owners = Owners(registry, settings.node, sessions, lives, store, opening.open, opening.close)
        await stack.enter_async_context(owners)
        edge = None
        if registry is not None:
            edge = Edge(owners, hub, tokens, settings.node, spawn, lambda conn, data: sockets.received(conn, data))
            stack.callback(edge.close)
        sockets = Sockets(tokens, lives, hub, presence, captioning, translator, stages, sessions, edge, lambda: vigil.degraded)
        endpoint = await stack.enter_async_context(_endpoint(settings, sockets))
        vigil = await stack.enter_async_context(Vigil(hub, endpoint))
        invites = await store.read(loading.invites)
        programme = await stack.enter_async_context(Programme(event, invites, store, bus, opening, owners, spawn, placement.tell_again))
        dashboard = await stack.enter_async_context(Dashboard(lives, relay, placement, captioning))
        yield Services(
            settings=settings,
            programme=programme,
            sessions=sessions,
            dashboard=dashboard,
            tokens=tokens,
            store=store,
            hub=hub,
            relay=relay,
            events=events,
            hls=hls,
            placement=placement,
            cascade=cascade,
            captioning=captioning,
            lives=lives,
            owners=owners,
            host=Host(endpoint, tokens),
            passing=await stack.enter_async_context(Passing(tokens, settings.node)),
            endpoint=endpoint,
            doorkeeper=Doorkeeper(),
            pacing=Pacing(),
            tools=Tools(),
            stages=stages,
            erased=erased,
        )


@asynccontextmanager
async def kept(settings: Settings, seed: Seed | None = None) -> AsyncIterator[tuple[Store, Event]]:
    """The store and the event in it, the database up to date. Raises what a broken database or programme raises."""
    store = Store(settings.database_url())
    await asyncio.to_thread(migrate, store.engine)
    async with store:
        yield store, await _event(store, settings, seed)


async def _event(store: Store, settings: Settings, seed: Seed | None) -> Event:
    event = await store.read(loading.event)
    if event is not None:
        return event
    if seed is None:
        seed = seeding.from_file(settings.programme) if settings.programme is not None else seeding.starter()
    await seeding.plant(store, seed)
    return seed.event


def _relay(
    settings: Settings, changed: Callable[[str, str | None, bool], None], aired: Callable[[OnAir], None], ended: Callable[[str], None]
) -> RelayProcess:
    for address in settings.media_addresses:
        ip_address(address)  # its own process would die of a wrong one, and say so in a traceback
    return RelayProcess(
        settings.host,
        settings.media_port,
        settings.media_addresses,
        on_change=changed,
        on_air=aired,
        on_end=ended,
        record=settings.recordings,
        max_viewers=settings.viewers,
    )


def _endpoint(settings: Settings, sockets: Sockets) -> Endpoint:
    handshakes = Buckets(HANDSHAKES_RATE, HANDSHAKES_BURST)
    return Endpoint(
        opened=sockets.opened,
        received=sockets.received,
        closed=sockets.closed,
        delegate=WebSocketsSansIOProtocol,
        origins=tuple(settings.origins),
        welcome=lambda address: handshakes.of(client_of(address)).take(),
        proxies=Proxies(settings.proxies),
        regrown=sockets.regrown,
    )


def _counted(lives: dict[str, LiveSession], session: str, counts: Counts) -> None:
    if session in lives:  # another process' programme may be a moment ahead
        lives[session].counted(counts)


def _keep(lives: dict[str, LiveSession], session: str, lang: str, number: int, cue: dict[str, Any]) -> None:
    """A final caption line becomes a row. One that is lost is still seen by who is here; the log says so."""
    if session not in lives:
        return  # the next owner hears it

    def done(error: Exception | None) -> None:
        if error is not None:
            logger.error("caption %s of %s in %s was not kept: %s", number, session, lang, error)

    lives[session].submit(Write("cue", {"session": session, "lang": lang, "number": number, "cue": cue}), done)
