"""What organisers announce in one session: said at a time, to everyone, until it is over. Pure.

    act           from                  to
    compose                             scheduled, or published where its time has come
    (the clock)   scheduled             published, at `publish_at`
    (the clock)   published             expired, at `expires_at`
    withdraw      scheduled, published  withdrawn, for good
    acknowledge*  published             published: once per person, saying it again is no error

The state is what the times and the clock say: nothing has to run for an announcement to come out, and no restart can miss one.
The act with a star is anyone's. A language nobody wrote is the machine's, which never replaces a person's words.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from sessions.errors import Conflict, Invalid, NotHere, TooMany
from sessions.programme import Texts
from sessions.text import clean, language

TEXT_LIMIT = 400
"""Graphemes of an announcement in one language; a longer one is refused."""

TEXTS_LIMIT = 30
"""Languages an announcement is written in; past it TooMany."""

ANNOUNCEMENTS_LIMIT = 200
"""Announcements of one session, withdrawn ones too; past it TooMany."""

HORIZON = 90 * 24 * 3_600_000
"""Ms from now within which an announcement comes out and ends; a later time is refused."""

Severity = Literal["info", "warning", "urgent"]
State = Literal["scheduled", "published", "expired", "withdrawn"]


class Announcement(Struct, kw_only=True):
    """Times are ms since 1970. `lang` is what it was written in first; `acknowledged` are persons, `author` is who composed it."""

    id: str
    author: str
    severity: Severity
    lang: str
    texts: Texts
    made_at: int
    publish_at: int
    expires_at: int | None = None
    withdrawn_at: int | None = None
    translations: Texts = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)

    def state(self, now: int) -> State:
        if self.withdrawn_at is not None:
            return "withdrawn"
        if now < self.publish_at:
            return "scheduled"
        return "published" if self.expires_at is None or now < self.expires_at else "expired"

    def translated(self, lang: str, text: str, of: str) -> bool:
        """The machine's words. Whether they are wanted: somebody may have written that language."""
        if of != self.texts[self.lang] or lang in self.texts:
            return False
        self.translations[lang] = text
        return True


class Announcements:
    """All of a session by id."""

    def __init__(self, items: list[Announcement]) -> None:
        self.items = {item.id: item for item in items}

    def find(self, id: str) -> Announcement:
        item = self.items.get(id)
        if item is None:
            raise NotHere(f"there is no announcement {id}")
        return item

    def compose(
        self,
        id: str,
        author: str,
        texts: Texts,
        now: int,
        *,
        severity: Severity = "info",
        publish_at: int | None = None,
        expires_at: int | None = None,
    ) -> Announcement:
        """A new one, out at once without a time. The first of `texts` is what the machine translates. Raises Invalid, TooLong, TooMany."""
        if len(self.items) >= ANNOUNCEMENTS_LIMIT:
            raise TooMany(f"a session takes {ANNOUNCEMENTS_LIMIT} announcements at most")
        at = now if publish_at is None else max(publish_at, now)
        if at > now + HORIZON or (expires_at is not None and not at < expires_at <= now + HORIZON):
            raise Invalid("an announcement comes out before it ends, and both within 90 days")
        written = _written(texts)
        item = Announcement(
            id=id,
            author=author,
            severity=severity,
            lang=next(iter(written)),
            texts=written,
            made_at=now,
            publish_at=at,
            expires_at=expires_at,
        )
        self.items[id] = item
        return item

    def withdraw(self, id: str, now: int) -> Announcement:
        """Take it back. What has expired is past: Conflict."""
        item = self.find(id)
        if item.state(now) == "expired":
            raise Conflict(f"announcement {id} has expired")
        if item.withdrawn_at is None:
            item.withdrawn_at = now
        return item

    def acknowledge(self, id: str, person: str, now: int) -> Announcement:
        """Note that a person has read it. One that is not out is NotHere: they must not know of it."""
        item = self.items.get(id)
        if item is None or item.state(now) != "published":
            raise NotHere(f"there is no announcement {id}")
        item.acknowledged.add(person)
        return item

    def next_change(self, now: int) -> int | None:
        """When the clock next changes a state, after `now`; None where it never will."""
        return min((at for at in self._times() if at > now), default=None)

    def _times(self) -> Iterator[int]:
        for item in self.items.values():
            if item.withdrawn_at is None:
                yield item.publish_at
                if item.expires_at is not None:
                    yield item.expires_at


def _written(texts: Texts) -> Texts:
    if not texts:
        raise Invalid("an announcement needs a text")
    if len(texts) > TEXTS_LIMIT:
        raise TooMany(f"an announcement is written in {TEXTS_LIMIT} languages at most")
    written = {language(lang): clean(text, TEXT_LIMIT, "the announcement") for lang, text in texts.items()}
    if len(written) < len(texts):
        raise Invalid("an announcement has one text in each language")
    return written
