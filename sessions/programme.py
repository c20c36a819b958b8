"""The programme: the event, its tracks and the sessions in them. Texts are by language tag; times are ms since 1970 UTC."""

from typing import Any

from msgspec import Struct

from sessions.formats import Format

Texts = dict[str, str]
"""One text in several languages, by BCP 47 tag; the first one is the language it was written in."""

TITLE_LIMIT = 200
"""Graphemes of a title, a track's name or a speaker's; a longer one is refused."""

BOOTHS_LIMIT = 32
"""Languages a session is interpreted into; the programme with more is refused."""

SESSIONS_LIMIT = 1000
"""Sessions of one event; past it the programme is refused."""


class Track(Struct, frozen=True, kw_only=True):
    id: str
    names: Texts


class Speaker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`role` says what they do; `region` is theirs to declare and absent when they did not."""

    name: str
    role: Texts
    region: str | None = None


class Seat(Struct, frozen=True, kw_only=True):
    """A delegation's place at a summit."""

    id: str
    names: Texts


class Session(Struct, frozen=True, kw_only=True):
    """One talk, forum or summit. `captions` are the languages it is captioned in, the floor's own among them; `interpreted` are
    those that have a booth, the floor's not among them. `rules` are what its policy has otherwise than its format
    (`formats.Policy`); `seats` are those of a summit. `room` is where it takes place, as the signs there say, or nothing; `version`
    rises with every change. One that is `cancelled` stays in the programme, so that people read that it is.
    """

    id: str
    titles: Texts
    track: str
    format: Format
    starts_at: int
    ends_at: int
    floor: str
    captions: list[str]
    speakers: list[Speaker]
    interpreted: list[str] = []
    rules: dict[str, Any] = {}
    seats: list[Seat] = []
    room: str = ""
    cancelled: bool = False
    version: int = 1


class Event(Struct, frozen=True, kw_only=True):
    """`zone` is the IANA time zone of the place; `starts_at` and `ends_at` are when the whole of it is, where somebody has said so.
    `version` is the number of acts that made the programme what it is.
    """

    id: str
    names: Texts
    tracks: list[Track]
    sessions: list[Session]
    zone: str = "UTC"
    starts_at: int | None = None
    ends_at: int | None = None
    version: int = 0
