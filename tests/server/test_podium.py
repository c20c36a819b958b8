"""The floor, the summit and the policy over the socket: who does what, who is told what, and that it outlives the process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from server import wire
from server.patch import Doc
from sessions import loading
from sessions.people import RIGHTS, Role
from tests.server.site import CHAMBER, SEATS, Site, Talk, opened, site, unhurried

__all__ = ["site", "unhurried"]

PUBLIC, STAFF = f"{CHAMBER}/public", f"{CHAMBER}/staff"

FIELDS: dict[str, Any] = {
    "anonymous": False,
    "ballot": ["a"],
    "before": None,
    "choice": "yes",
    "entry": 1,
    "final": True,
    "format": "summit",
    "form": {"kind": "single", "texts": {"en": "Who?"}, "options": [{"id": id, "texts": {"en": id}} for id in "ab"]},
    "labels": [],
    "lang": "es",
    "majority": "simple",
    "number": 1,
    "on": True,
    "policy": {"format": "summit", "hands": "everyone", "summit": True},
    "present": True,
    "reaction": "heart",
    "reason": "time",
    "revision": 0,
    "seat": "ar",
    "seconds": 0,
    "source": "auto",
    "texts": {"en": "To open the archives."},
    "words": [],
}
"""Something that each field of a command may be; all others are ids of nothing."""


OTHERWISE: dict[type, Doc] = {
    wire.GlossarySet: {"entry": None},
    wire.ProfanitySet: {"policy": "show"},
    wire.AnnouncementCompose: {"texts": {"en": "Lunch."}, "severity": "info", "publish_at": None, "expires_at": None},
}


def fields(kind: Any) -> Doc:
    made = {name: FIELDS.get(name, "nothing") for name in kind.__struct_fields__ if name not in ("id", "expected_version")}
    return made | OTHERWISE.get(kind, {})


@asynccontextmanager
async def chamber(site: Site, *who: str) -> AsyncIterator[list[Talk]]:
    """Sockets in the summit: of roles, or of delegates by their seats."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(site.talk(token=token(site, one))) for one in who]


def token(site: Site, who: str) -> str:
    return site.token("delegate", CHAMBER, f"of-{who}", who) if who in SEATS else site.token(who, CHAMBER)


def same(one: Talk, other: Talk) -> bool:
    """Whether who followed the updates knows what a snapshot says."""
    return all(one.states[PUBLIC].get(key) == other.states[PUBLIC].get(key) for key in ("policy", "floor", "summit"))


@pytest.mark.usefixtures("unhurried")
async def test_every_command_tried_by_every_role_gives_the_table_s_answer(site: Site) -> None:
    commands: list[Any] = [kind for kind in get_args(wire.Command) if kind not in (wire.ChannelSubscribe, wire.ChannelUnsubscribe)]
    for role in (role for role in Role if "session.read" in RIGHTS[role]):
        async with chamber(site, "ar" if role is Role.DELEGATE else role) as [caller]:
            for kind in commands:
                act = kind.__struct_config__.tag
                answer = await caller.do(act, **fields(kind))
                assert (answer.get("code") == "forbidden") == (act not in RIGHTS[role]), (role, act, answer)
                assert answer.get("code") != "bad_command", (act, answer)


async def test_a_hand_goes_to_the_stage_and_each_is_told_what_they_may_know(site: Site) -> None:
    async with chamber(site, "attendee", "ar", "moderator") as [attendee, delegate, moderator]:
        await attendee.do("floor.raise")
        await delegate.do("floor.raise")
        await moderator.until(lambda talk: talk.states[STAFF]["floor"]["waiting"] == 2)
        first, second = moderator.states[STAFF]["floor"]["hands"]
        assert moderator.states[STAFF]["floor"]["hands"][first]["name"] == "Attendee"
        assert attendee.me["hand"] == {"state": "waiting", "ahead": 0}
        assert delegate.me["hand"] == {"state": "waiting", "ahead": 1}
        await delegate.until(lambda talk: talk.states[PUBLIC]["floor"] == {"waiting": 2})

        await moderator.do("floor.order", hand=second, before=first)
        await delegate.until(lambda talk: talk.me["hand"]["ahead"] == 0)
        await moderator.do("floor.invite", hand=second)
        await attendee.until(lambda talk: talk.me["hand"]["ahead"] == 0)
        assert (await moderator.do("floor.call", hand=second))["code"] == "conflict"
        await delegate.do("floor.accept")
        assert (await moderator.do("floor.call", hand=second, expected_hand=first))["code"] == "conflict"
        await moderator.do("floor.call", hand=second, expected_hand=None)
        await attendee.until(lambda talk: talk.states[PUBLIC]["floor"]["guest"]["name"] == "Delegate")
        await delegate.until(lambda talk: talk.me["hand"] == {"state": "on_stage"})
        await delegate.do("floor.leave")
        await attendee.until(lambda talk: "guest" not in talk.states[PUBLIC]["floor"])
        await delegate.until(lambda talk: "hand" not in talk.me)
        async with chamber(site, "interpreter") as [newcomer]:
            await attendee.until(lambda talk: same(talk, newcomer))
        await moderator.do("policy.set", policy=moderator.states[STAFF]["policy"] | {"hands": "nobody"})
        await attendee.until(lambda talk: "hand" not in talk.me and "floor" not in talk.states[PUBLIC])
        assert site.services.lives[CHAMBER].podium.floor.hands == {}


