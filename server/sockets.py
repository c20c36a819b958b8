"""The socket `/ws`: a hello makes a connection a person's, then commands come in and answers go out."""

import json
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from realtime.closing import CloseCode
from realtime.endpoint import Connection
from realtime.errors import DeliveryError
from realtime.hub import Hub
from realtime.presence import Presence
from server import wire
from server.auth import Principal, Tokens
from server.captioning import Captioning
from server.cluster.edge import Away, Edge
from server.commands import ACTS, perform
from server.commands.context import Context
from server.errors import BadRequest, Forbidden, Problem, TooMany, problem_from
from server.limits import Bucket, Buckets
from server.live import LiveSession
from server.stages import Stages
from server.translating import TextTranslator
from sessions.errors import RuleError
from sessions.text import language

RATE, BURST = 10, 40
"""Commands a second of one person, on all their sockets together, and at once; past it each is refused as rate_limited and changes
nothing."""

RESULTS_LIMIT = 16
"""Tallies that a connection follows from the start; the rest it may ask for."""

REFUSALS = 200
"""Refusals in a row for which a connection is closed with 1008: it does not listen."""


@dataclass(slots=True)
class Client:
    """What a connection is once it has said hello."""

    context: Context
    bucket: Bucket
    refused: int = 0


class Sockets:
    """The callbacks of the Endpoint. `lives` are the sessions of this process, `sessions` are all; the others are beyond the `edge`."""

    def __init__(
        self,
        tokens: Tokens,
        lives: dict[str, LiveSession],
        hub: Hub,
        presence: Presence,
        captioning: Captioning,
        translator: TextTranslator,
        stages: Stages,
        sessions: Container[str],
        edge: Edge | None,
        degraded: Callable[[], bool],
    ) -> None:
        self._sessions, self._edge = sessions, edge
        self._tokens, self._lives, self._hub, self._presence = tokens, lives, hub, presence
        self._paces = Buckets(RATE, BURST)
        self._captioning, self._translator, self._stages = captioning, translator, stages
        self._degraded = degraded

    def opened(self, conn: Connection) -> None:
        """Nothing yet: the endpoint waits some seconds for a hello."""

    def closed(self, conn: Connection, code: int) -> None:
        if isinstance(conn.attach, Client):
            context = conn.attach.context
            context.live.leave(context.caller.person, conn)
            self._presence.leave(context.live.session.id, conn, person=context.caller.person)
        elif isinstance(conn.attach, Away) and self._edge is not None:
            self._edge.left(conn, code)

    def regrown(self, conn: Connection) -> None:
        """Many have come, or gone, since the client was told when to come back."""
        conn.send(wire.encode(wire.Retry(window=conn.window())))

    def received(self, conn: Connection, data: bytes) -> None:
        if isinstance(conn.attach, Away):
            self._pass_on(conn, conn.attach, data)
            return
        try:
            message = wire.client_message.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._refuse(conn, _id_in(data), BadRequest(str(error), code="bad_command"))
            return
        id = None if isinstance(message, wire.Hello) else message.id
        try:
            if isinstance(message, wire.Hello):
                self._hello(conn, message, data)
            else:
                self._command(conn, message)
        except (Problem, RuleError, DeliveryError) as error:
            self._refuse(conn, id, _problem(error))

    def _pass_on(self, conn: Connection, away: Away, data: bytes) -> None:
        """What a client says goes to the process that owns its session; no faster than it would take it."""
        assert self._edge is not None
        try:
            if not away.take():
                raise TooMany("too many commands; slow down", retry_after=1)
            self._edge.say(conn, data)
        except Problem as problem:
            conn.send(wire.failure(_id_in(data), problem.as_dict()))
            away.refused += 1
            if away.refused >= REFUSALS:
                conn.close(CloseCode.POLICY, "nothing you say is understood")
        else:
            away.refused = 0

    def _hello(self, conn: Connection, hello: wire.Hello, data: bytes) -> None:
        if conn.attach is not None:
            raise BadRequest("hello was said already", code="bad_command")
        try:
            caller = self._tokens.read(hello.token)
        except Problem as problem:
            conn.send(wire.failure(None, problem.as_dict()))
            conn.close(CloseCode.BAD_TOKEN, problem.detail)
            return
        if caller.session not in self._sessions or not caller.may("session.read"):
            refusal = Forbidden("this token opens no session here")
            conn.send(wire.failure(None, refusal.as_dict()))
            conn.close(CloseCode.FORBIDDEN, refusal.detail)
            return
        live = self._lives.get(caller.session)
        if live is not None and not live.leaving:
            self._admit(conn, hello, caller, live)
        elif self._edge is not None:
            self._edge.enter(conn, caller.session, data, self._paces.of(f"{caller.session}/{caller.person}").take)
        else:
            conn.close(CloseCode.RESTART)

    def _admit(self, conn: Connection, hello: wire.Hello, caller: Principal, live: LiveSession) -> None:
        channels = [live.staff.channel if caller.may("staff.read") else live.public.channel]
        lang = caller.lang if hello.captions is None else language(hello.captions)
        if hello.captions is not None:
            channels.append(self._caption_channel(live, lang))
        channels += live.results.of(caller.person, live.polls)[:RESULTS_LIMIT]
        conn.settle()
        context = Context(live, caller, self._captioning, self._translator, self._stages)
        conn.attach = Client(context, self._paces.of(f"{live.session.id}/{caller.person}"))
        live.join(caller.person, caller.role, conn)
        now = time.time_ns() // 1_000_000
        me = live.me(caller)
        welcome = wire.Welcome(connection=f"{id(conn):x}", server_time=now, window=conn.window(), channels=channels, me=me)
        conn.send(wire.encode(welcome))
        if self._degraded():
            conn.send(wire.encode(wire.Service(degraded=True)))
        for channel in channels:
            resume = hello.resume.get(channel)
            self._hub.subscribe(conn, channel, (resume.epoch, resume.seq) if resume is not None else None)
        about = {"role": caller.role, "language": lang, "region": caller.region or ""}
        self._presence.join(live.session.id, conn, person=caller.person, **about)

    def _caption_channel(self, live: LiveSession, lang: str) -> str:
        if lang not in live.session.captions:
            raise BadRequest(f"captions are in {', '.join(live.session.captions)}", code="unknown_channel")
        return f"{live.session.id}/captions/{lang}"

    def _command(self, conn: Connection, command: Any) -> None:
        client = conn.attach
        if not isinstance(client, Client):
            raise BadRequest("say hello first", code="bad_command")
        if not client.bucket.take():
            raise TooMany("too many commands; slow down", retry_after=1)
        client.refused = 0
        kind, context = type(command), client.context
        if context.live.leaving:
            return  # unanswered: the client is about to be sent away, and says it again at the session's next owner
        if kind not in ACTS:
            self._follow(conn, context, command)
            return
        act = ACTS[kind]
        if not context.caller.may(act):
            raise Forbidden(f"your role ({context.caller.role}) has no right to {act}")
        person, said = context.caller.person, wire.fingerprint(command)
        context.live.execute(lambda _: perform(context, command), person, command.id, said, conn.send)

    def _follow(self, conn: Connection, context: Context, command: wire.ChannelSubscribe | wire.ChannelUnsubscribe) -> None:
        live, name = context.live, command.channel
        allowed = {
            live.public.channel,
            *live.results.of(context.caller.person, live.polls),
            *(f"{live.session.id}/captions/{lang}" for lang in live.session.captions),
            *live.community.channels(context.caller),
        }
        if context.caller.may("staff.read"):
            allowed.add(live.staff.channel)
        if context.caller.may("glossary.set"):
            allowed.add(f"{live.session.id}/glossary")
        if name not in allowed:
            raise Forbidden("there is no such channel for you", code="unknown_channel")
        if isinstance(command, wire.ChannelSubscribe):
            resume = command.resume
            conn.send(wire.encode(wire.Ack(id=command.id, result=msgspec.Raw(b"{}"))))
            self._hub.subscribe(conn, name, (resume.epoch, resume.seq) if resume is not None else None)
            return
        self._hub.unsubscribe(conn, name)
        conn.send(wire.encode(wire.Ack(id=command.id, result=msgspec.Raw(b"{}"))))

    def _refuse(self, conn: Connection, id: str | None, problem: Problem) -> None:
        conn.send(wire.failure(id, problem.as_dict()))
        client = conn.attach
        if not isinstance(client, Client):
            conn.close(CloseCode.POLICY, "say hello first")
            return
        client.refused += 1
        if client.refused >= REFUSALS:
            conn.close(CloseCode.POLICY, "nothing you say is understood")


def _problem(error: Problem | RuleError | DeliveryError) -> Problem:
    if isinstance(error, RuleError):
        return problem_from(error)
    return error if isinstance(error, Problem) else BadRequest(str(error), code=error.code)


_KEY_LIMIT = 64
"""Characters of an id that is told back; a longer one is none of ours."""


class _Loose(msgspec.Struct):
    """Of a message nothing but its id: what else is in it is passed over unread, numbers beyond all bounds too."""

    id: Annotated[str, msgspec.Meta(max_length=_KEY_LIMIT)] | None = None


_LOOSE = msgspec.json.Decoder(_Loose)


def _id_in(data: bytes) -> str | None:
    """The id of a message that is no command of ours, so that its sender learns which one was wrong.

    What is not JSON, yet many a client writes as if it were (half a surrogate pair, NaN), Python's own reader passes over.
    """
    try:
        return _LOOSE.decode(data).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return None
    id = message.get("id") if isinstance(message, dict) else None
    return id if isinstance(id, str) and id.isascii() and len(id) <= _KEY_LIMIT else None
