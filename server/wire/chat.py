"""`chat.*`: what people write to each other, and what moderators do about it."""

from typing import Annotated

from msgspec import Meta, Struct

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long
from sessions.chat import State as ChatMessageState
from sessions.programme import Texts
from sessions.questions import Reason


class ChatSend(CommandBase, tag="chat.send"):
    """The result names it: `message`."""

    text: Long
    lang: Lang


class ChatRetract(CommandBase, tag="chat.retract"):
    """Takes one's own message back, for good."""

    message: Id


class ChatHide(CommandBase, tag="chat.hide"):
    """Takes a message out of everyone's sight; its author learns the reason."""

    message: Id
    reason: Reason


class ChatShow(CommandBase, tag="chat.show"):
    message: Id


class ChatMute(CommandBase, tag="chat.mute"):
    """Lets the author of a message write nothing more, or write again: nobody need know who that is."""

    message: Id
    on: bool


class ChatSlow(CommandBase, tag="chat.slow"):
    """Slow mode: one message per person in so many seconds; 0 ends it."""

    seconds: Annotated[int, Meta(ge=0, le=3600)]


ChatCommand = ChatSend | ChatRetract | ChatHide | ChatShow | ChatMute | ChatSlow


class ChatMessage(Struct, kw_only=True, omit_defaults=True):
    """A message; `translations` are the machine's. `role` is there for those who run the session. Only staff sees what is
    hidden, why, and who is `muted`.
    """

    id: str
    text: str
    lang: str
    at: int
    number: int
    translations: Texts = {}
    author: str | None = None
    role: str | None = None
    state: ChatMessageState = "shown"
    reason: Reason | None = None
    muted: bool = False


class ChatState(Struct, kw_only=True, omit_defaults=True):
    """The state of `{session}/chat` and, with what is hidden, of `{session}/chat/staff`: the newest messages, and slow mode's seconds."""

    messages: dict[str, ChatMessage]
    slow: int | None = None


class OwnMessage(Struct, kw_only=True, omit_defaults=True):
    """What became of one's own message."""

    state: ChatMessageState
    reason: Reason | None = None
