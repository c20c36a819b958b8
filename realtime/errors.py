"""What delivery refuses, as exceptions with a stable `code` that the server turns into answers."""


class DeliveryError(Exception):
    """Base of everything the hub raises on purpose."""

    code = "delivery_error"


class UnknownChannel(DeliveryError):
    """No channel of this name is open."""

    code = "unknown_channel"


class TooManyChannels(DeliveryError):
    """The connection follows as many channels as it may, or the hub has as many open as it may."""

    code = "too_many_channels"


class UpdateTooBig(DeliveryError):
    """An update is longer than the limit; nothing was published."""

    code = "update_too_big"
