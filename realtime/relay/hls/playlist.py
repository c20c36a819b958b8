"""Playlists (RFC 8216) over a window. All addresses in them are relative, so that they hold behind any path, key or CDN.

A session is one variant with its picture, a group of sounds (the floor's and each interpretation's) and one of captions.
Segments of a number cover the same time in each.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from realtime.relay.hls.cutting import LONGEST
from realtime.relay.hls.segment import FLOOR
from realtime.relay.hls.window import Listed, Window

MEDIA_TYPE = "application/vnd.apple.mpegurl"

SETTLED = 6.0
"""Seconds after which a segment's captions are told: by then its lines are finished and translated, and nobody has played it yet."""

AAC = "mp4a.40.2"


def master(window: Window, floor: str, interpreted: Sequence[str], captions: Sequence[str], name: Callable[[str], str]) -> str:
    """The master playlist; languages are BCP 47 tags, and `name` gives what their speakers call them."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7"]
    for lang, channel in [(floor, FLOOR), *((lang, lang) for lang in interpreted)]:
        default = "YES" if channel == FLOOR else "NO"
        group = f'TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="{lang}",NAME="{name(lang)}",DEFAULT={default},AUTOSELECT=YES,CHANNELS="2"'
        lines.append(f'#EXT-X-MEDIA:{group},URI="sound-{channel}.m3u8"')
    for lang in captions:
        group = f'TYPE=SUBTITLES,GROUP-ID="captions",LANGUAGE="{lang}",NAME="{name(lang)}",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO'
        lines.append(f'#EXT-X-MEDIA:{group},URI="captions-{lang}.m3u8"')
    return "\n".join([*lines, *_variant(window, bool(captions))]) + "\n"


def pictures(window: Window) -> str:
    """The media playlist of the picture."""

    def named(entry: Listed) -> list[str]:
        looks = entry.segment.format
        # A time without a picture that HLS can carry: there is nothing to fetch (RFC 8216bis section 4.4.4.7).
        return ["#EXT-X-GAP", "gap.m4s"] if looks is None else [_map(f"init-{looks.name}.mp4"), f"{entry.number}-video.m4s"]

    return _media(window.listed, named)


def sounds(window: Window, channel: str) -> str:
    """The media playlist of a language: the floor's segments where its booth was silent."""

    def named(entry: Listed) -> list[str]:
        heard = channel if channel in entry.segment.sounds else FLOOR
        return [_map("sound.mp4"), f"{entry.number}-sound-{heard}.m4s"]

    return _media(window.listed, named)


def captions(window: Window, lang: str, now: float) -> str:
    """The media playlist of a language's captions at `now`, seconds since 1970: what has settled, and always the first segment."""
    listed = window.listed
    settled = [entry for entry in listed if entry.segment.at / 1000 + entry.segment.seconds < now - SETTLED]
    return _media(settled or listed[:1], lambda entry: [f"{entry.number}-captions-{lang}.vtt"])


def _variant(window: Window, captioned: bool) -> list[str]:
    peak, average = window.bandwidth
    about = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={average}"]
    looks = window.listed[-1].segment.format
    if looks is None:
        about.append(f'CODECS="{AAC}"')
    else:
        rate = max(entry.segment.pictures / entry.segment.seconds for entry in window.listed)
        about += [f'CODECS="{looks.codec},{AAC}"', f"RESOLUTION={looks.width}x{looks.height}", f"FRAME-RATE={rate:.3f}"]
    about += ['AUDIO="sound"', *(['SUBTITLES="captions"'] if captioned else []), "CLOSED-CAPTIONS=NONE"]
    return [f"#EXT-X-STREAM-INF:{','.join(about)}", "video.m3u8" if looks is not None else f"sound-{FLOOR}.m3u8"]


def _media(entries: Sequence[Listed], named: Callable[[Listed], Iterable[str]]) -> str:
    """A media playlist; `named` gives the tags that hold from a segment on, and its address as the last."""
    first = entries[0]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{LONGEST:.0f}",
        f"#EXT-X-MEDIA-SEQUENCE:{first.number}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{first.breaks}",
    ]
    before = ""
    for entry in entries:
        *tags, address = named(entry)
        if entry.segment.broken:
            lines.append("#EXT-X-DISCONTINUITY")
            before = ""
        lines += [tag for tag in tags if tag != before]
        before = tags[0] if tags and tags[0].startswith("#EXT-X-MAP") else before
        lines += [f"#EXT-X-PROGRAM-DATE-TIME:{_date(entry.segment.at)}", f"#EXTINF:{entry.segment.seconds:.5f},", address]
    return "\n".join(lines) + "\n"


def _map(address: str) -> str:
    return f'#EXT-X-MAP:URI="{address}"'


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
