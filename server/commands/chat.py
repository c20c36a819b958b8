"""`chat.*`: what people write, and what moderators do about it, which is logged and can be undone."""

import secrets
import time
from collections.abc import Callable

from server import wire
from server.commands.context import Context
from server.commands.deed import logged
from server.community import views
from server.live import Change, Outcome
from server.patch import Doc
from server.wire import UpdateType
from sessions import chat as rules
from sessions import moderation
from sessions.chat import Chat, Message
from sessions.community import message_write
from sessions.moderation import Entry
from sessions.people import require_not_above
from sessions.store import Write


def send(context: Context, command: wire.ChatSend) -> Outcome:
    live, caller = context.live, context.caller
    id, now = secrets.token_urlsafe(9), time.time_ns() // 1_000_000
    said = (command.text, command.lang, now)
    message, forgotten = live.community.chat.send(id, caller.person, *said, name=caller.name, role=caller.role.value)
    told = live.community.chat_told("chat.sent", [one for one in (id, forgotten) if one is not None])

    def after() -> None:
        told()
        context.translator.add_message(live, message.id)

    mine = {caller.person: {"messages": {id: views.own_message(message)}}}
    return Outcome([message_write(live.session.id, message)], mine=mine, result={"message": id}, after=after)


def retract(context: Context, command: wire.ChatRetract) -> Outcome:
    live, person = context.live, context.caller.person
    message = live.community.chat.retract(command.message, person)
    told = live.community.chat_told("chat.retracted", [message.id])
    return Outcome([message_write(live.session.id, message)], mine={person: {"messages": {message.id: None}}}, after=told)


def hide(context: Context, command: wire.ChatHide) -> Outcome:
    return _act(
        context, "chat.hidden", "chat.hide", command.message, lambda chat: chat.hide(command.message, command.reason), command.reason
    )


def show(context: Context, command: wire.ChatShow) -> Outcome:
    return _act(context, "chat.shown", "chat.show", command.message, lambda chat: chat.show(command.message))


def mute(context: Context, command: wire.ChatMute) -> Outcome:
    act = "chat.mute" if command.on else "chat.unmute"
    if command.on:
        require_not_above(context.live.community.chat.find(command.message).role, context.caller.role)
    return _act(context, "chat.muted", act, command.message, lambda chat: chat.mute(command.message, command.on))


def slow(context: Context, command: wire.ChatSlow) -> Outcome:
    return _act(context, "chat.slowed", "chat.slow", None, lambda chat: chat.slow_down(command.seconds))


def undo(context: Context, entry: Entry) -> Outcome:
    """Bring back what an entry about the chat changed."""
    id = rules.about(entry.after)
    known = id if id in context.live.community.chat.items else None
    if known is not None and entry.before.get(f"chat.muted:{known}"):
        require_not_above(context.live.community.chat.find(known).role, context.caller.role)
    deed = lambda chat: chat.undo(entry.before, entry.after)  # noqa: E731
    return _act(context, "moderation.undone", "moderation.undo", known, deed, undoes=entry.number)


def is_about(entry: Entry) -> bool:
    """Whether an entry of the log is about the chat."""
    return any(name.startswith("chat.") for name in entry.after)


def _act(
    context: Context,
    type: UpdateType,
    act: str,
    id: str | None,
    deed: Callable[[Chat], object],
    reason: str | None = None,
    undoes: int | None = None,
) -> Outcome:
    """Run a rule of moderators. Nothing, where nothing changed."""
    community, session = context.live.community, context.live.session.id
    chat = community.chat
    before = chat.facts(id)
    deed(chat)
    was, now = moderation.changed(before, chat.facts(id))
    if not now:
        return Outcome()
    writes = [*_rows(session, chat, id, now), logged(context, act, was, now, reason=reason, undoes=undoes)]
    authored = _authored(chat, id)
    told = community.chat_told(type, [message.id for message in authored])
    return Outcome(writes, Change(type, desk=True), mine=_mine(chat, id, authored), after=told)


def _rows(session: str, chat: Chat, id: str | None, now: rules.Facts) -> list[Write]:
    if id is None:
        return [Write("chat", {"session": session, "slow": chat.slow})]
    message = chat.find(id)
    if f"chat.muted:{id}" in now:
        return [Write("chat.mute" if message.author in chat.muted else "chat.unmute", {"session": session, "person": message.author})]
    return [message_write(session, message)]


def _authored(chat: Chat, id: str | None) -> list[Message]:
    """All messages of a message's author: who is muted shows at each of them."""
    author = None if id is None else chat.find(id).author
    return [message for message in chat.items.values() if message.author == author]


def _mine(chat: Chat, id: str | None, authored: list[Message]) -> dict[str, Doc]:
    if id is None:
        return {}
    author = chat.find(id).author
    messages = {message.id: views.own_message(message) | _no_reason(message) for message in authored if message.state != "retracted"}
    return {author: {"muted": author in chat.muted, "messages": messages}}


def _no_reason(message: Message) -> Doc:
    """In a patch, a reason that is gone has to be said."""
    return {"reason": None} if message.reason is None else {}