async def test_a_summit_takes_its_course_by_the_chair_s_clock(site: Site) -> None:
    async with chamber(site, "ar", "br", "moderator", "interpreter") as [ar, br, chair, interpreter]:
        assert (await ar.do("summit.ask", on=True))["code"] == "conflict"  # no roll was called
        await chair.do("summit.roll", on=True)
        for delegate in (ar, br):
            await delegate.do("summit.answer")
        await chair.do("summit.mark", seat="cn", present=True)
        await chair.do("summit.roll", on=False)
        assert (await interpreter.do("summit.declare", lang="fr", seconds=4))["code"] == "invalid"
        await interpreter.do("summit.declare", lang="zh", seconds=60)
        for delegate in (ar, br):
            await delegate.do("summit.ask", on=True)
        await chair.until(lambda talk: talk.states[STAFF]["summit"]["queue"] == ["ar", "br"])
        await chair.do("summit.call")
        await chair.do("summit.start")
        await br.until(lambda talk: talk.states[PUBLIC]["summit"]["speech"]["state"] == "speaking")
        speech = br.states[PUBLIC]["summit"]["speech"]
        assert (speech["seat"], speech["limit"]) == ("ar", 180_000)
        assert speech["since"] > 1_000_000_000_000

        await br.do("summit.point")
        await chair.do("summit.call")
        await br.until(lambda talk: talk.states[PUBLIC]["summit"]["aside"]["seat"] == "ar")
        await chair.do("summit.end")
        await br.until(lambda talk: "aside" not in talk.states[PUBLIC]["summit"])
        assert br.states[PUBLIC]["summit"]["speech"]["state"] == "paused"
        await chair.do("summit.end")
        await chair.do("summit.call")
        early = await chair.do("summit.start")
        assert early["code"] == "not_yet"
        assert 0 < early["retry_after"] <= 60
        last = ["summit.point", "summit.call", "summit.end", "summit.end", "summit.call"]
        await br.until(lambda talk: [entry["act"] for entry in talk.states[PUBLIC]["summit"]["record"].values()][-5:] == last)
        # What is done from the chair is in staff's log with who did it; what delegates do is not.
        done = [f"summit.{act}" for act in ("roll", "mark", "roll", "call", "start", "call", "end", "end", "call")]
        await chair.until(lambda talk: [entry["act"] for entry in talk.states[STAFF]["log"].values()] == done)
        assert {entry["role"] for entry in chair.states[STAFF]["log"].values()} == {"moderator"}
        async with chamber(site, "attendee") as [newcomer]:
            assert same(br, newcomer)


async def test_a_motion_is_voted_seat_by_seat_and_told_when_it_is_closed(site: Site) -> None:
    async with chamber(site, "ar", "br", "dk", "moderator") as [ar, br, dk, chair]:
        texts = {"en": "To open the archives.", "fr": "Ouvrir les archives."}
        assert (await chair.do("motion.put", texts=texts))["code"] == "conflict"  # no quorum
        for seat in ("ar", "br", "cn"):
            await chair.do("summit.mark", seat=seat, present=True)
        motion = (await chair.do("motion.put", texts=texts))["motion"]
        await ar.do("motion.vote", motion=motion, choice="no")
        await ar.do("motion.vote", motion=motion, choice="yes")
        await br.do("motion.vote", motion=motion, choice="abstain")
        assert (await dk.do("motion.vote", motion=motion, choice="no"))["code"] == "conflict"  # absent
        assert ar.me["votes"] == {motion: "yes"}
        await dk.until(lambda talk: talk.states[PUBLIC]["summit"]["motions"][motion]["voted"] == 2)
        await chair.until(lambda talk: talk.states[STAFF]["summit"]["motions"][motion]["silent"] == ["cn"])
        assert not dk.states[PUBLIC]["summit"]["motions"][motion].keys() & {"votes", "silent", "division"}
        assert "votes" not in chair.states[STAFF]["summit"]["motions"][motion]
        await chair.do("motion.close", motion=motion)
        await dk.until(lambda talk: talk.states[PUBLIC]["summit"]["motions"][motion]["state"] == "closed")
        told = dk.states[PUBLIC]["summit"]["motions"][motion]
        assert told["votes"] == {"ar": "yes", "br": "abstain"}
        assert told["division"] == {"entitled": 3, "absent": 1, "yes": 1, "no": 0, "abstain": 1, "silent": 1, "adopted": True}


