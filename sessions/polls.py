"""The polls of one session and their ballots. Pure: each function changes memory and nothing else. Times are ms since 1970 UTC.

    command   from                         to
    open      draft, paused, closed        open       the clock of a paused one goes on where it stopped
    pause     open                         paused
    close     open, paused                 closed     a secret one for good
    reveal    closed                       published
    archive   closed, published            archived   out of everyone's sight but the staff's
    reset     any but draft                draft      a new round without ballots; the rows of the old one stay
    edit      any but archived             the same   only words and visibility once anyone has answered
    delete    draft of the first round     gone

Saying a state twice is no error. How anonymous a poll is cannot change once it has been open. A ballot is a person's: a second one
replaces the first until the close, or is refused if the first is final. Counts are kept as ballots come, never recounted.
"""

from msgspec import Struct

from sessions.errors import Closed, Conflict, Invalid, NotHere, TooMany
from sessions.forms import alike, checked, repeats, unwritten
from sessions.kinds import FAMILIES, Tally, count
from sessions.kinds.form import Ballot, Form, State
from sessions.kinds.words import Words, key
from sessions.leaderboard import Leader, leaders
from sessions.secrecy import Box, Cast, Count, counted, emptied

POLLS_LIMIT = 100
"""Polls of one session; past it TooMany, and a programme with more is refused."""

HELD_LIMIT = 10_000
"""Words of one poll that a moderator held or released; past it TooMany."""

HIDDEN: tuple[State, ...] = ("draft", "archived")
"""States of a poll that only staff knows of."""

_MOVES: dict[str, tuple[State, tuple[State, ...]]] = {
    "open": ("open", ("draft", "paused", "closed")),
    "pause": ("paused", ("open",)),
    "close": ("closed", ("open", "paused")),
    "reveal": ("published", ("closed",)),
    "archive": ("archived", ("closed", "published")),
}


class Poll(Struct, kw_only=True):
    """`version` rises with every ballot; `ballots` are by person, `names` those of a named poll's voters.

    `opened_at` is when its clock started, later by every pause; None before the first opening of a round. `held` is what a
    moderator said of words; `translations` are a machine's by language, of options by id and of the question under "";
    `leaders` those of the quizzes so far, once this one is over. Of a secret poll `sealed` are the votes by person while it is
    open; at its close `voters` and `count` are all that is left besides the tally.
    """

    id: str
    form: Form
    order: int
    state: State = "draft"
    round: int = 1
    opened_at: int | None = None
    paused_at: int | None = None
    version: int = 0
    ballots: dict[str, Ballot] = {}
    names: dict[str, str] = {}
    held: dict[str, bool] = {}
    translations: dict[str, dict[str, str]] = {}
    leaders: list[Leader] = []
    sealed: dict[str, Cast] = {}
    voters: set[str] = set()
    count: Count | None = None
    tally: Tally

    @property
    def secret(self) -> bool:
        return self.form.anonymity == "secret"

    @property
    def turnout(self) -> int:
        return len(self.ballots) if self.count is None else self.count.ballots

    def has_voted(self, person: str) -> bool:
        return person in self.ballots or person in self.voters

    def take(self, cast: Cast) -> None:
        """A secret vote that the rules have passed, or that the rows hold."""
        if cast.person not in self.ballots:
            self.tally.add(cast.ballot)
            self.ballots[cast.person] = cast.ballot
            self.version += 1
        self.sealed[cast.person] = cast

    def empty(self, entitled: int) -> tuple[Box, Count]:
        """Part the votes from the voters, for good. Returns the ballots by receipt and what to lay down."""
        box = emptied(self.sealed.values())
        self.voters, self.count = set(self.sealed), counted(box, entitled)
        self.ballots, self.sealed = {}, {}
        return box, self.count

    def elapsed(self, now: int) -> int:
        # Whoever's clock is set back meanwhile has not answered before the question.
        return 0 if self.opened_at is None else max(0, now - self.opened_at)


def poll(id: str, form: Form, order: int, ballots: dict[str, Ballot] | None = None, **fields: object) -> Poll:
    """A poll with its tally counted from its ballots."""
    ballots = {} if ballots is None else ballots
    made = Poll(id=id, form=form, order=order, ballots=ballots, tally=count(form, list(ballots.values())), **fields)  # type: ignore[arg-type]
    made.version = max(made.version, len(ballots))
    if isinstance(made.tally, Words):
        made.tally.judged = made.held
    return made


def untranslated(poll: Poll, lang: str) -> list[tuple[str, str]]:
    """The words that neither the author nor a machine has said in a language, each with its own language."""
    known = poll.translations.get(lang, {})
    texts = [texts for key, texts in unwritten(poll.form, lang).items() if key not in known]
    return [(said, spoken) for spoken, said in dict.fromkeys(next(iter(texts.items())) for texts in texts)]


def translated(poll: Poll, lang: str, text: str, of: str) -> bool:
    """The machine's translation of the words `of`. Whether the poll still says them: they may be others meanwhile."""
    keys = [key for key, texts in unwritten(poll.form, lang).items() if next(iter(texts.values())) == of]
    if keys:
        poll.translations = poll.translations | {lang: poll.translations.get(lang, {}) | dict.fromkeys(keys, text)}
    return bool(keys)


