"""What the packager makes: the same few seconds of a session in every rendition."""

from dataclasses import dataclass

from realtime.relay.hls.picture import Format

FLOOR = "floor"
"""The floor's name among the channels of sound; the others are language tags."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Media segments of the same time."""

    at: int
    """When its first moment arrived, ms since 1970 UTC."""
    start: float
    """Seconds on the media's own time line."""
    seconds: float
    broken: bool
    """Whether a player must begin anew here: another format, or a hole in the time."""
    format: Format | None
    """The picture's; None for a session without one that HLS can carry."""
    picture: bytes
    pictures: int
    """How many there are in it."""
    sounds: dict[str, bytes]
    """By language. One that is not here was silent: its listeners hear the floor."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.picture) + sum(map(len, self.sounds.values()))
