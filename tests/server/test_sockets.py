"""The socket `/ws` against a whole server: who may do what, that an ack is durable, and that a retry does nothing again."""

import asyncio
import json
from functools import partial

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from realtime.closing import CloseCode
from server import live
from sessions import loading
from tests.server.site import SESSION, Site, site

__all__ = ["site"]

PUBLIC = f"{SESSION}/public"


async def asked(site: Site, text: str = "Why?") -> str:
    async with site.talk() as attendee:
        return str((await attendee.do("question.ask", text=text, lang="en"))["question"])


async def published(site: Site) -> str:
    question = await asked(site)
    async with site.talk("moderator") as moderator:
        assert await moderator.do("question.publish", question=question) == {}
    return question


async def test_hello_is_answered_with_who_one_is_and_the_state(site: Site) -> None:
    async with site.talk(captions="es") as attendee:
        assert attendee.me["person"] == {"id": "a-attendee", "role": "attendee", "lang": "en", "name": "Attendee"}
        assert set(attendee.states) == {PUBLIC, f"{SESSION}/captions/es"}
        assert attendee.public["session"]["id"] == SESSION
        assert attendee.public["live"] is False
        assert attendee.public["polls"] == {}


async def test_a_wrong_token_is_told_so_and_closed_for_good(site: Site) -> None:
    async with connect(site.ws, proxy=None) as ws:
        await ws.send(json.dumps({"type": "hello", "token": "forged"}))
        assert json.loads(await ws.recv())["problem"]["code"] == "bad_token"
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_a_token_that_opens_no_session_is_told_so(site: Site) -> None:
    async with connect(site.ws, proxy=None) as ws:
        await ws.send(json.dumps({"type": "hello", "token": site.token("publisher")}))
        answer = json.loads(await ws.recv())
        assert (answer["type"], answer["problem"]["code"]) == ("error", "forbidden")
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


async def test_a_command_before_hello_is_refused_with_its_id(site: Site) -> None:
    async with connect(site.ws, proxy=None) as ws:
        await ws.send(json.dumps({"type": "question.ask", "id": "a-command-1", "text": "Why?", "lang": "en"}))
        answer = json.loads(await ws.recv())
        assert (answer["id"], answer["problem"]["code"]) == ("a-command-1", "bad_command")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "question.eat", "id": "a-command-1"},
        {"type": "question.ask", "id": "a-command-1"},
        {"type": "question.vote", "id": "a-command-1", "question": "../etc", "on": True},
        {"type": "poll.vote", "id": "a-command-1", "poll": "one", "ballot": ["a"] * 33},
        {"type": "question.vote", "id": "a-command-1", "question": "x", "on": "yes"},
        {"id": "a-command-1"},
    ],
)
async def test_what_is_no_command_is_an_error_with_its_id_and_the_socket_lives(site: Site, message: dict[str, object]) -> None:
    async with site.talk() as attendee:
        await attendee.ws.send(json.dumps(message))
        answer = await attendee.hear()
        while answer["type"] != "error":
            answer = await attendee.hear()
        assert answer["id"] == "a-command-1"
        assert answer["problem"]["code"] == "bad_command"
        assert answer["problem"]["status"] == 400
        assert await attendee.do("reaction.send", reaction="heart") == {}


async def test_neither_a_number_beyond_all_bounds_nor_what_is_not_quite_json_hides_an_id(site: Site) -> None:
    values = ["1" + "0" * 400, "-1e999", "1e999", "[" * 5 + "9" * 500 + "]" * 5, "NaN", '"half a pair \\ud800"']
    async with site.talk() as attendee:
        for number, value in enumerate(values):
            await attendee.ws.send(f'{{"type":"moderation.undo","entry":{value},"id":"a-command-{number}"}}')
            await attendee.until(lambda talk: talk.heard[-1]["type"] == "error")
            assert attendee.heard.pop()["id"] == f"a-command-{number}"


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '"hello"', "[" * 2000, '{"type":"hello","token":1}'])
async def test_what_is_no_json_object_is_an_error_without_an_id(site: Site, junk: str) -> None:
    async with site.talk() as attendee:
        await attendee.ws.send(junk)
        await attendee.until(lambda talk: talk.heard[-1]["type"] == "error")
        assert attendee.heard[-1]["id"] is None
        assert await attendee.do("reaction.send", reaction="heart") == {}


