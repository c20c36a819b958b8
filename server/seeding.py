"""What a new database starts with: a programme, its questions and polls, and a link into every session for every role."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from server.commands.summit import motion_write, summit_write
from server.live import poll_write, question_write
from sessions import issues, planning
from sessions.errors import RuleError
from sessions.kinds.form import OPTIONS_LIMIT
from sessions.loading import Invite
from sessions.motions import Motion
from sessions.people import Role
from sessions.polls import POLLS_LIMIT, Poll
from sessions.programme import SESSIONS_LIMIT, Event, Seat, Session, Track
from sessions.questions import Question
from sessions.store import Store, Write
from sessions.summit import Summit

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of the codes people type: nothing that looks like something else."""
CODE_LENGTH = 6
INVITED = tuple(role for role in Role if role not in (Role.PUBLISHER, Role.DELEGATE))
"""Roles that get a link. An encoder has no page: it gets a token. Delegates get one for each seat."""

HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Seed:
    """An event, and by session id what is in it before it begins."""

    event: Event
    questions: dict[str, list[Question]] = field(default_factory=dict)
    polls: dict[str, list[Poll]] = field(default_factory=dict)
    summits: dict[str, Summit] = field(default_factory=dict)
    motions: dict[str, list[Motion]] = field(default_factory=dict)


def starter() -> Seed:
    """One open session, for an operator who gave no programme."""
    now = time.time_ns() // 1_000_000
    session = Session(
        id="main",
        titles={"en": "Main session"},
        track="main",
        format="forum",
        starts_at=now,
        ends_at=now + 8 * HOUR,
        floor="en",
        captions=["en", "es"],
        speakers=[],
    )
    return Seed(Event(id="event", names={"en": "Conference"}, tracks=[Track(id="main", names={"en": "Main"})], sessions=[session]))


def from_file(path: Path) -> Seed:
    """A programme as JSON (`sessions.programme.Event`). Raises ValueError that says what is wrong with it, OSError."""
    try:
        seed = Seed(msgspec.json.decode(path.read_bytes(), type=Event))
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from None
    check(seed)
    return seed


def check(seed: Seed) -> None:
    """Raises ValueError for a programme past the limits, with unknown tracks, or ids used twice."""
    event = seed.event
    ids = [session.id for session in event.sessions]
    if not 1 <= len(ids) <= SESSIONS_LIMIT or len(set(ids)) != len(ids):
        raise ValueError(f"a programme has 1 to {SESSIONS_LIMIT} sessions, each with its own id")
    try:
        planning.check_event(event)
    except RuleError as error:
        raise ValueError(str(error)) from None
    for issue in issues.of(event):
        if issue.severity == "error":
            raise ValueError(f"session {issue.session}: {issue.field}: {issue.detail}")
    for polls in seed.polls.values():
        if len(polls) > POLLS_LIMIT or any(len(poll.form.options) > OPTIONS_LIMIT for poll in polls):
            raise ValueError(f"a session has {POLLS_LIMIT} polls at most, a poll {OPTIONS_LIMIT} options")


async def plant(store: Store, seed: Seed) -> None:
    """Write it all, in one job. Raises ValueError."""
    check(seed)
    writes = [Write("event", {"id": seed.event.id, "programme": msgspec.to_builtins(seed.event)})]
    for session in seed.event.sessions:
        writes += [invite_write(invite) for invite in (*invited(session.id), *seated(session.id, session.seats))]
        if session.id in seed.summits:
            writes.append(summit_write(session.id, seed.summits[session.id]))
        writes += [motion_write(session.id, motion) for motion in seed.motions.get(session.id, ())]
        for question in seed.questions.get(session.id, ()):
            writes.append(question_write(session.id, question))
            writes += [Write("question.vote", {"question": question.id, "person": person}) for person in sorted(question.votes)]
        for poll in seed.polls.get(session.id, ()):
            writes.append(poll_write(session.id, poll))
            row = {"poll": poll.id, "round": poll.round, "name": None, "key": "seed"}
            writes += [Write("ballot", row | {"person": person, "ballot": ballot}) for person, ballot in poll.ballots.items()]
    await store.write(*writes)


def invited(session: str) -> list[Invite]:
    """New links into a session, one for each role that gets one."""
    return [Invite(code(role), session, role) for role in INVITED]


def seated(session: str, seats: Iterable[Seat]) -> list[Invite]:
    """New links to these seats."""
    return [Invite(code(Role.DELEGATE), session, Role.DELEGATE, seat.id) for seat in seats]


def invite_write(invite: Invite) -> Write:
    return Write("invite", {"code": invite.code, "session": invite.session, "role": invite.role.value, "seat": invite.seat})


def code(role: Role) -> str:
    """A new code: short for who types it from a screen, beyond guessing for who may change things."""
    if role is Role.ATTENDEE:
        return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    return secrets.token_urlsafe(16)
