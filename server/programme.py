"""The programme while the service runs: one act after the other, each a commit with its entry in the log, and every session told.

Other processes on the same database hear of an act over the bus and read the programme again. Two of them cannot do an act of the same
number: whose commit fails reads what the other did, and asks the rule once more.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Self

import msgspec
from sqlalchemy.exc import IntegrityError

from realtime.bus import Bus
from server import seeding
from server.cluster.owners import Owners
from server.errors import Conflict
from server.opening import Opening
from sessions import formats, loading, planning
from sessions.loading import Invite
from sessions.moderation import Actor
from sessions.planning import Act, Change
from sessions.programme import Event, Session
from sessions.store import Store, Write

CHANNEL = "programme"
"""Where processes tell each other that it has changed."""

TRIES = 5
"""Commits that may meet another process's; past it the caller is asked to try again."""

logger = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Programme:
    """`async with` it. `invites` are the links into all sessions by code, `opened` is told of each session that has come."""

    def __init__(
        self,
        event: Event,
        invites: dict[str, Invite],
        store: Store,
        bus: Bus,
        opening: Opening,
        owners: Owners,
        spawn: Spawn,
        opened: Callable[[str], None],
    ) -> None:
        self.event, self.invites, self.opening = event, invites, opening
        self._store, self._bus, self._owners, self._spawn, self._opened = store, bus, owners, spawn, opened
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._unlisten = self._bus.listen(self._heard, self._lost)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._unlisten()

    async def change(self, rule: Callable[[Event], Change], actor: Actor) -> Change:
        """Do what a rule makes of the event as it is; it may be asked more than once. Raises what the rule does, and Conflict."""
        async with self._lock:
            for _ in range(TRIES):
                change = rule(self.event)
                if not change.acts:
                    return change
                self.opening.require_room(change.event.sessions)
                invites, writes = self._writes(change, actor)
                try:
                    await self._store.write(*writes)
                except IntegrityError:
                    await self._read()
                    if await self._is_ours(change.acts[-1], actor):
                        return change  # it was committed as the connection broke, and written again
                    continue
                await self._take(change.event, self._linked(change.event, invites))
                self._bus.publish(CHANNEL, str(change.event.version).encode())
                return change
        raise Conflict("others are changing the programme; try again")

    def _writes(self, change: Change, actor: Actor) -> tuple[list[Invite], list[Write]]:
        """The acts first: their numbers are what two processes cannot both have."""
        invites: list[Invite] = []
        writes = [act_write(act, actor) for act in change.acts]
        writes.append(Write("event", {"id": change.event.id, "programme": msgspec.to_builtins(change.event)}))
        held = {session.id: session for session in self.event.sessions}
        for session in change.sessions:
            before = held.get(session.id)
            seats = {seat.id for seat in before.seats} if before is not None else set()
            invites += seeding.invited(session.id) if before is None else []
            invites += seeding.seated(session.id, (seat for seat in session.seats if seat.id not in seats))
            gone = sorted(seats - {seat.id for seat in session.seats})
            writes += [Write("invite.remove", {"session": session.id, "seat": seat}) for seat in gone]
            if before is not None and (before.format, before.rules) != (session.format, session.rules):
                policy = msgspec.to_builtins(formats.policy(session.format, session.rules))
                writes.append(Write("policy", {"session": session.id, "policy": policy}))
        return invites, [*writes, *(seeding.invite_write(invite) for invite in invites)]

    async def _is_ours(self, act: Act, actor: Actor) -> bool:
        """Whether the act of that number is this one."""
        wanted = (act.number, act.at, act.session, actor.person)
        return any((row["number"], row["at"], row["session"], row["actor"]) == wanted for row in await self.log())

    def _linked(self, event: Event, more: list[Invite]) -> dict[str, Invite]:
        """All links, without those to seats that are gone."""
        seats = {(session.id, seat.id) for session in event.sessions for seat in session.seats}
        every = [*self.invites.values(), *more]
        return {invite.code: invite for invite in every if invite.seat is None or (invite.session, invite.seat) in seats}

    async def _take(self, event: Event, invites: dict[str, Invite]) -> None:
        """The event is this one from now on. What cannot be opened is tried again with the next change, and at the next start."""
        held = {session.id: session for session in self.event.sessions}
        for session in event.sessions:
            if session.id not in held:
                await self._owners.add(session)
                self._opened(session.id)
        before, self.event = self.event, event
        self.invites.clear()
        self.invites.update(invites)
        for session in before.sessions:
            after = planning.find(event, session.id)
            if after != session:
                self.opening.amend(after)

    # Other processes

    def _heard(self, channel: str, message: bytes) -> None:
        if channel == CHANNEL and int(message) > self.event.version:
            self._spawn(self._follow())

    def _lost(self) -> None:
        self._spawn(self._follow())

    async def _follow(self) -> None:
        try:
            async with self._lock:
                await self._read()
        except Exception:
            logger.exception("the programme could not be read again")

    async def _read(self) -> None:
        """Take over what other processes have made of the programme."""
        event, invites = await self._store.read(loading.event), await self._store.read(loading.invites)
        if event is not None and event.version > self.event.version:
            await self._take(event, invites)

    async def log(self) -> list[dict[str, Any]]:
        """The newest acts, the newest first."""
        return await self._store.read(partial(loading.programme_acts, limit=planning.ACTS_LIMIT))

    def session(self, id: str) -> Session:
        """Raises NotHere."""
        return planning.find(self.event, id)


def act_write(act: Act, actor: Actor) -> Write:
    who = {"actor": actor.person, "actor_name": actor.name, "actor_role": actor.role}
    return Write("programme.act", msgspec.structs.asdict(act) | who)
