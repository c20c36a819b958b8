"""A session while it runs: commands change its memory at once, the writer makes them durable, then everyone hears.

The path of a command: `sockets` -> `execute` -> its handler in `commands/` (pure rules) -> one job for the store ->
after the commit: the update to the audiences, what is the person's own, and the ack.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from copy import copy
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from realtime.closing import CloseCode
from realtime.endpoint import Connection
from realtime.hub import Hub
from realtime.presence import Counts
from realtime.relay import Venue
from server import views, wire
from server.audience import Audience
from server.auth import Principal
from server.community import Community
from server.errors import Conflict, Unavailable
from server.patch import Doc
from server.podium import Podium
from server.results import Results, Sockets
from server.safe import Safe
from server.soon import Soon
from server.wire import UpdateType
from sessions import formats, loading, merging, polls, wording
from sessions.ballots import Answer
from sessions.errors import Overloaded
from sessions.loading import REPLIES_LIMIT, Held
from sessions.people import RIGHTS, Role
from sessions.planning import Running
from sessions.polls import Poll
from sessions.programme import Session
from sessions.questions import Question
from sessions.store import Fenced, Store, Term, Write

COALESCE = 0.25
"""Seconds between two updates of the counts: four a second, however many vote."""

REACTIONS = 1.0
"""Seconds between two updates of the reactions."""

SOCKETS_LIMIT = 32
"""Sockets of one person in a session; past it the oldest is closed with 4409."""

RETRY = 1.0
"""Seconds between two tries to read a session again after a write was lost."""

logger = logging.getLogger(__name__)


class Reply(Protocol):
    """Takes what is to be told first and the answer, which is the last."""

    def __call__(self, *messages: bytes) -> None: ...


class Change(Struct, frozen=True):
    """What an update is about: ids of questions and polls, and whether the questions' `desk` is (the stage, the order, the log) or the
    `podium` (the policy, the floor, the summit).
    """

    type: UpdateType
    questions: tuple[str, ...] = ()
    polls: tuple[str, ...] = ()
    desk: bool = False
    podium: bool = False


class Outcome(Struct):
    """What a handler did: the rows to write, the update to publish, counts to tell soon, patches on `Me` by person, the ack's result.

    `keyed` needs no row for its reply (another holds its key, or none may); `voted` is the poll that the person now has a ballot in.
    """

    writes: list[Write] = []
    change: Change | None = None
    soon: Change | None = None
    reactions: bool = False
    mine: dict[str, Doc] = {}
    result: Doc = {}
    after: Callable[[], None] | None = None
    keyed: bool = False
    voted: str | None = None


class Underway(Struct, frozen=True):
    """A command that is not durable yet, by what it said, and who wait for it."""

    said: str
    replies: list[Reply]


class LiveSession:
    """One session's state, its two audiences, and the sockets of its people.

    Where several processes could own it, `term` is this one's, and `deposed` is called when another one's turns out to have begun.
    """

    def __init__(
        self,
        session: Session,
        held: Held,
        hub: Hub,
        store: Store,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        safe: Safe,
        term: Term | None = None,
        deposed: Callable[[], None] = lambda: None,
    ) -> None:
        self.session, self.safe, self._term, self._deposed = session, safe, term, deposed
        self._take(held)
        self._store, self._spawn = store, spawn
        self._streaming = False
        self._interpreting: set[str] = set()
        self._venues = wire.Venues("a", [])
        self._people = Counts()
        self.community = Community(hub, session.id, held.community, self._tell_apart, lambda: self.podium.policy.chat)
        self.public = Audience(hub, f"{session.id}/public", self._state(staff=False))
        self.staff = Audience(hub, f"{session.id}/staff", self._state(staff=True))
        self._sockets: Sockets = {}
        self.results = Results(hub, session.id, self._sockets)
        self.results.settle(self.polls.items.values())
        self._underway: dict[tuple[str, str], Underway] = {}
        self._settled = asyncio.Event()
        self._broken = self._rewriting = self.leaving = False
        self._rewrites = asyncio.Lock()
        self._counts: Soon[tuple[str, str], UpdateType] = Soon(COALESCE, self._tell_counts)
        self._reacted: Soon[str, UpdateType] = Soon(REACTIONS, self._tell_reactions)

    def _take(self, held: Held) -> None:
        self.questions, self.log, self.polls, self.reactions = held.questions, held.log, held.polls, held.reactions
        self.podium = Podium(self.session, held.podium)
        # Ordered, because a plain dict looks past all that was ever taken from its front.
        self._replies, self.entitled = OrderedDict(held.replies), held.entitled
        for poll in self.polls.items.values():
            if poll.count is not None:  # a close that was cut short after its commit
                self.safe.destroy(poll.id, poll.round)

    # Commands

    def execute(self, handler: Callable[["LiveSession"], Outcome], person: str, key: str, said: str, reply: Reply) -> None:
        """Run a command once per person and key. `reply` gets the ack after the commit, or the failure if it could not be kept.

        `said` tells commands apart. Raises Conflict for a key that was another's, and what the rules raise: then nothing has changed.
        """
        if self._answered(person, key, said, reply):
            return
        if self._broken or self.leaving:
            raise Overloaded("the session is being read again; try in a moment")
        self._store.room()
        outcome = handler(self)
        result = wire.encode(outcome.result).decode()
        told = self._views(outcome.change)
        self._underway[person, key] = Underway(said, [reply])
        if not outcome.keyed:
            remembered = {"person": person, "key": key, "session": self.session.id, "result": result, "said": said, "at": _now()}
            outcome.writes.append(Write("reply", remembered))
        self._store.submit(outcome.writes, lambda error: self._committed(person, key, outcome, told, result, error), self._term)

    async def keep(self, *writes: Write) -> None:
        """Write rows that are part of the session. Raises what the store does."""
        await self._store.write(*writes, term=self._term)

    def submit(self, write: Write, done: Callable[[Exception | None], None]) -> None:
        """As `keep`, without waiting."""
        self._store.submit([write], done, self._term)

    async def settle(self) -> None:
        """Take no more commands, and wait until those that were taken are answered: another process is to own the session."""
        self.leaving = True
        if self._underway:
            self._settled.clear()
            await self._settled.wait()

    def _answered(self, person: str, key: str, said: str, reply: Reply) -> bool:
        """Whether the command was done or is under way: then its answer is on its way too."""
        underway, known = self._underway.get((person, key)), self._replies.get((person, key))
        if underway is not None:
            _require_same(underway.said, said)
            underway.replies.append(reply)
        elif known is not None:
            _require_same(known[1], said)
            reply(_ack(key, known[0]))
        return underway is not None or known is not None

    def _committed(self, person: str, key: str, outcome: Outcome, told: tuple[Doc, Doc], result: str, error: Exception | None) -> None:
        underway = self._underway.pop((person, key))
        if not self._underway:
            self._settled.set()  # which `settle` hears after the answers below
        if error is not None:
            self._failed(key, underway.replies)
            if isinstance(error, Fenced):
                self._deposed()
            return
        self._remember(person, key, (result, underway.said))
        if outcome.change is not None:
            self.public.tell(outcome.change.type, told[0])
            self.staff.tell(outcome.change.type, told[1])
            self._settle(outcome.change)
        if outcome.voted is not None:
            self.results.admit(person, self.polls.find(outcome.voted))
        self._soon(outcome)
        self._answer(person, outcome.mine, _ack(key, result), underway.replies)
        if outcome.after is not None:
            outcome.after()
        self._mend()

    def _answer(self, person: str, mine: dict[str, Doc], ack: bytes, replies: list[Reply]) -> None:
        """What is their own to all it concerns; a socket that waits for the ack gets both in one write, half of what a vote costs."""
        told = {who: _my(patch) for who, patch in mine.items()}
        for who, message in told.items():
            for conn in self._sockets.get(who, ()):
                if who != person or conn.send not in replies:
                    conn.send(message)
        first = (told[person],) if person in told else ()
        for reply in replies:
            reply(*first, ack)

    def _settle(self, change: Change) -> None:
        for id in change.polls:
            poll = self.polls.items.get(id)
            if poll is None:
                self.results.close(id)
            else:
                self.results.settle((poll,))

    def _remember(self, person: str, key: str, answer: Answer) -> None:
        self._replies[person, key] = answer
        while len(self._replies) > REPLIES_LIMIT:
            self._replies.popitem(last=False)

    def forget(self, answered: Iterable[tuple[str, str]]) -> None:
        """Answers that nobody shall find any more, by person and key."""
        for known in answered:
            self._replies.pop(known, None)

    def joined(self, role: Role) -> None:
        """Someone came in by a link."""
        self.entitled += "poll.vote" in RIGHTS[role]

    def _failed(self, key: str, replies: list[Reply]) -> None:
        """A write was lost, so memory is ahead of the rows: answer, take nothing new, and start over from the rows."""
        for reply in replies:
            reply(wire.failure(key, Unavailable("this could not be kept; try again").as_dict()))
        self._broken = True
        self._mend()

    def _mend(self) -> None:
        if self._broken and not self._underway and not self._rewriting and not self.leaving:
            self._spawn(self._reload())

    async def rewrite(self, writes: Callable[[], Iterable[Write]]) -> None:
        """Change rows beneath the session, and start over from them. What comes in meanwhile is refused as Overloaded.

        What to write is asked for once nothing changes any more.
        """
        async with self._rewrites:
            self._broken = self._rewriting = True
            try:
                await self.keep(*writes())
                await self._reload()
            finally:
                self._rewriting = False
                self._mend()

    async def _reload(self) -> None:
        while not self.leaving:
            try:
                held = await self._store.read(lambda db: loading.held(db, self.session.id, self.safe))
                break
            except Exception:
                logger.exception("session %s could not be read again; trying on", self.session.id)
                await asyncio.sleep(RETRY)
        if self.leaving:
            return
        self._take(held)
        self.community.restate(held.community)
        self.public.restate(self._state(staff=False))
        self.staff.restate(self._state(staff=True))
        self.results.restate(self.polls)
        self._broken = False

    # What readers know

    def _state(self, *, staff: bool) -> Doc:
        questions = {id: views.question(self.questions, item, staff=staff) for id, item in self.questions.items.items()}
        polls = {id: views.poll(item, staff=staff) for id, item in self.polls.items.items()}
        state: Doc = {
            "session": msgspec.to_builtins(self.session),
            "questions": {id: view for id, view in questions.items() if view is not None},
            "polls": {id: view for id, view in polls.items() if view is not None},
            "live": self._streaming,
            "interpreting": sorted(self._interpreting),
            "presence": views.presence(self._people, staff=staff),
            "reactions": dict(self.reactions.counts),
            "announcements": {id: view for id, view in self.community.announced(staff=staff).items() if view is not None},
        }
        if staff:
            state["venues"] = msgspec.to_builtins(self._venues)
        more = views.desk(self.questions, self.log, staff=staff) | self.podium.parts(staff=staff)
        return state | {key: value for key, value in more.items() if value is not None}

    def _views(self, change: Change | None) -> tuple[Doc, Doc]:
        """The changed objects for everyone and for staff, as they are now: later commands have not touched them yet."""
        return (self._parts(change, staff=False), self._parts(change, staff=True)) if change is not None else ({}, {})

    def _parts(self, change: Change, *, staff: bool) -> Doc:
        parts: Doc = views.desk(self.questions, self.log, staff=staff) if change.desk else {}
        if change.podium:
            parts |= self.podium.parts(staff=staff)
        if change.questions:
            parts["questions"] = {id: views.question(self.questions, self.questions.find(id), staff=staff) for id in change.questions}
        if change.polls:
            parts["polls"] = {id: views.poll(self.polls.items.get(id), staff=staff) for id in change.polls}
        return parts

    def me(self, caller: Principal) -> wire.Me:
        """What is a person's own, from the rows' memory."""
        person = caller.person
        return wire.Me(
            person=wire.Person(id=person, role=caller.role, lang=caller.lang, name=caller.name),
            rights=sorted(RIGHTS[caller.role]),
            ballots={id: poll.ballots[person] for id, poll in self.polls.items.items() if person in poll.ballots and not poll.secret},
            cast={id: True for id, poll in self.polls.items.items() if poll.secret and poll.has_voted(person)},
            voted={id: True for id, item in self.questions.items.items() if self.questions.wants(item, person)},
            questions={
                id: msgspec.convert(views.own(self.questions, item), wire.OwnQuestion)
                for id, item in self.questions.items.items()
                if item.author == person
            },
            **self.podium.own(person, caller.seat),
            **self.community.mine(person),
        )

    # Counts, a few times a second

    def _soon(self, outcome: Outcome) -> None:
        if outcome.soon is not None:
            for id in outcome.soon.questions:
                self._counts.mark(("questions", id), outcome.soon.type)
            for id in outcome.soon.polls:
                self._counts.mark(("polls", id), outcome.soon.type)
        if outcome.reactions:
            self._reacted.mark("reactions", "reaction.counted")

    def _tell_counts(self, dirty: dict[tuple[str, str], UpdateType]) -> None:
        """Tell the counts as they are. They may be some votes ahead of the commit; a failed one takes them back (restate)."""
        if any(kind == "questions" for kind, _ in dirty):
            self._tell_both("question.voted", {"next": views.following(self.questions)})
        for (kind, id), type in dirty.items():
            change = Change(type, questions=(id,) if kind == "questions" else (), polls=(id,) if kind == "polls" else ())
            if kind == "polls" and id in self.polls.items:
                self.results.tell(self.polls.items[id])
            for audience, staff in ((self.public, False), (self.staff, True)):
                audience.tell(type, self._parts(change, staff=staff))

    def _tell_reactions(self, _: dict[str, UpdateType]) -> None:
        self._tell_both("reaction.counted", {"reactions": dict(self.reactions.counts)})

    def counted(self, counts: Counts) -> None:
        """Told to the public without regions that are of few."""
        self._people = counts
        self._tell_apart("presence.counted", *({"presence": views.presence(counts, staff=staff)} for staff in (False, True)))

    def streaming(self, live: bool) -> None:
        self._streaming = live
        self._tell_both("stream.changed", {"live": live})

    def interpreting(self, lang: str, live: bool) -> None:
        (self._interpreting.add if live else self._interpreting.discard)(lang)
        self._tell_both("booth.changed", {"interpreting": sorted(self._interpreting)})

    def aired(self, venue: Venue, arriving: Sequence[Venue]) -> None:
        self._venues = wire.Venues(venue, list(arriving))
        self.staff.tell("venue.changed", {"venues": msgspec.to_builtins(self._venues)})

    @property
    def live(self) -> bool:
        return self._streaming

    @property
    def people(self) -> Counts:
        """How many are here, at all processes, by what they are and say of themselves."""
        return self._people

    def _tell_both(self, type: UpdateType, parts: Doc) -> None:
        self._tell_apart(type, parts, parts)

    def _tell_apart(self, type: UpdateType, public: Doc, staff: Doc) -> None:
        self.public.tell(type, public)
        self.staff.tell(type, staff)

    def amend(self, session: Session) -> None:
        """The programme has changed, and everyone here is told."""
        before, self.session = self.session, session
        self.podium.amend(before, session)
        public, staff = ({"session": msgspec.to_builtins(session)} | self.podium.parts(staff=staff) for staff in (False, True))
        self._tell_apart("programme.changed", public, staff)

    @property
    def running(self) -> Running:
        """What has to be gone on with, whatever the programme says."""
        podium = self.podium
        seated = frozenset(seat for seat, people in podium.delegates.items() if people)
        busy = bool(podium.floor.hands) or podium.summit.speech is not None
        return Running(self._streaming, frozenset(self._interpreting), busy, seated)

    # People

    def join(self, person: str, role: Role, conn: Connection) -> None:
        sockets = self._sockets.setdefault(person, {})
        sockets[conn] = role
        if len(sockets) > SOCKETS_LIMIT:
            next(iter(sockets)).close(CloseCode.REPLACED, "opened elsewhere")

    def expel(self, person: str) -> None:
        """Close all sockets of someone who is no longer anyone here."""
        for conn in list(self._sockets.get(person, ())):
            conn.close(CloseCode.BAD_TOKEN, "this person was erased")

    def policed(self) -> None:
        """The policy is another: whom the chat is not for any more hears nothing more of it."""
        for sockets in self._sockets.values():
            for conn, role in sockets.items():
                if not formats.admits(self.podium.policy.chat, role):
                    self.community.shut_chat(conn)

    def leave(self, person: str, conn: Connection) -> None:
        sockets = self._sockets.get(person, {})
        sockets.pop(conn, None)
        if not sockets:
            self._sockets.pop(person, None)

    # Translations

    async def add_translation(self, id: str, lang: str, text: str, of: str) -> None:
        """Keep a machine's translation of a question that said `of`, and tell it with what it shows to be similar."""
        if not wording.translated(self.questions, id, lang, text, of):
            return
        merging.compare(self.questions, id)
        if await self.keep_translation(question_write(self.session.id, self.questions.find(id))):
            self._tell_apart("question.translated", *self._views(Change("question.translated", questions=(id,))))

    async def keep_translation(self, write: Write) -> bool:
        """Whether it was kept; one that was not is lost, and memory has it until the next start.

        None is kept while memory is behind the rows: it would bring back what was just erased.
        """
        if self._broken or self.leaving:
            return False
        try:
            await self.keep(write)
        except Fenced:
            self._deposed()
            return False
        except Exception:
            logger.exception("a translation was not kept")
            return False
        return True

    async def add_poll_translation(self, id: str, lang: str, text: str, of: str) -> None:
        """Keep a machine's translation of a poll's words `of`, wherever it says them, and tell it."""
        poll = self.polls.items.get(id)
        if poll is None or not polls.translated(poll, lang, text, of):
            return
        if await self.keep_translation(poll_write(self.session.id, poll)):
            self._tell_apart("poll.translated", *self._views(Change("poll.translated", polls=(id,))))

    @property
    def sockets(self) -> list[Connection]:
        """All that are in the session, of this process and of others."""
        return [conn for sockets in self._sockets.values() for conn in sockets]

    def close(self) -> None:
        """Say nothing more, and leave the channels to whoever owns the session next."""
        self.leaving = True
        self.community.close()
        self._counts.close()
        self._reacted.close()
        self.results.end()
        for audience in (self.public, self.staff):
            audience.close()


def poll_write(session: str, poll: Poll) -> Write:
    """The row of a poll as it is now."""
    row = {name: getattr(poll, name) for name in ("id", "order", "state", "round", "opened_at", "paused_at")}
    row |= {"held": dict(poll.held), "translations": dict(poll.translations)}
    return Write("poll", row | {"session": session, "form": msgspec.to_builtins(poll.form)})


def question_write(session: str, question: Question) -> Write:
    """The row of a question as it is now."""
    # Copies: the row is written later, by another thread.
    row = {name: copy(getattr(question, name)) for name in question.__struct_fields__ if name != "votes"}
    return Write("question", row | {"session": session})


def _require_same(before: str | None, said: str) -> None:
    if before not in (said, None):
        raise Conflict("this key was another command's; take a new one", code="key_reused")


def _my(patch: Doc) -> bytes:
    return wire.encode(wire.My(data=msgspec.Raw(wire.encode(patch))))


def _ack(key: str, result: str) -> bytes:
    return wire.encode(wire.Ack(id=key, result=msgspec.Raw(result.encode())))


def _now() -> int:
    return time.time_ns() // 1_000_000
