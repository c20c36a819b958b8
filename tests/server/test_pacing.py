"""How often media may be asked for: per person and per address, and what a client is told past it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server import pacing
from server.errors import TooMany
from server.limits import client_of
from server.pacing import Pacing
from tests.realtime.relay.test_offer import GOOD
from tests.server.site import SDP, SESSION, Site, opened

TRICKLE = {"Content-Type": "application/trickle-ice-sdpfrag"}


@pytest.fixture
async def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A site where little is much."""
    for name, value in {
        "OFFER_RATE": 0.1,
        "OFFER_BURST": 2,
        "PATCH_RATE": 0.1,
        "PATCH_BURST": 3,
        "ADDRESS_RATE": 0.01,
        "ADDRESS_BURST": 14,
    }.items():
        monkeypatch.setattr(pacing, name, value)
    async with opened(tmp_path) as site:
        yield site


def refused(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert int(answer.headers["Retry-After"]) == answer.json()["retry_after"] > 0
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return True


async def test_offers_and_fragments_past_the_pace_are_told_to_wait_and_do_nothing(busy: Site) -> None:
    created = await busy.post("whip", GOOD, "speaker")
    assert [refused(created), *[refused(await busy.post("whip", GOOD, "speaker")) for _ in range(2)]] == [False, False, True]
    # Another person has a pace of their own, and the first one's fragments have another than their offers.
    assert (await busy.post("whep", GOOD, "attendee")).status_code == 409
    location, headers = created.headers["Location"], busy.bearer("speaker") | TRICKLE
    told = [await busy.http.patch(location, content="nonsense", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in told[:3]] == [404] * 3  # the second offer took the place of the first
    assert refused(told[3])
    # Who has no token has an address.
    answers = [await busy.http.post(f"/whep/{SESSION}", content=GOOD, headers=SDP) for _ in range(7)]
    assert [answer.status_code for answer in answers[:-1]] == [401] * 6
    assert refused(answers[-1])
    # What makes the relay do nothing is not counted.
    assert (await busy.http.options(f"/whip/{SESSION}")).status_code == 200
    assert (await busy.http.get(f"/whip/{SESSION}", headers=busy.bearer("speaker"))).status_code == 204


def test_a_network_of_ipv6_is_one_client_and_a_mapped_address_the_one_it_maps() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:2") != client_of("2001:db8:0:1::1")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1") == "192.0.2.1"
    assert client_of("testclient") == "testclient"


def test_a_hall_behind_one_address_comes_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "ADDRESS_RATE", 0.001)
    pace = Pacing()
    for number in range(pacing.ADDRESS_BURST):
        pace.come("POST", "192.0.2.1")
        pace.ask("POST", f"person {number}")
    with pytest.raises(TooMany):
        pace.come("POST", "192.0.2.1")
    pace.come("POST", "192.0.2.2")
