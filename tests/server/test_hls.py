"""HLS of a session as players fetch it: ten seconds of one, with another publisher in the middle, looked at from all sides."""

import asyncio
import io
import os
import re
import signal
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import av
import httpx
import imageio_ffmpeg
import numpy as np
import pytest
import webvtt

from realtime.relay import RelayDown, Segment, Tap
from tests.realtime.relay.clients import publishing, relay_processes, until
from tests.server.site import SDP, SESSION, Site, opened
from tests.server.test_media import problem

SLATE = (640, 360)
PERIOD = 2.0
"""Seconds between two beeps of the floor."""


@dataclass
class Show:
    """What a player got: text and bytes by name, and what ffmpeg said of the whole."""

    answers: dict[str, httpx.Response] = field(default_factory=dict)
    ffmpeg: str = ""
    again: list[int] = field(default_factory=list)
    """Status of a conditional request for a playlist and for a segment."""
    refusals: list[tuple[httpx.Response, int, str]] = field(default_factory=list)
    """Answers to who may not, or came too early, with the status and the code that are right."""
    left: bool = True
    """Whether segments were still made when nobody had asked for a while."""

    def text(self, name: str) -> str:
        return self.answers[name].text

    def addresses(self, playlist: str) -> list[str]:
        return [line for line in self.text(playlist).splitlines() if line and not line.startswith("#")]

    def parts(self, playlist: str) -> list[list[str]]:
        """The names between two breaks, an initialization's first."""
        parts = self.text(playlist).split("DISCONTINUITY\n")
        return [[init or name for init, name in re.findall(r'^(?:#EXT-X-MAP:URI="(.*)"|([^#].*))$', part, re.M)] for part in parts]

    def media(self, playlist: str) -> list[bytes]:
        """What is between two breaks as one file."""
        return [b"".join(self.answers[name].content for name in part) for part in self.parts(playlist)]


