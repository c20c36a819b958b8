"""Server -> client: what the server says, and the names of all updates."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from server.wire.chat import OwnMessage
from server.wire.podium import OwnHand
from server.wire.problems import OwnSolution
from server.wire.states import OwnQuestion
from sessions.kinds.form import Ballot
from sessions.motions import Choice

UpdateType = Literal[
    "question.asked",
    "question.edited",
    "question.withdrawn",
    "question.appealed",
    "question.published",
    "question.dismissed",
    "question.archived",
    "question.restored",
    "question.highlighted",
    "question.taken",
    "question.answered",
    "question.reopened",
    "question.labelled",
    "question.merged",
    "question.unmerged",
    "question.slowed",
    "moderation.watched",
    "moderation.undone",
    "question.voted",
    "question.translated",
    "poll.created",
    "poll.edited",
    "poll.deleted",
    "poll.opened",
    "poll.paused",
    "poll.closed",
    "poll.revealed",
    "poll.archived",
    "poll.reset",
    "poll.held",
    "poll.tallied",
    "poll.translated",
    "floor.raised",
    "floor.lowered",
    "floor.accepted",
    "floor.invited",
    "floor.ordered",
    "floor.called",
    "floor.cleared",
    "summit.rolled",
    "summit.asked",
    "summit.called",
    "summit.started",
    "summit.paused",
    "summit.ended",
    "summit.declared",
    "motion.put",
    "motion.voted",
    "motion.closed",
    "motion.withdrawn",
    "policy.set",
    "programme.changed",
    "announcement.composed",
    "announcement.due",
    "announcement.withdrawn",
    "announcement.counted",
    "announcement.translated",
    "chat.sent",
    "chat.retracted",
    "chat.hidden",
    "chat.shown",
    "chat.muted",
    "chat.slowed",
    "chat.translated",
    "problem.promoted",
    "problem.revised",
    "problem.published",
    "problem.withdrawn",
    "problem.released",
    "problem.translated",
    "solution.proposed",
    "solution.amended",
    "solution.retracted",
    "solution.supported",
    "solution.hidden",
    "solution.shown",
    "solution.translated",
    "reaction.counted",
    "presence.counted",
    "stream.changed",
    "booth.changed",
    "venue.changed",
    "caption.cued",
    "caption.corrected",
    "source.changed",
    "glossary.set",
    "glossary.counted",
    "profanity.set",
]


class Person(Struct, kw_only=True, omit_defaults=True):
    id: str
    role: str
    lang: str
    name: str | None = None


class Me(Struct, kw_only=True):
    """What is one's own; a shared update never touches it. `voted` holds the questions one voted for, each true; `ballots` is as kept:
    a quiz' options with the ms each took; `cast` names the secret polls one has voted in: how, nobody says. `seat` is a delegate's,
    `votes` are those of their seat by motion; `hand` is one's own, while it is up. `muted` is whether a moderator lets one write
    nothing in the chat; `acknowledged` are announcements, `supported` solutions."""

    person: Person
    rights: list[str]
    ballots: dict[str, Ballot]
    cast: dict[str, bool]
    voted: dict[str, bool]
    questions: dict[str, OwnQuestion]
    votes: dict[str, Choice]
    seat: str | None = None
    hand: OwnHand | None = None
    acknowledged: dict[str, bool]
    messages: dict[str, OwnMessage]
    muted: bool
    solutions: dict[str, OwnSolution]
    supported: dict[str, bool]


class Snapshot(Struct, tag="snapshot", kw_only=True):
    """The whole state of a channel at `seq`. Forget what you had of it."""

    channel: str
    epoch: str
    seq: int
    data: msgspec.Raw


class Update(Struct, kw_only=True):
    """The next step of a channel: `seq` follows the last one; `data` is a merge patch on the channel's state."""

    type: UpdateType
    channel: str
    epoch: str
    seq: int
    data: msgspec.Raw


class Welcome(Struct, tag="welcome", kw_only=True):
    """The answer to Hello; snapshots or missed updates of `channels` follow. `server_time` is in ms.

    A client whose connection breaks comes back at a random moment within `window` ms: others' break together with it.
    """

    connection: str
    server_time: int
    window: int
    channels: list[str]
    me: Me


class Retry(Struct, tag="retry", kw_only=True):
    """The `window` of Welcome as it is now, when it has doubled or halved. A close with 1012 or 1013 tells it too: its reason begins
    with `window=`, the ms, and `;`."""

    window: int


class Service(Struct, tag="service", kw_only=True):
    """How the server is, behind Welcome if it is `degraded`, and whenever that changes: its processes do not hear each other, so that
    what others do may be late. What is acknowledged is kept all the same."""

    degraded: bool


class Failure(Struct, tag="error", kw_only=True):
    """A command that was refused (its `id`) or a message that was none (`id` null): RFC 9457 in `problem`.

    A `conflict` may say in `current` how the object is now; a `too_soon` in `retry_after` how many seconds to wait.
    """

    id: str | None
    problem: dict[str, Any]


class Ack(Struct, tag="ack", kw_only=True):
    """The command `id` is done and durable. A retry of the same id gets the same result."""

    id: str
    result: msgspec.Raw


class My(Struct, tag="my", kw_only=True):
    """A merge patch on `Me`, to every socket of one person (another tab voted; a question was dismissed)."""

    data: msgspec.Raw