async def test_a_message_over_the_limit_closes_with_1009(site: Site) -> None:
    async with site.talk() as attendee:
        await attendee.ws.send(json.dumps({"type": "question.ask", "id": "a-command-1", "text": "x" * 20_000, "lang": "en"}))
        with pytest.raises(ConnectionClosed) as closed:
            await attendee.until(lambda _: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_question_waits_for_a_moderator_and_then_everyone_reads_it(site: Site) -> None:
    async with site.talk() as attendee, site.talk("moderator") as moderator:
        question = (await attendee.do("question.ask", text="كيف نموّل الأفلام المستقلة؟", lang="ar"))["question"]
        await moderator.until(lambda talk: question in talk.staff["questions"])
        assert moderator.staff["questions"][question]["state"] == "pending"
        assert attendee.public["questions"] == {}
        assert attendee.me["questions"][question]["state"] == "pending"
        await moderator.do("question.publish", question=question)
        await moderator.do("question.highlight", question=question)
        await attendee.until(lambda talk: talk.public.get("stage") == question)
        assert attendee.public["questions"][question]["text"] == "كيف نموّل الأفلام المستقلة؟"
        await moderator.do("question.dismiss", question=question, reason="duplicate")
        await attendee.until(lambda talk: "stage" not in talk.public and question not in talk.public["questions"])
        await attendee.until(lambda talk: talk.me["questions"][question].get("reason") == "duplicate")


async def test_an_anonymous_question_names_nobody_to_anybody(site: Site) -> None:
    async with site.talk() as attendee, site.talk("moderator") as moderator:
        question = (await attendee.do("question.ask", text="Who decides?", lang="en", anonymous=True))["question"]
        await moderator.until(lambda talk: question in talk.staff["questions"])
        assert "author" not in moderator.staff["questions"][question]
        assert "a-attendee" not in json.dumps(moderator.heard)


async def test_an_attendee_may_not_curate(site: Site) -> None:
    question = await asked(site)
    async with site.talk() as attendee:
        for command in ("question.publish", "question.highlight"):
            assert (await attendee.do(command, question=question))["code"] == "forbidden"
        assert (await attendee.do("poll.open", poll="one"))["status"] == 403
        assert (await attendee.do("channel.subscribe", channel=f"{SESSION}/staff"))["code"] == "unknown_channel"
        assert (await attendee.do("channel.subscribe", channel="other/public"))["code"] == "unknown_channel"


async def test_a_vote_says_how_it_shall_be_so_saying_it_twice_is_one_vote(site: Site) -> None:
    question = await published(site)
    async with site.talk() as attendee:
        for _ in range(2):
            assert await attendee.do("question.vote", question=question, on=True) == {}
        await attendee.until(lambda talk: talk.public["questions"][question]["votes"] == 1)
        assert attendee.me["voted"] == {question: True}
        await attendee.do("question.vote", question=question, on=False)
        await attendee.until(lambda talk: talk.public["questions"][question]["votes"] == 0)
        assert attendee.me["voted"] == {}


async def test_the_same_key_asks_the_same_question_once(site: Site) -> None:
    async with site.talk() as attendee:
        first = await attendee.do("question.ask", id="the-same-key", text="Once?", lang="en")
        assert await attendee.do("question.ask", id="the-same-key", text="Once?", lang="en") == first
    async with site.talk() as again:
        assert await again.do("question.ask", id="the-same-key", text="Once?", lang="en") == first
        assert len(again.me["questions"]) == 1


async def test_a_poll_is_voted_closed_and_revealed(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee, site.talk("attendee", person="second") as second:
        assert (await attendee.do("poll.vote", poll="one", ballot=["a"]))["code"] == "not_found"
        await speaker.do("poll.open", poll="one")
        assert await attendee.do("poll.vote", poll="one", ballot=["a"]) == {}
        assert await attendee.do("poll.vote", poll="one", ballot=["b"]) == {}
        assert await second.do("poll.vote", poll="one", ballot=["b"]) == {}
        assert (await second.do("poll.vote", poll="one", ballot=["a", "b"]))["code"] == "invalid"
        assert (await second.do("poll.vote", poll="one", ballot=["z"]))["code"] == "invalid"
        await attendee.until(lambda talk: talk.public["polls"].get("one", {}).get("voters") == 2)
        assert "tally" not in attendee.public["polls"]["one"]
        await speaker.until(lambda talk: talk.staff["polls"]["one"].get("tally", {}).get("counts") == {"a": 0, "b": 2, "c": 0})
        assert (await speaker.do("poll.reveal", poll="one"))["code"] == "conflict"
        await speaker.do("poll.close", poll="one")
        assert (await second.do("poll.vote", poll="one", ballot=["a"]))["code"] == "closed"
        await speaker.do("poll.reveal", poll="one")
        await attendee.until(lambda talk: talk.public["polls"]["one"].get("tally", {}).get("counts") == {"a": 0, "b": 2, "c": 0})
        assert attendee.me["ballots"] == {"one": ["b"]}


async def test_several_options_make_one_ballot_of_a_multiple_poll(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        await speaker.do("poll.open", poll="many")
        assert await attendee.do("poll.vote", poll="many", ballot=["a", "c"]) == {}
        assert (await attendee.do("poll.vote", poll="many", ballot=["a", "b", "c"]))["code"] == "invalid"
        held = await site.services.store.read(partial(loading.held, session=SESSION))
        assert held.polls.find("many").ballots == {"a-attendee": ["a", "c"]}


async def test_an_ack_comes_after_the_row(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk() as attendee:
        await speaker.do("poll.open", poll="one")
        for choice in "abc" * 3:
            await attendee.do("poll.vote", poll="one", ballot=[choice])
            held = await site.services.store.read(partial(loading.held, session=SESSION))
            assert held.polls.find("one").ballots["a-attendee"] == [choice]


async def test_who_comes_back_gets_what_they_missed_and_no_snapshot(site: Site) -> None:
    async with site.talk() as attendee:
        state, place = attendee.public, attendee.places[PUBLIC]
    question = await published(site)
    async with site.talk(resume={PUBLIC: place}) as back:
        back.states[PUBLIC], back.places[PUBLIC] = state, place
        await back.until(lambda talk: question in talk.public["questions"])
        assert "snapshot" not in {message["type"] for message in back.heard}


async def test_the_sum_of_all_updates_is_what_a_newcomer_gets(site: Site) -> None:
    async with site.talk("speaker") as speaker, site.talk("moderator") as moderator, site.talk() as attendee:
        await speaker.do("poll.open", poll="one")
        for number in range(4):
            question = (await attendee.do("question.ask", text=f"Question {number}?", lang="en"))["question"]
            await moderator.do("question.publish", question=question)
            await attendee.do("question.vote", question=question, on=number % 2 == 0)
            await moderator.do("question.highlight", question=question)
            await attendee.do("poll.vote", poll="one", ballot=["abc"[number % 3]])
            await attendee.do("reaction.send", reaction="applause")
        await moderator.do("question.answer", question=question, text="Because.")
        await attendee.until(lambda talk: talk.public["reactions"]["applause"] == 4)
        await asyncio.sleep(0.6)  # counts are told four times a second, reactions once
        async with site.talk(person="newcomer") as newcomer:
            seen = newcomer.places[PUBLIC]["seq"]
            await attendee.until(lambda talk: talk.places[PUBLIC]["seq"] >= seen)
            assert attendee.public == newcomer.public


async def test_too_many_commands_are_refused_and_change_nothing(site: Site) -> None:
    async with site.talk() as attendee:
        ids = [await attendee.say("reaction.send", reaction="wow") for _ in range(80)]
        await attendee.until(lambda talk: sum(message.get("id") in ids for message in talk.heard) == len(ids))
        refused = [message for message in attendee.heard if message["type"] == "error"]
        assert refused
        assert {message["problem"]["code"] for message in refused} == {"rate_limited", "too_soon"}
        async with site.talk(person="newcomer") as newcomer:
            await newcomer.until(lambda talk: talk.public["reactions"]["wow"] == 80 - len(refused))


async def test_a_second_socket_gives_nobody_a_second_pace(site: Site) -> None:
    async with site.talk(person="busy") as one, site.talk(person="busy") as other:
        for number in range(60):
            await (one, other)[number % 2].say("poll.vote", poll="one", ballot=["a"])
        codes: list[str] = []
        for talk in (one, other):
            await talk.until(lambda talk: sum(message["type"] in ("ack", "error") for message in talk.heard) == 30)
            codes += [message["problem"]["code"] for message in talk.heard if message["type"] == "error"]
        assert "rate_limited" in codes  # 40 at once for both, and neither has said as many


async def test_past_the_limit_of_ones_sockets_the_oldest_is_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SOCKETS_LIMIT", 2)
    async with site.talk(person="everywhere") as oldest, site.talk(person="everywhere"), site.talk(person="everywhere"):
        with pytest.raises(ConnectionClosed) as closed:
            await oldest.until(lambda talk: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CloseCode.REPLACED


async def test_a_reaction_is_counted_and_written_down_for_nobody(site: Site) -> None:
    async with site.talk(person="fan-of-films") as fan:
        for _ in range(2):  # a retry counts once
            assert await fan.do("reaction.send", id="a-key-of-mine", reaction="heart") == {}
        await fan.until(lambda talk: talk.public["reactions"]["heart"])
        assert fan.public["reactions"]["heart"] == 1
    files = site.services.settings.data.glob("marquee.sqlite3*")
    raw = b"".join(file.read_bytes() for file in files)
    assert b"heart" in raw
    assert not any(name in raw for name in (b"fan-of-films", b"a-key-of-mine"))


async def test_a_captioners_line_is_told_in_each_language_and_kept(site: Site) -> None:
    async with site.talk("captioner", captions="en") as captioner, site.talk(captions="es") as reader, site.talk(captions="zh") as chinese:
        await captioner.do("caption.commit", lang="en", text="We build", final=False)
        await captioner.until(lambda talk: talk.states[f"{SESSION}/captions/en"].get("partial", {}).get("text") == "We build")
        await captioner.do("caption.commit", lang="en", text="We build bridges between cultures.", speaker="Amina")
        await reader.until(lambda talk: talk.states[f"{SESSION}/captions/es"]["cues"])
        (cue,) = reader.states[f"{SESSION}/captions/es"]["cues"].values()
        assert cue["text"] == "Construimos puentes entre culturas."
        assert (cue["via"], cue["origin"], cue["lang"], cue["speaker"]) == ("machine", "human", "es", "Amina")
        await chinese.until(lambda talk: talk.states[f"{SESSION}/captions/zh"]["cues"])
        (cue,) = chinese.states[f"{SESSION}/captions/zh"]["cues"].values()
        assert (cue["via"], cue["lang"]) == ("untranslated", "en")
        assert (await captioner.do("caption.commit", lang="fr", text="Bonjour."))["code"] == "invalid"
    answer = await site.http.get(f"/api/sessions/{SESSION}/captions.vtt?lang=es", headers=site.bearer("attendee"))
    assert answer.text.startswith("WEBVTT")
    assert "<v Amina>Construimos puentes entre culturas." in answer.text


async def test_a_published_question_is_translated_for_its_readers(site: Site) -> None:
    question = await asked(site, "Where is the future of cinema?")
    async with site.talk("moderator") as moderator:
        await moderator.do("question.publish", question=question)
        await moderator.until(lambda talk: "es" in talk.staff["questions"][question]["translations"])
        assert "cine" in moderator.staff["questions"][question]["translations"]["es"]
