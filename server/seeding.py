"""What a new database starts with: a programme, its questions and polls, and a link into every session for every role."""

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from server.commands.summit import motion_write, summit_write
from server.live import poll_write, question_write
from sessions import formats
from sessions.errors import RuleError
from sessions.formats import SEATS_LIMIT
from sessions.kinds.form import OPTIONS_LIMIT
from sessions.motions import Motion
from sessions.people import Role
from sessions.polls import POLLS_LIMIT, Poll
from sessions.programme import BOOTHS_LIMIT, SESSIONS_LIMIT, Event, Session, Track
from sessions.questions import Question
from sessions.store import Store, Write
from sessions.summit import Summit
from sessions.text import language

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
    sessions = seed.event.sessions
    ids = [session.id for session in sessions]
    tracks = {track.id for track in seed.event.tracks}
    if not 1 <= len(sessions) <= SESSIONS_LIMIT or len(set(ids)) != len(ids):
        raise ValueError(f"a programme has 1 to {SESSIONS_LIMIT} sessions, each with its own id")
    for session in sessions:
        if session.track not in tracks:
            raise ValueError(f"session {session.id}: there is no track {session.track}")
        if session.floor not in session.captions or [language(tag) for tag in session.captions] != session.captions:
            raise ValueError(f"session {session.id}: captions must be language tags and hold the floor's")
        _check_policy(session)
        booths = session.interpreted
        if session.floor in booths or [language(tag) for tag in booths] != booths or not len(set(booths)) == len(booths) <= BOOTHS_LIMIT:
            raise ValueError(
                f"session {session.id}: interpreted must be {BOOTHS_LIMIT} language tags at most, each once, without the floor's"
            )
    for polls in seed.polls.values():
        if len(polls) > POLLS_LIMIT or any(len(poll.form.options) > OPTIONS_LIMIT for poll in polls):
            raise ValueError(f"a session has {POLLS_LIMIT} polls at most, a poll {OPTIONS_LIMIT} options")


def _check_policy(session: Session) -> None:
    try:
        formats.policy(session.format, session.rules)
    except RuleError as error:
        raise ValueError(f"session {session.id}: {error}") from None
    seats = [seat.id for seat in session.seats]
    if len(seats) > SEATS_LIMIT or len(set(seats)) != len(seats):
        raise ValueError(f"session {session.id}: {SEATS_LIMIT} seats at most, each with its own id")


async def plant(store: Store, seed: Seed) -> None:
    """Write it all, in one job. Raises ValueError."""
    check(seed)
    writes = [Write("event", {"id": seed.event.id, "programme": msgspec.to_builtins(seed.event)})]
    for session in seed.event.sessions:
        writes += [Write("invite", {"code": code(role), "session": session.id, "role": role.value, "seat": None}) for role in INVITED]
        for seat in session.seats:
            invited = {"code": code(Role.DELEGATE), "session": session.id, "role": Role.DELEGATE.value, "seat": seat.id}
            writes.append(Write("invite", invited))
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


def code(role: Role) -> str:
    """A new code: short for who types it from a screen, beyond guessing for who may change things."""
    if role is Role.ATTENDEE:
        return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    return secrets.token_urlsafe(16)
