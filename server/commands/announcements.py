"""`announcement.*`: what organisers and moderators tell everyone. What they do is logged."""

import secrets
import time

from server import wire
from server.commands.context import Context
from server.commands.deed import logged
from server.live import Change, Outcome
from sessions.community import announcement_write
from sessions.store import Write


def compose(context: Context, command: wire.AnnouncementCompose) -> Outcome:
    live, caller = context.live, context.caller
    item = live.community.announcements.compose(
        secrets.token_urlsafe(9),
        caller.person,
        command.texts,
        _now(),
        severity=command.severity,
        publish_at=command.publish_at,
        expires_at=command.expires_at,
    )
    writes = [announcement_write(live.session.id, item), logged(context, "announcement.compose")]

    def after() -> None:
        live.community.announce("announcement.composed")
        context.translator.add_announcement(live, item.id)

    return Outcome(writes, Change("announcement.composed", desk=True), result={"announcement": item.id}, after=after)


def withdraw(context: Context, command: wire.AnnouncementWithdraw) -> Outcome:
    live = context.live
    before = live.community.announcements.find(command.announcement).withdrawn_at
    item = live.community.announcements.withdraw(command.announcement, _now())
    if before is not None:
        return Outcome()
    writes = [announcement_write(live.session.id, item), logged(context, "announcement.withdraw")]

    def after() -> None:
        live.community.announce("announcement.withdrawn")

    return Outcome(writes, Change("announcement.withdrawn", desk=True), after=after)


def acknowledge(context: Context, command: wire.AnnouncementAcknowledge) -> Outcome:
    live, person = context.live, context.caller.person
    item = live.community.announcements.acknowledge(command.announcement, person, _now())

    def after() -> None:
        live.community.acknowledged(item.id)

    write = Write("announcement.acknowledge", {"announcement": item.id, "person": person})
    return Outcome([write], mine={person: {"acknowledged": {item.id: True}}}, after=after)


def _now() -> int:
    return time.time_ns() // 1_000_000