class Polls:
    """All polls of a session by id."""

    def __init__(self, items: list[Poll]) -> None:
        self.items = {poll.id: poll for poll in items}
        for poll in items:
            self._rank(poll)

    def find(self, id: str) -> Poll:
        poll = self.items.get(id)
        if poll is None:
            raise NotHere(f"there is no poll {id}")
        return poll

    def secretly(self, person: str) -> list[tuple[str, int]]:
        """The secret polls, with their rounds, in which a person has voted."""
        return [(id, item.round) for id, item in self.items.items() if item.secret and item.has_voted(person)]

    def create(self, id: str, form: Form) -> Poll:
        """A draft, the last in order. Raises Invalid, TooLong, TooMany, NotHere for a pair that is not there."""
        if len(self.items) >= POLLS_LIMIT:
            raise TooMany(f"a session takes {POLLS_LIMIT} polls at most")
        form = self._checked(form)
        made = poll(id, form, max((item.order for item in self.items.values()), default=0) + 1)
        self.items[id] = made
        return made

    def edit(self, id: str, form: Form) -> Poll:
        """Another form. Raises Conflict for what is frozen, and as `create`."""
        item, form = self.find(id), self._checked(form, id)
        if item.state == "archived":
            raise Conflict(f"poll {id} is archived")
        if item.opened_at is not None and form.anonymity != item.form.anonymity:
            raise Conflict("how anonymous a poll is cannot change once it has been open")
        if item.turnout and not alike(item.form, form):
            raise Conflict("the answers to choose from are frozen: someone has answered")
        if form != item.form:
            item.form, item.translations = form, {}
        if not item.turnout:
            item.tally, item.held = count(form, []), {}
        return item

    def delete(self, id: str) -> Poll:
        """Forget a draft that nobody answered."""
        item = self.find(id)
        if item.state != "draft" or item.round > 1:
            raise Conflict(f"poll {id} has been open: archive it")
        return self.items.pop(id)

    def open(self, id: str, now: int) -> Poll:
        """Take ballots, for the first time or again. The clock of a poll that was paused or closed goes on where it stopped."""
        item = self.find(id)
        if item.secret and item.state == "closed":
            raise Conflict("a secret poll that was closed does not open again")
        if self._move(item, "open"):
            item.opened_at = now - (0 if item.opened_at is None else (item.paused_at or now) - item.opened_at)
            item.paused_at = None
        return item

    def pause(self, id: str, now: int) -> Poll:
        """Take no ballots for now."""
        return self._stop(id, "pause", now)

    def close(self, id: str, now: int) -> Poll:
        """Take no more ballots."""
        item = self._stop(id, "close", now)
        self._rank(item)
        return item

    def reveal(self, id: str) -> Poll:
        """Let everyone see the result. An open poll must be closed first, so that nobody votes by it."""
        self._move(item := self.find(id), "reveal")
        return item

    def archive(self, id: str) -> Poll:
        """Put it out of sight, with all its ballots."""
        self._move(item := self.find(id), "archive")
        return item

    def reset(self, id: str) -> Poll:
        """Begin anew, as a draft without ballots. Raises Conflict for a draft."""
        item = self.find(id)
        if item.state == "draft":
            raise Conflict(f"poll {id} has not been open")
        item.state, item.round, item.version = "draft", item.round + 1, item.version + 1
        item.opened_at, item.paused_at = None, None
        item.sealed, item.voters, item.count = {}, set(), None
        item.ballots, item.names, item.held, item.leaders, item.tally = {}, {}, {}, [], count(item.form, [])
        return item

    def vote(self, id: str, person: str, given: Ballot, now: int, name: str | None = None) -> Poll:
        """Cast or replace a person's ballot. Raises Closed, Conflict, Invalid, TooLong; the ballot before stays then.

        A poll that only staff knows of is NotHere, as one that never was.
        """
        item = self.find(id)
        if item.state in HIDDEN:
            raise NotHere(f"there is no poll {id}")
        if item.state != "open":
            raise Closed(f"poll {id} takes no votes: it is {item.state}")
        elapsed, form = item.elapsed(now), item.form
        if form.rules.seconds and elapsed > form.rules.seconds * 1000:
            raise Closed(f"the {form.rules.seconds} seconds of poll {id} are over")
        before, ballot = item.ballots.get(person), FAMILIES[form.kind].check(form, given, elapsed)
        if before is not None:
            if form.revote == "final" and ballot != before:
                raise Conflict("your first vote is final")
            item.tally.remove(before)
        item.tally.add(ballot)
        item.ballots[person] = ballot
        if name is not None and form.anonymity == "named":
            item.names[person] = name
        item.version += 1
        return item

    def hold(self, id: str, word: str, on: bool) -> Poll:
        """Keep a word of a cloud or an answer from everyone's sight, or let them see it.

        Raises Invalid, TooMany, NotHere for what nobody said.
        """
        item = self.find(id)
        if not isinstance(item.tally, Words):
            raise Invalid("the answers to this poll are not words")
        of = key(word)
        if of not in item.held and not item.tally.said(of):
            raise NotHere(f"nobody said this in poll {id}")
        if of not in item.held and len(item.held) >= HELD_LIMIT:
            raise TooMany(f"moderators hold or release {HELD_LIMIT} words of a poll at most")
        item.held[of] = on
        item.tally.judged = item.held
        item.version += 1
        return item

    def _rank(self, item: Poll) -> None:
        if item.form.kind == "quiz" and item.state in ("closed", "published"):
            item.leaders = leaders(self.items.values())

    def _stop(self, id: str, act: str, now: int) -> Poll:
        item = self.find(id)
        if self._move(item, act) and item.paused_at is None:
            item.paused_at = now
        return item

    def _move(self, item: Poll, act: str) -> bool:
        """Whether the state is another now. Raises Conflict."""
        to, allowed = _MOVES[act]
        if item.state == to:
            return False
        if item.state not in allowed:
            raise Conflict(f"poll {item.id} is {item.state}")
        item.state = to
        return True

    def _checked(self, form: Form, id: str = "") -> Form:
        form = checked(form)
        if form.pair is not None and (form.pair == id or not repeats(self.find(form.pair).form, form)):
            raise Invalid("the polls of a pair must ask for the same answers")
        return form
