"""What Prometheus reads, by its own parser."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from server.serving import running
from server.settings import Settings
from tests.realtime.relay.clients import publishing, until, viewing
from tests.server.site import SESSION, Site, seed, site

__all__ = ["site"]

BEARER = {"Authorization": "Bearer watch-me"}


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Site]:
    settings = Settings(port=0, data=tmp_path, metrics=SecretStr("watch-me"))
    async with running(settings, seed()) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        yield Site(http, server)


async def read(site: Site) -> dict[str, float]:
    """Every sample by its name, those of the session and those of everything."""
    answer = await site.http.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        sample.name: sample.value for family in families for sample in family.samples if sample.labels.get("session", SESSION) == SESSION
    }


async def test_there_are_none_unless_a_token_is_set_and_none_without_it(site: Site, watched: Site) -> None:
    assert (await site.http.get("/metrics")).status_code == 404
    assert (await watched.http.get("/metrics")).status_code == 401
    assert (await watched.http.get("/metrics", headers={"Authorization": "Bearer watch-mé".encode()})).status_code == 401


async def test_they_tell_who_watches_what_and_how_well(watched: Site) -> None:
    before = await read(watched)
    assert (before["marquee_connections"], before["marquee_relay_up"], before["marquee_bus_up"]) == (0, 1, 1)
    async with watched.talk("attendee"), publishing(watched.signal("whip", "speaker")):
        await until(lambda: watched.live)
        async with viewing(watched.signal("whep", "attendee")) as viewer:
            await until(lambda: viewer.frames > 3)
            now = await read(watched)
    assert (now["marquee_connections"], now["marquee_session_live"], now["marquee_session_viewers"]) == (1, 1, 1)
    assert now["marquee_session_packets_total"] > 3
    assert now["marquee_session_octets_total"] > 1_000
    assert now["marquee_media_sent_total"] > before["marquee_media_sent_total"]
    assert now["marquee_session_join_seconds_count"] == 1
    assert 0 < now["marquee_session_join_seconds_sum"] < 10


async def test_they_say_so_while_the_relay_is_being_started_again(watched: Site) -> None:
    await watched.relay.__aexit__(None, None, None)
    try:
        now = await read(watched)
    finally:
        await watched.relay.__aenter__()
    assert now["marquee_relay_up"] == 0
