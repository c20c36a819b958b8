"""What the relay refuses, as exceptions with a stable `code` that the server turns into HTTP answers."""


class RelayError(Exception):
    """Base of everything the relay raises on purpose."""

    code = "relay_error"


class BadOffer(RelayError):
    """The SDP offer cannot be read, or lacks what no WebRTC offer may lack."""

    code = "bad_offer"


class UnacceptableOffer(RelayError):
    """The offer can be read, and asks for what the relay does not do: another direction, ports of their own, two cameras."""

    code = "unacceptable_offer"


class NoCommonCodec(UnacceptableOffer):
    """None of the offer's codecs is one the relay forwards (or the session now carries)."""

    code = "no_common_codec"


class BadFragment(RelayError):
    """The SDP fragment of a PATCH cannot be read, or changes half of the ICE credentials."""

    code = "bad_fragment"


class StaleTag(RelayError):
    """The request names an ICE session that is over: there was a restart since."""

    code = "stale_tag"


class NotLive(RelayError):
    """Nobody publishes to this session now; ask again in a moment."""

    code = "not_live"
    retry_after = 2  # seconds


class TooManyViewers(RelayError):
    """The session (or the whole relay) has as many peers as it may have."""

    code = "too_many_viewers"
    retry_after = 10  # seconds


class RelayDown(RelayError):
    """The relay's process has died and is being started again; every peer must come back."""

    code = "relay_down"
    retry_after = 1  # seconds


class TooManyTaps(RelayError):
    """The session's audio is already read by as many taps as it may have."""

    code = "too_many_taps"


class TooManyBooths(RelayError):
    """The session is interpreted into as many languages as it may be."""

    code = "too_many_booths"


class UnknownLayer(RelayError):
    """The session's picture has no encoding of this name."""

    code = "unknown_layer"


class UnknownResource(RelayError):
    """No peer has this resource id (never had, or it has ended)."""

    code = "unknown_resource"
