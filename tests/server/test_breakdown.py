"""A poll's result by region, sector and language over HTTP, from what people said when they joined."""

from typing import Any

from sessions.people import Role
from tests.server.site import SESSION, Site, site
from tests.server.test_polls import form, made

__all__ = ["site"]


async def crowd(site: Site, poll: str, count: int, option: str, **about: str) -> None:
    """People who come in by the link, say this of themselves and vote."""
    code = site.services.invite(SESSION, Role.ATTENDEE).code
    for _ in range(count):
        person = (await site.http.post(f"/api/join/{code}", json={"lang": "en", **about})).json()["person"]["id"]
        async with site.talk(person=person) as voter:
            assert await voter.do("poll.vote", poll=poll, ballot=[option]) == {}


async def breakdown(site: Site, poll: str, by: str, role: str = "attendee") -> tuple[int, Any]:
    answer = await site.http.get(f"/api/sessions/{SESSION}/polls/{poll}/breakdown?by={by}", headers=site.bearer(role))
    return answer.status_code, answer.json()


async def test_the_result_is_told_by_what_people_said_of_themselves_and_small_groups_are_not(site: Site) -> None:
    async with site.talk("speaker") as speaker:
        poll = await made(speaker, form(results_visibility="after_close"), "open")
        await crowd(site, poll, 5, "a", region="Latin America", lang="es-AR")
        await crowd(site, poll, 6, "b", region="latin america", lang="es")
        await crowd(site, poll, 7, "c", region="Latin America", lang="es-MX")
        await crowd(site, poll, 5, "a")
        await crowd(site, poll, 1, "b", region="Nauru")
        status, problem = await breakdown(site, poll, "region")
        assert (status, problem["code"]) == (409, "not_over"), "two tables a vote apart would tell the vote"
        await speaker.do("poll.close", poll=poll)
        status, told = await breakdown(site, poll, "region")
        assert status == 200
        first, rest = told["rows"]
        assert (first["group"], first["voters"], rest["group"], rest["voters"]) == ("Latin America", 18, None, 6)
        assert rest["counts"] == {"a": None, "b": None, "c": None}
        assert "Nauru" not in str(told)
        _, told = await breakdown(site, poll, "language")
        assert [(row["group"], row["voters"]) for row in told["rows"]] == [("es", 18), ("en", 6)]
        assert (await breakdown(site, poll, "shoe_size"))[0] == 422


async def test_only_who_may_know_the_result_may_know_its_parts(site: Site) -> None:
    async with site.talk("speaker") as speaker:
        poll = await made(speaker, form(results_visibility="moderators"), "open", "close")
        assert (await breakdown(site, poll, "sector"))[0] == 409
        assert (await breakdown(site, poll, "sector", "moderator"))[0] == 200
        assert (await breakdown(site, "nothing", "sector", "moderator"))[0] == 404
        await speaker.do("poll.reveal", poll=poll)
        assert (await breakdown(site, poll, "sector"))[0] == 200
        draft = await made(speaker, form("words"), "open", "close", "reveal")
        assert (await breakdown(site, draft, "sector"))[0] == 422
        answer = await site.http.get(f"/api/sessions/{SESSION}/polls/{poll}/ballots", headers=site.bearer("speaker"))
        assert answer.json()["code"] == "not_secret"
