"""Where one segment ends and the next begins, for all renditions at once: at a keyframe where there are pictures, else by the clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from realtime.relay.hls import picture, sound
from realtime.relay.hls.boxes import Sample, fragment
from realtime.relay.hls.picture import Film, Format, Frame
from realtime.relay.hls.segment import FLOOR, Segment
from realtime.relay.hls.sound import Voice
from realtime.relay.offer import Kind
from realtime.relay.rtp import Outgoing

SEGMENT = 2.0
"""Seconds after which a segment ends with the next keyframe, which is then asked for."""

LONGEST = 4.0
"""Seconds after which it ends without one; a hole this long breaks the time line."""

GRACE = 0.4
"""Seconds that sound may come after the picture it belongs to."""

MAX_BYTES = 8 << 20
"""Bytes of a segment's pictures, past which it ends: 16 Mbit/s."""

MAX_TICKS = round((LONGEST + 0.4) * picture.RATE)
"""What a player may be told is LONGEST (RFC 8216 section 4.3.3.1); a picture that comes later is shown then."""

_USUAL = picture.RATE // 25


@dataclass(slots=True)
class _Cut:
    """A segment whose pictures are all here; times in 1/90000 s."""

    number: int
    start: int
    end: int
    broken: bool
    format: Format | None
    frames: list[Frame]


@dataclass(slots=True)
class Cutting:
    """Packets in, segments out, in the thread of a packager. `now` is in seconds since the session's zero, which is `zero` s of 1970.

    `pictured` says whether there are pictures of a kind that HLS can carry; one that changes makes the next segment broken.
    """

    zero: float
    pictured: bool
    wants_keyframe: bool = False
    """Whether the publisher should be asked for one. Set here, cleared by who asks; asked too often, it is asked now and then."""
    _number: int = 0
    _broken: bool = True
    _start: int | None = None
    _frames: list[Frame] = field(default_factory=list)
    _bytes: int = 0
    _format: Format | None = None
    _film: Film = field(default_factory=Film)
    _voices: dict[str, Voice] = field(default_factory=dict)
    _cuts: deque[_Cut] = field(default_factory=deque)

    def add(self, channel: str, kind: Kind, packet: Outgoing, now: float) -> None:
        """Take a packet of the floor's or a booth's."""
        if kind == "audio":
            self._voices.setdefault(channel, Voice()).add(packet, now)
        elif self.pictured:
            for frame in self._film.add(packet, now):
                self._show(frame)

    def turn(self, pictured: bool) -> None:
        """Pictures that do not continue those before: another publisher's, or another encoding. They go on from their first keyframe."""
        if pictured != self.pictured:
            self._stop()
        self.pictured, self._film, self.wants_keyframe = pictured, Film(), True

    def ready(self, now: float) -> Iterator[Segment]:
        """The segments that are whole at `now`."""
        if self.pictured:
            self._note_silence(now)
        else:
            self._tick(now)
        while self._cuts and now >= self._cuts[0].end / picture.RATE + GRACE:
            yield self._made(self._cuts.popleft())

    # Pictures

    def _show(self, frame: Frame) -> None:
        if self._frames and frame.at <= self._frames[-1].at:
            frame = Frame(self._frames[-1].at + 1, frame.data, frame.key)
        if self._start is not None:
            self._maybe_cut(frame)
        if self._start is None:
            if not frame.key:
                self.wants_keyframe = True
                return
            self._start, self._format = frame.at, self._film.format
        self._frames.append(frame)
        self._bytes += len(frame.data)
        self.wants_keyframe = self.wants_keyframe or frame.at - self._start >= SEGMENT * picture.RATE

    def _maybe_cut(self, frame: Frame) -> None:
        assert self._start is not None
        long = (frame.at - self._start) / picture.RATE
        if frame.key and self._film.format != self._format:
            self._cut(frame.at)
            self._start, self._broken = None, True
        elif (frame.key and long >= SEGMENT * 0.9) or long >= LONGEST or self._bytes >= MAX_BYTES:
            self._cut(min(frame.at, self._start + MAX_TICKS))

    def _note_silence(self, now: float) -> None:
        """No picture for so long: the time line breaks, and goes on with the next keyframe."""
        if self._frames and now - self._frames[-1].at / picture.RATE > LONGEST + GRACE:
            self._stop()

    def _stop(self) -> None:
        if self._frames:
            self._cut(self._frames[-1].at + _USUAL)
        self._start, self._broken = None, True

    # Sound alone

    def _tick(self, now: float) -> None:
        said = self._voices[FLOOR].end / sound.RATE if FLOOR in self._voices else 0.0
        if not said or now - said > LONGEST:
            self._start, self._broken = None, True
            return
        if self._start is None:
            self._start = round(said * picture.RATE)
        while said * picture.RATE - self._start >= SEGMENT * picture.RATE:
            self._cut(self._start + round(SEGMENT * picture.RATE))

    # Segments

    def _cut(self, end: int) -> None:
        """End the segment at `end`, where the next one begins."""
        assert self._start is not None
        self._cuts.append(_Cut(self._number, self._start, end, self._broken, self._format if self.pictured else None, self._frames))
        self._number += 1
        self._start, self._frames, self._bytes, self._broken = end, [], 0, False

    def _made(self, cut: _Cut) -> Segment:
        start, end = cut.start / picture.RATE, cut.end / picture.RATE
        made = Segment(
            at=round((self.zero + start) * 1000),
            start=start,
            seconds=end - start,
            broken=cut.broken,
            format=cut.format,
            picture=fragment(cut.number, cut.start, _samples(cut)) if cut.format is not None else b"",
            pictures=len(cut.frames),
            sounds=self._sounds(cut.number, start, end),
        )
        for voice in self._voices.values():
            voice.forget(int((start - 1) * sound.RATE))
        return made

    def _sounds(self, number: int, start: float, end: float) -> dict[str, bytes]:
        first, last = sound.frames(start, end)
        floor = [self._voices[FLOOR]] if FLOOR in self._voices else []
        heard = {FLOOR: floor}
        for lang, voice in self._voices.items():
            if lang != FLOOR and voice.speaks(first * sound.FRAME, last * sound.FRAME):
                heard[lang] = [*floor, voice]
        return {lang: fragment(number, first * sound.FRAME, sound.encode(voices, first, last)) for lang, voices in heard.items()}


def _samples(cut: _Cut) -> list[Sample]:
    times = [cut.start, *(frame.at for frame in cut.frames[1:]), cut.end]
    return [Sample(frame.data, end - begin, frame.key) for frame, (begin, end) in zip(cut.frames, pairwise(times), strict=True)]
