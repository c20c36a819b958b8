"""What the demo shows: a programme that holds together in five languages, and a film that plays from its packets."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from server.demo import delegations, leader, place, script
from server.demo.film import PACKETS, POP_AT, SAMPLES, Film, Reel
from server.demo.polls import polls
from server.demo.programme import CAPTIONS, SUMMIT, event, seed
from server.demo.publisher import Playing
from server.demo.questions import questions
from sessions.forms import checked
from sessions.polls import Polls
from sessions.programme import Event
from sessions.questions import TEXT_LIMIT
from sessions.text import clean, graphemes, language

NOW = 1_795_500_000_000
FIVE = {"en", "es", "fr", "ar", "zh"}
SCRIPTS = {"ar": ("\u0600", "\u06ff"), "zh": ("\u4e00", "\u9fff")}


@pytest.fixture(scope="module")
def programme() -> Event:
    return event(NOW)


def every_text(item: Any) -> Iterator[dict[str, str]]:
    """Every text by language, at any depth."""
    if isinstance(item, dict):
        if "en" in item:
            yield item
        for value in item.values():
            yield from every_text(value)
    elif isinstance(item, list):
        for value in item:
            yield from every_text(value)


def test_every_text_is_there_in_five_languages_and_in_their_scripts(programme: Event) -> None:
    texts = [*every_text(msgspec.to_builtins(programme)), *every_text(msgspec.to_builtins([poll.form for poll in polls(NOW)]))]
    assert len(texts) > 60
    for text in texts:
        assert text.keys() >= FIVE, text
        assert len(set(text.values())) > 2, text
        for lang, (first, last) in SCRIPTS.items():
            assert any(first <= letter <= last for letter in text[lang]), text
        for value in text.values():
            assert clean(value, 200) == value


def test_eighteen_delegations_sit_at_the_summit_and_nowhere_else(programme: Event) -> None:
    seats = {session.id: len(session.seats) for session in programme.sessions}
    assert {id for id, count in seats.items() if count} == {SUMMIT}
    assert seats[SUMMIT] == 18
    planted = seed(NOW)
    summit = planted.summits[SUMMIT]
    assert set(summit.accounts) == {seat.id for seat in delegations.SEATS}
    assert summit.queue == ["in", "mx", "br"]  # who has spoken least comes first
    [motion] = planted.motions[SUMMIT]
    assert motion.division is not None
    assert (motion.division.yes, motion.division.silent, motion.division.absent, motion.division.adopted) == (12, 1, 2, True)


def test_four_tracks_hold_ten_sessions_and_a_summit_that_is_on(programme: Event) -> None:
    assert {track.id for track in programme.tracks} == {"technology", "capital", "media", "screenwriting"}
    assert {session.track for session in programme.sessions} == {track.id for track in programme.tracks}
    assert Counter(session.format == "summit" for session in programme.sessions) == {False: 10, True: 1}
    assert {session.format for session in programme.sessions} == {"summit", "forum", "seminar", "symposium", "lecture"}
    summit = next(session for session in programme.sessions if session.id == SUMMIT)
    assert summit.starts_at < NOW < summit.ends_at
    assert [session.starts_at for session in programme.sessions] == sorted(session.starts_at for session in programme.sessions)


def test_ids_are_unique_and_sessions_are_captioned_in_their_own_language_first(programme: Event) -> None:
    ids = [session.id for session in programme.sessions]
    assert len(set(ids)) == len(ids)
    for session in programme.sessions:
        assert session.captions[0] == session.floor
        assert set(session.captions) == set(CAPTIONS)
        assert all(language(tag) == tag for tag in session.captions)
        assert session.speakers


def test_eighteen_leaders_meet_and_some_declare_no_region(programme: Event) -> None:
    summit = next(session for session in programme.sessions if session.id == SUMMIT)
    assert len({speaker.name for speaker in summit.speakers}) == 18
    regions = [speaker.region for speaker in summit.speakers]
    assert len(set(regions) - {None}) >= 10
    assert None in regions


def test_twelve_questions_are_asked_in_five_languages() -> None:
    asked = questions(NOW)
    assert len({question.id for question in asked}) == 12
    assert {question.lang for question in asked} == FIVE
    pending = [question for question in asked if question.state == "pending"]
    assert {question.lang for question in pending} >= {"ar", "zh"}
    assert len(pending) == 3
    assert all(question.asked_at < NOW and graphemes(question.text) <= TEXT_LIMIT for question in asked)


def test_published_questions_have_votes_and_are_translated_and_pending_ones_are_not() -> None:
    for question in questions(NOW):
        if question.state == "published":
            assert question.votes
            assert {question.lang, *question.translations} == FIVE
            assert question.lang not in question.translations
        else:
            assert not question.votes
            assert not question.translations


def test_one_poll_runs_with_ballots_that_its_rules_allow_and_one_is_a_draft() -> None:
    running, draft = polls(NOW)
    assert (running.state, running.form.kind, len(running.ballots)) == ("open", "single", 41)
    assert (draft.state, draft.form.kind, draft.ballots, draft.form.rules.max_choices) == ("draft", "multiple", {}, 3)
    counts = running.tally.result().counts
    rules = Polls([running, draft])
    for person, ballot in list(running.ballots.items()):
        rules.vote(running.id, person, ballot, NOW)
    assert running.tally.result().counts == counts
    assert checked(running.form) == running.form
    assert checked(draft.form) == draft.form


async def decoded(reel: Reel, codec: str, seconds: list[int]) -> list[Any]:
    decoder: Any = av.CodecContext.create(codec, "r")
    frames = [frame for second in seconds for data in await reel.second(second) for frame in decoder.decode(av.Packet(data))]
    return frames + decoder.decode(None)


async def test_the_leader_counts_down_in_pictures_that_change() -> None:
    frames = await decoded(Film().pictures, "h264", [0, 1])
    pictures = [frame.to_ndarray(format="gray").astype(int) for frame in frames]
    assert len(pictures) == 2 * leader.RATE
    assert {picture.shape for picture in pictures} == {(360, 640)}
    assert all(np.abs(a - b).max() > 40 for a, b in pairwise(pictures))
    middle = np.s_[80:250, 270:370]
    assert np.abs(pictures[0][middle] - pictures[leader.RATE][middle]).mean() > 10, "8 and 7 look alike"


async def test_every_second_begins_with_a_keyframe_that_needs_nothing_before_it() -> None:
    film = Film()
    for second in (0, 3):
        first = (await film.pictures.second(second))[0]
        decoder: Any = av.CodecContext.create("h264", "r")
        assert len(decoder.decode(av.Packet(first)) + decoder.decode(None)) == 1


async def test_the_loop_has_one_pop_of_a_kilohertz_in_the_pause_of_the_reading() -> None:
    frames = await decoded(Film().sound, "libopus", list(range(48)))
    assert {(frame.format.name, frame.layout.nb_channels) for frame in frames} == {("s16", 2)}
    sound = np.concatenate([frame.to_ndarray().ravel()[::2] for frame in frames]) / 32768
    loud = np.abs(sound[: 48 * SAMPLES]).reshape(-1, SAMPLES).max(axis=1)
    assert (loud[:43] > 0.02).sum() > 30, "nobody reads"
    assert loud[POP_AT] > 0.05
    assert max(loud[POP_AT - 1], loud[POP_AT + 1]) < 0.01
    pop = sound[POP_AT * SAMPLES : POP_AT * SAMPLES + SAMPLES // 20]
    assert abs(np.argmax(np.abs(np.fft.rfft(pop))) * 20 - 1000) <= 20


async def test_a_reel_comes_round_to_the_packets_it_began_with() -> None:
    reel = Reel(1, iter([[bytes([number])] for number in range(48)]))
    assert [(await reel.second(number))[0][0] for number in (47, 48, 0, 96)] == [47, 0, 0, 0]


async def test_a_track_plays_at_its_pace_and_skips_what_it_slept_through() -> None:
    loop = asyncio.get_running_loop()
    track = Playing("audio", Film().sound, loop.time())
    begun = loop.time()
    packets = [await track.recv() for _ in range(11)]
    assert 0.15 < loop.time() - begun < 0.6
    assert [packet.pts for packet in packets] == list(range(11))
    late = Playing("audio", Film().sound, loop.time() - 30.5)
    assert (await late.recv()).pts == 31 * PACKETS
    assert loop.time() - begun < 3


async def test_the_script_says_its_welcome_and_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PAUSE", 0)
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)

    await script.welcome(say)
    assert said == script.WELCOME


def test_a_taken_port_names_a_free_one_and_no_wish_takes_it() -> None:
    with socket.create_server((place.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(place.NoPlace, match=rf"port {port} is taken; --port \d+ is free"):
            place.find(port, lan=False)
        assert place.next_free(place.LOOPBACK, port) > port


def test_an_address_of_another_machine_is_no_place_to_listen() -> None:
    with pytest.raises(place.NoPlace, match=r"cannot listen at 192\.0\.2\.1"):
        place.require_free("192.0.2.1", 8000)