def beeps(path: Path) -> Path:
    at = np.arange(60 * 16_000)
    said = np.where(at / 16_000 % PERIOD < 0.3, np.sin(at * 2 * np.pi * 700 / 16_000) * 16_000, 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(said.astype(np.int16).tobytes())
    return path


async def captioned(site: Site, tap: Tap) -> None:
    """A captioner with the quickest of ears: each beep of the floor is a line, begun when it was heard."""
    quiet = True
    with tap:
        async for chunk in tap:
            loud = np.abs(chunk.samples) > 4_000
            if quiet and loud.any():
                begun = time.time() - (len(loud) - int(loud.argmax())) / 16_000
                site.services.captioning.commit(SESSION, "en", "beep", True, at=round(begun * 1000))
            quiet = not loud.any()


async def play(address: str) -> str:
    """What ffmpeg says of three seconds of everything in the master playlist; decodes all of it."""
    arguments = ["-hide_banner", "-nostdin", "-xerror", "-i", address, "-map", "0:v", "-map", "0:a", "-t", "3", "-f", "null", "-"]
    ffmpeg = await asyncio.create_subprocess_exec(imageio_ffmpeg.get_ffmpeg_exe(), *arguments, stderr=asyncio.subprocess.PIPE)
    _, said = await ffmpeg.communicate()
    assert ffmpeg.returncode == 0, said.decode()
    return said.decode()


def looks(segment: Segment) -> tuple[int, int] | None:
    return None if segment.format is None else (segment.format.width, segment.format.height)


@asynccontextmanager
async def on_air(site: Site, sound: Path) -> AsyncIterator[None]:
    async def interpret(offer: str) -> str:
        answer = await site.http.post(f"/whip/{SESSION}/es", content=offer, headers=SDP | site.bearer("interpreter"))
        return answer.text

    async with publishing(site.signal("whip", "speaker"), speech=sound), publishing(interpret, video=None, tone=880.0):
        await until(lambda: site.live)
        yield


async def fetched(site: Site, master: httpx.Response, show: Show) -> None:
    """Everything that a player can be told of, each once."""
    show.answers["master.m3u8"] = master
    names = ["master.m3u8", *re.findall(r'URI="([^"]*m3u8)"', master.text), "video.m3u8"]
    for name in names:
        answer = show.answers[name] = await site.http.get(str(master.url.join(name)))
        for segment in [*re.findall(r'#EXT-X-MAP:URI="(.*)"', answer.text), *show.addresses(name)]:
            if segment not in show.answers:
                show.answers[segment] = await site.http.get(str(master.url.join(segment)))
    for name in ("video.m3u8", show.addresses("video.m3u8")[0]):
        address = str(master.url.join(name))
        tag, again = "", await site.http.get(address)
        while again.headers["ETag"] != tag:  # a playlist may have gone on since
            tag = again.headers["ETag"]
            again = await site.http.get(address, headers={"If-None-Match": tag})
        show.again.append(again.status_code)


async def refused(site: Site) -> list[tuple[httpx.Response, int, str]]:
    """While nobody publishes."""
    master, tokens, get = f"/hls/{SESSION}/master.m3u8", site.services.tokens, site.http.get
    key = tokens.issue_hls(SESSION)
    assert key == tokens.issue_hls(SESSION)
    found = [(await get(master), 401, "no_token"), (await get(master, headers=site.bearer("publisher")), 403, "forbidden")]
    found.append((await get(master, headers=site.bearer("attendee")), 409, "not_live"))
    found.append((await get(f"/hls/{SESSION}/{key}/video.m3u8"), 409, "not_live"))
    keys = (tokens.issue_hls("other"), site.token("attendee"), "forged")
    names = ("1-video.m4s", "1-sound-es.m4s", "1-captions-en.vtt", "init-0.mp4", "..mp4")
    found += [(await get(f"/hls/{SESSION}/{wrong}/master.m3u8"), 401, "bad_token") for wrong in keys]
    return found + [(await get(f"/hls/{SESSION}/{key}/{name}"), 404, "not_found") for name in names]


async def relay_is_up(site: Site) -> bool:
    try:
        await site.relay.counters()
    except RelayDown:
        return False
    return True


async def held(folder: Path, patch: pytest.MonkeyPatch) -> Show:
    show, sound = Show(), beeps(folder / "beeps.wav")
    patch.setattr("server.hls.WATCH", 0.2)
    async with opened(folder / "data") as site, asyncio.TaskGroup() as group:
        show.refusals = await refused(site)
        captioner = group.create_task(captioned(site, site.relay.tap(SESSION)))
        async with on_air(site, sound):
            master = await site.http.get(f"/hls/{SESSION}/master.m3u8", headers=site.bearer("attendee"), follow_redirects=True)
            window = site.services.hls.held(SESSION)
            assert window is not None
        await until(lambda: len(window.listed) > 1 and looks(window.listed[-1].segment) == SLATE, 20)
        async with on_air(site, sound):
            playing = group.create_task(play(str(master.url)))
            before = window.listed[-1].number
            await until(lambda: window.listed[-1].number >= before + 2, 20)
            show.ffmpeg = await playing
            assert site.services.hls.octets == {SESSION: window.size}
            os.kill(relay_processes()[0], signal.SIGKILL)
            await until(lambda: not site.live)
        await captioner
        await until(lambda: relay_is_up(site))
        before = window.listed[-1].number
        async with on_air(site, sound):
            await until(lambda: window.listed[-1].number > before, 20)
            await fetched(site, await site.http.get(str(master.url)), show)
        patch.setattr("server.hls.IDLE", 0.0)
        await until(lambda: site.services.hls.held(SESSION) is None)
        show.left = site.relay.packages(SESSION)
    return show


@pytest.fixture(scope="module")
def show() -> Iterator[Show]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        yield asyncio.run(held(Path(folder), patch))


def frames(media: bytes) -> Iterator[tuple[float, av.VideoFrame | av.AudioFrame]]:
    with av.open(io.BytesIO(media)) as file:
        for frame in file.decode(file.streams[0]):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            yield float(frame.time or 0), frame


def times(media: bytes) -> list[float]:
    return [time for time, _ in frames(media)]


def onsets(media: bytes) -> list[float]:
    """Seconds on the media's time line at which a sound begins after silence."""
    found, loud_until = [], -1.0
    for time_, frame in frames(media):
        loud = np.abs(frame.to_ndarray()[0]) > 0.1
        if loud.any():
            start = time_ + int(loud.argmax()) / 48_000
            if start - loud_until > 0.5:
                found.append(start)
            loud_until = time_ + 1024 / 48_000
    return found


def test_the_master_playlist_tells_picture_languages_and_captions(show: Show) -> None:
    master = show.text("master.m3u8")
    shown = re.search(r'CODECS="avc1\.42[0-9a-f]{4},mp4a\.40\.2",RESOLUTION=160x120,FRAME-RATE=(\d+\.\d{3}),', master)
    assert shown is not None
    assert 10 < float(shown[1]) < 60  # of the twenty a second that are published, by the clock of a machine that may be busy
    assert re.findall(r'TYPE=AUDIO.*LANGUAGE="(\w+)",NAME="(\w+)"', master) == [("en", "English"), ("es", "Español"), ("zh", "中文")]
    assert re.findall(r'TYPE=SUBTITLES.*LANGUAGE="(\w+)",NAME="(\w+)"', master) == [("en", "English"), ("es", "Español"), ("zh", "中文")]
    peak, average = map(int, re.search(r"BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)", master).groups())  # type: ignore[union-attr]
    assert 20_000 < average <= peak < 2_000_000


def test_ffmpeg_plays_all_of_it(show: Show) -> None:
    # It begins three segments from the end: at the publisher's, or still at the slate.
    assert re.search(rf"Video: h264 .*(160x120|{SLATE[0]}x{SLATE[1]})", show.ffmpeg)
    assert re.findall(r"\((\w+)\): Audio: aac \(LC\).*48000 Hz, stereo", show.ffmpeg)[:3] == ["en", "es", "zh"]
    assert re.findall(r"\((\w+)\): Subtitle: webvtt", show.ffmpeg) == ["en", "es", "zh"]


@pytest.mark.parametrize("playlist", ["video.m3u8", "sound-floor.m3u8", "sound-es.m3u8"])
def test_time_goes_on_while_the_source_is_away_and_another_comes(show: Show, playlist: str) -> None:
    *parts, last = [times(media) for media in show.media(playlist)]
    found = [time for part in parts for time in part]
    assert found == sorted(found)
    assert found[-1] - found[0] > 8.0
    # Sound has no hole; the picture stands still, or is the slate, while nobody publishes.
    assert max(after - before for before, after in pairwise(found)) < (4.5 if playlist == "video.m3u8" else 0.022)
    assert len(parts) >= 3  # the publisher, the slate and the publisher: each with a format of its own
    # Another process of the relay has another time line.
    assert last[0] < found[-1]
    assert last[-1] - last[0] > 1.5


def test_every_rendition_has_the_same_segments_at_the_same_times(show: Show) -> None:
    def marks(playlist: str) -> list[tuple[str, ...]]:
        return [tuple(found) for found in re.findall(r"DATE-TIME:(.*)\n#EXTINF:(.*),\n(\d+)-", show.text(playlist))]

    pictures = marks("video.m3u8")
    assert len(pictures) >= 5
    assert marks("sound-floor.m3u8") == marks("sound-es.m3u8") == marks("sound-zh.m3u8") == pictures
    assert pictures[: len(marks("captions-en.m3u8"))] == marks("captions-en.m3u8")
    for (date, seconds, number), (next_date, _, next_number) in pairwise(pictures):
        assert int(next_number) == int(number) + 1
        assert float(seconds) < 4.5
        passed = datetime.fromisoformat(next_date) - datetime.fromisoformat(date)
        assert passed.total_seconds() - float(seconds) > -0.01
        assert passed.total_seconds() - float(seconds) < 0.01 or (next_date, next_number) == (pictures[-1][0], pictures[-1][2])


def test_an_interpretation_is_heard_where_its_booth_spoke_and_else_the_floor(show: Show) -> None:
    assert any(name.endswith("-sound-es.m4s") for name in show.addresses("sound-es.m3u8"))
    assert all(name.endswith("-sound-floor.m4s") for name in show.addresses("sound-zh.m3u8"))
    pcm = np.concatenate([frame.to_ndarray()[0] for _, frame in frames(show.media("sound-es.m3u8")[-1])])
    middle = pcm[len(pcm) // 8 : len(pcm) // 8 + 48_000]
    assert abs(int(np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax()) - 880) <= 2


def test_captions_stand_where_the_words_are_heard(show: Show) -> None:
    heard = [onset for media in show.media("sound-floor.m3u8")[:-1] for onset in onsets(media)]
    assert len(heard) >= 3
    read: set[float] = set()
    for name in show.addresses("captions-en.m3u8"):
        text = show.text(name)
        assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
        read |= {cue.start_in_seconds + cue.start_time.milliseconds / 1000 for cue in webvtt.from_string(text)}
    assert len(read) >= 2
    for start in read:
        assert min(abs(start - onset) for onset in heard) < 0.2


def test_a_cdn_may_keep_segments_for_ever_and_playlists_for_a_moment(show: Show) -> None:
    for name, answer in show.answers.items():
        assert answer.status_code == 200, name
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        kind, cache = answer.headers["Content-Type"], answer.headers["Cache-Control"]
        if name.endswith(".m3u8"):
            assert (kind, cache) == ("application/vnd.apple.mpegurl", "public, max-age=1")
        elif name.endswith(".vtt"):
            assert kind == "text/vtt; charset=utf-8"
        else:
            assert (kind, "immutable" in cache) == ("video/mp4", True)
    assert show.again == [304, 304]


def test_nothing_is_made_for_nobody(show: Show) -> None:
    assert not show.left


def test_who_may_not_watch_gets_nothing_and_nothing_live_is_a_conflict(show: Show) -> None:
    for answer, status, code in show.refusals:
        problem(answer, status, code)
        assert (status != 409) or int(answer.headers["Retry-After"]) > 0
