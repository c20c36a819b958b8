"""The chat of one session: written, moderated, forgotten in its order. Pure; acts with a star are the author's.

    act       from           to
    send*                    shown, unless its author is muted or slow mode has them wait
    retract*  shown, hidden  retracted, for good: its words go
    hide      shown, hidden  hidden, for a reason
    show      shown, hidden  shown

A person is muted by one of their messages, so that moderators need not know who it was. Saying an act twice is no error.
Only the newest messages are kept in memory; older ones are in the rows and can no longer be moderated. Of who is muted the last one is
kept however old it is: by it they are let write again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from sessions.errors import Conflict, Forbidden, Invalid, NotHere, TooMany, TooSoon
from sessions.programme import Texts
from sessions.questions import Reason
from sessions.text import clean, language

TEXT_LIMIT = 300
"""Graphemes of a message; a longer one is refused."""

HISTORY_LIMIT = 200
"""Newest messages kept in memory and told to newcomers."""

MESSAGES_LIMIT = 20_000
"""Messages of one session; past it TooMany."""

PERSON_LIMIT = 1_000
"""Messages of one person in a session, whatever became of them; past it TooMany."""

SLOW_LIMIT = 3600
"""Seconds that slow mode may ask people to wait; more is refused."""

State = Literal["shown", "hidden", "retracted"]

Facts = dict[str, Any]


class Message(Struct, kw_only=True):
    """`at` is ms since 1970. `author` is never shown; `number` rises by one in a session."""

    id: str
    number: int
    author: str
    author_name: str | None
    role: str
    text: str
    lang: str
    at: int
    state: State = "shown"
    reason: Reason | None = None
    translations: Texts = field(default_factory=dict)

    def translated(self, lang: str, text: str, of: str) -> bool:
        """The machine's words. Whether they are wanted: the message may be gone meanwhile."""
        if of != self.text or self.state == "retracted":
            return False
        self.translations[lang] = text
        return True


class Chat:
    """The newest messages by id, oldest first; `sent` is how many there ever were, `slow` the seconds between two of one person.

    `written` is how many each person wrote.
    """

    def __init__(
        self,
        items: Iterable[Message] = (),
        sent: int = 0,
        slow: int = 0,
        muted: Iterable[str] = (),
        written: Mapping[str, int] | None = None,
    ) -> None:
        self.items = {message.id: message for message in items}
        self.sent, self.slow, self.muted = sent, slow, set(muted)
        self.written = Counter(written or {})
        self._last = {message.author: message.at for message in self.items.values()}

    def find(self, id: str) -> Message:
        message = self.items.get(id)
        if message is None:
            raise NotHere(f"there is no message {id}, or it is too old")
        return message

    def send(self, id: str, author: str, text: str, lang: str, now: int, *, name: str | None, role: str) -> tuple[Message, str | None]:
        """The new message, and the id of the one that is forgotten for it. Raises Forbidden for who is muted, TooSoon, TooMany."""
        if author in self.muted:
            raise Forbidden("a moderator has muted you in this chat")
        if self.sent >= MESSAGES_LIMIT:
            raise TooMany(f"a session takes {MESSAGES_LIMIT} messages at most")
        if self.written[author] >= PERSON_LIMIT:
            raise TooMany(f"a person writes {PERSON_LIMIT} messages in a session at most")
        wait = self._last.get(author, now - self.slow * 1000) + self.slow * 1000 - now
        if wait > 0:
            raise TooSoon(f"slow mode: one message every {self.slow} seconds", -(-wait // 1000))
        text, lang = clean(text, TEXT_LIMIT, "the message"), language(lang)
        self.sent += 1
        self.written[author] += 1
        message = Message(id=id, number=self.sent, author=author, author_name=name, role=role, text=text, lang=lang, at=now)
        self.items[id] = message
        self._last[author] = now
        return message, self._forget()

    def _forget(self) -> str | None:
        if len(self.items) <= HISTORY_LIMIT:
            return None
        handles = {message.author: id for id, message in self.items.items() if message.author in self.muted}.values()
        oldest = next((id for id in self.items if id not in handles), next(iter(self.items)))
        del self.items[oldest]
        return oldest

    def retract(self, id: str, person: str) -> Message:
        """Take one's own message back. Another's is NotHere."""
        message = self.items.get(id)
        if message is None or message.author != person:
            raise NotHere(f"you have written no message {id}")
        message.state, message.text, message.translations = "retracted", "", {}
        return message

    def hide(self, id: str, reason: Reason) -> Message:
        message = self._standing(id)
        message.state, message.reason = "hidden", reason
        return message

    def show(self, id: str) -> Message:
        message = self._standing(id)
        message.state, message.reason = "shown", None
        return message

    def mute(self, id: str, on: bool) -> list[Message]:
        """Let the author of a message write nothing more, or write again; all their messages here."""
        author = self.find(id).author
        (self.muted.add if on else self.muted.discard)(author)
        return [message for message in self.items.values() if message.author == author]

    def slow_down(self, seconds: int) -> None:
        if not 0 <= seconds <= SLOW_LIMIT:
            raise Invalid(f"slow mode is 0 to {SLOW_LIMIT} seconds")
        self.slow = seconds

    def _standing(self, id: str) -> Message:
        message = self.find(id)
        if message.state == "retracted":
            raise Conflict(f"message {id} is retracted")
        return message

    # What the log of moderation holds

    def facts(self, id: str | None) -> Facts:
        """What moderators can change, of one message and of the chat."""
        found: Facts = {"chat.slow": self.slow}
        if id is not None:
            message = self.find(id)
            found[f"chat.hidden:{id}"] = message.reason
            found[f"chat.muted:{id}"] = message.author in self.muted
        return found

    def undo(self, before: Facts, after: Facts) -> str | None:
        """Bring back the facts as they were; the message they are about. Raises Conflict where they have changed since."""
        id = about(after)
        now = self.facts(id) if id is None or id in self.items else {}
        if any(now.get(name, ...) != value for name, value in after.items()):
            raise Conflict("this cannot be undone: things have changed since, or it is too old")
        for name, value in before.items():
            if id is None:
                self.slow = value
            elif name.startswith("chat.muted:"):
                self.mute(id, value)
            elif value is None:
                self.show(id)
            else:
                self.hide(id, value)
        return id


def about(facts: Facts) -> str | None:
    """The message that facts are about."""
    return next((name.partition(":")[2] for name in facts if ":" in name), None)
