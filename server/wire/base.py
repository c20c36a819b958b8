"""How a socket begins, what every command has, and which channels one follows."""

from typing import Annotated

from msgspec import Meta, Struct

from server.wire.scalars import Channel, Key, Lang


class Resume(Struct, forbid_unknown_fields=True):
    """The last update a client holds of a channel."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0)]


class Hello(Struct, tag="hello"):
    """The first message, within 5 s; `captions` is the language to follow, if any."""

    token: Annotated[str, Meta(max_length=2048)]
    captions: Lang | None = None
    resume: Annotated[dict[Channel, Resume], Meta(max_length=8)] = {}


class CommandBase(Struct, kw_only=True):
    id: Key


class ChannelSubscribe(CommandBase, tag="channel.subscribe"):
    channel: Channel
    resume: Resume | None = None


class ChannelUnsubscribe(CommandBase, tag="channel.unsubscribe"):
    channel: Channel


ChannelCommand = ChannelSubscribe | ChannelUnsubscribe