async def test_a_delegate_without_a_seat_speaks_for_nobody(site: Site) -> None:
    async with chamber(site, "delegate") as [delegate]:
        for act, more in (("summit.answer", {}), ("summit.ask", {"on": True}), ("summit.point", {})):
            assert (await delegate.do(act, **more))["code"] == "no_seat"


async def test_what_the_policy_has_off_is_refused_and_not_told(site: Site) -> None:
    async with chamber(site, "attendee", "moderator") as [attendee, moderator]:
        assert attendee.states[PUBLIC]["policy"]["format"] == "summit"
        policy = moderator.states[STAFF]["policy"] | {"reactions": "nobody", "hands": "staff", "anonymous": False, "summit": False}
        assert (await moderator.do("policy.set", policy=policy | {"turn_seconds": -1}))["code"] == "invalid"
        await moderator.do("policy.set", policy=policy)
        await attendee.until(lambda talk: talk.states[PUBLIC]["policy"] == policy)
        assert "summit" not in attendee.states[PUBLIC]
        for act, more in (
            ("reaction.send", {"reaction": "heart"}),
            ("floor.raise", {}),
            ("question.ask", {"text": "Why?", "lang": "en", "anonymous": True}),
        ):
            answer = await attendee.do(act, **more)
            assert (answer["code"], answer["status"]) == ("feature_off", 403), act
        assert "question" in await attendee.do("question.ask", text="Why?", lang="en")
        assert (await moderator.do("summit.roll", on=True))["code"] == "feature_off"
        assert await moderator.do("floor.raise") == {}
        await moderator.do("policy.pick", format="roundtable")
        await attendee.until(lambda talk: talk.states[PUBLIC]["policy"]["turn_seconds"] == 300)
        assert attendee.states[PUBLIC]["policy"]["hands"] == "everyone"
    async with site.talk() as elsewhere:
        assert elsewhere.public["policy"]["format"] == "forum"


async def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, chamber(site, "ar", "attendee", "moderator") as [delegate, attendee, chair]:
        for seat in ("ar", "br", "cn"):
            await chair.do("summit.mark", seat=seat, present=True)
        await delegate.do("summit.ask", on=True)
        motion = (await chair.do("motion.put", texts={"en": "To open the archives."}))["motion"]
        await delegate.do("motion.vote", motion=motion, choice="yes")
        await attendee.do("floor.raise")
        await chair.do("policy.set", policy=chair.states[STAFF]["policy"] | {"turn_seconds": 33})
        await chair.until(lambda talk: talk.states[STAFF]["policy"]["turn_seconds"] == 33)
        state = {key: chair.states[STAFF][key] for key in ("policy", "floor", "summit")}
        own = (delegate.me["votes"], attendee.me["hand"])
    async with opened(tmp_path) as site, chamber(site, "ar", "attendee", "moderator") as [delegate, attendee, chair]:
        assert {key: chair.states[STAFF][key] for key in ("policy", "floor", "summit")} == state
        assert (delegate.me["votes"], attendee.me["hand"]) == own


async def test_a_delegation_s_link_gives_a_seat_and_all_its_people_see_its_vote(site: Site) -> None:
    organiser = site.bearer("organiser", CHAMBER)
    links = (await site.http.get("/api/invites", headers=organiser)).json()["invites"]
    assert {link["seat"] for link in links if link["role"] == "delegate"} == set(SEATS)
    code = next(link["code"] for link in links if link.get("seat") == "ar")
    assert (await site.http.get(f"/api/join/{code}")).json()["seat"] == "ar"
    tokens = [(await site.http.post(f"/api/join/{code}", json={"lang": "en"})).json()["token"] for _ in range(2)]
    async with site.talk(token=tokens[0]) as one, site.talk(token=tokens[1]) as other, chamber(site, "moderator") as [chair]:
        assert one.me["seat"] == other.me["seat"] == "ar"
        for seat in ("ar", "br", "cn"):
            await chair.do("summit.mark", seat=seat, present=True)
        motion = (await chair.do("motion.put", texts={"en": "To open the archives."}))["motion"]
        await one.do("motion.vote", motion=motion, choice="no")
        await other.until(lambda talk: talk.me["votes"] == {motion: "no"})
        await other.do("motion.vote", motion=motion, choice="yes")
        await one.until(lambda talk: talk.me["votes"] == {motion: "yes"})
        held = await site.services.store.read(partial(loading.held, session=CHAMBER))
        assert held.podium.motions.find(motion).votes == {"ar": "yes"}
        assert len(held.podium.delegates["ar"]) == 2
