"""`announcement.*`: what organisers and moderators tell everyone, and how readers say that they know."""

from typing import Annotated

from msgspec import Meta, Struct

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long
from sessions.announcements import Severity
from sessions.announcements import State as AnnouncementState
from sessions.programme import Texts

Moment = Annotated[int, Meta(ge=0, le=2**53)]
"""Ms since 1970 UTC."""


class AnnouncementCompose(CommandBase, tag="announcement.compose"):
    """Says it to everyone at `publish_at`, or now. The machine adds languages that `texts` has not; the first one is its source."""

    texts: Annotated[dict[Lang, Long], Meta(min_length=1, max_length=30)]
    severity: Severity = "info"
    publish_at: Moment | None = None
    expires_at: Moment | None = None


class AnnouncementWithdraw(CommandBase, tag="announcement.withdraw"):
    announcement: Id


class AnnouncementAcknowledge(CommandBase, tag="announcement.acknowledge"):
    """Says that one has read it; a repeat changes nothing."""

    announcement: Id


AnnouncementCommand = AnnouncementCompose | AnnouncementWithdraw | AnnouncementAcknowledge


class Announcement(Struct, kw_only=True, omit_defaults=True):
    """An announcement; everyone sees those that are out. `texts` are people's words, `translations` the machine's.

    Only staff is told how many have `acknowledged` it.
    """

    id: str
    severity: Severity
    lang: str
    texts: Texts
    state: AnnouncementState
    publish_at: int
    expires_at: int | None = None
    translations: Texts = {}
    acknowledged: int | None = None
