"""An outsider on the closed Summit: whoever has no token of the session reads nothing of it and does nothing in it."""

import re
from typing import get_args

import pytest
from websockets.exceptions import ConnectionClosed

from server import wire
from sessions.people import RIGHTS, Role
from tests.server.site import SESSION, Site, site, unhurried
from tests.server.test_podium import fields

__all__ = ["site", "unhurried"]

NAMES = {"session": SESSION, "poll": "one", "lang": "es", "format": "vtt", "resource": "any", "stream": "any"}
ASKED = {"lang": "es", "by": "region"}
BODIES = {"venue": {"venue": "a"}, "ingest": {"lang": "es"}, "language": {"lang": "es"}, "layer": {"rid": "h"}}
"""What makes a request a good one, by the end of its path, so that only who asks decides."""
OUTSIDERS = [role for role in Role if role is not Role.DELEGATE]


async def test_no_route_of_a_session_answers_who_is_of_another(site: Site) -> None:
    paths = (await site.http.get("/openapi.json")).json()["paths"]
    routes = [(method, path) for path, methods in paths.items() if "{session}" in path for method in methods]
    assert len(routes) > 15
    for method, path in routes:
        url = re.sub(r"\{(\w+)\}", lambda found: NAMES.get(found[1], "any"), path)
        # The programme is one, and every organiser's: whoever plans may change any session of it.
        outsiders = [role for role in OUTSIDERS if not (path.startswith("/api/programme/") and "programme.edit" in RIGHTS[role])]
        for headers in [{}, *(site.bearer(role, "other") for role in outsiders)]:
            body = BODIES.get(url.rpartition("/")[2])
            answer = await site.http.request(method.upper(), url, params=ASKED, json=body, headers=headers)
            assert answer.status_code in (401, 403, 404), (method, path, answer.status_code)
            assert "Summit" not in answer.text


@pytest.mark.usefixtures("unhurried")
async def test_no_command_of_an_outsider_reaches_it(site: Site) -> None:
    live = site.services.lives[SESSION]
    before = (dict(live.questions.items), [poll.state for poll in live.polls.items.values()], live._state(staff=True))
    commands = [kind for kind in get_args(wire.Command) if kind not in (wire.ChannelSubscribe, wire.ChannelUnsubscribe)]
    async with site.talk(token=site.token("organiser", "other")) as outsider:
        assert all(channel.startswith("other/") for channel in outsider.states)
        for name in ("public", "staff", "glossary", "captions/en", "polls/one/1"):
            assert (await outsider.do("channel.subscribe", channel=f"{SESSION}/{name}"))["code"] == "unknown_channel"
        for kind in commands:
            named = {key: "one" for key in ("poll",) if key in kind.__struct_fields__}
            await outsider.do(kind.__struct_config__.tag, **fields(kind) | named)
        assert all(not channel.startswith(SESSION) for channel in outsider.states)
    assert before == (dict(live.questions.items), [poll.state for poll in live.polls.items.values()], live._state(staff=True))


async def test_a_token_of_no_session_here_and_one_that_only_publishes_are_closed_out(site: Site) -> None:
    for role, session in ((Role.ATTENDEE, "elsewhere"), *((role, SESSION) for role in Role if "session.read" not in RIGHTS[role])):
        async with site.talk(token=site.token(role, session)) as talk:
            assert talk.heard[0]["problem"]["code"] == "forbidden"
            with pytest.raises(ConnectionClosed):
                await talk.hear()
