"""The layer selection of WHEP, by HTTP."""

from tests.realtime.relay.clients import until
from tests.server.site import SESSION, Site, site
from tests.server.test_events import Player, player
from tests.server.test_media import problem

__all__ = ["player", "site"]


async def test_a_viewer_without_a_wish_for_pictures_gets_none_until_it_wants_them_again(site: Site, player: Player) -> None:
    path = f"{player.created.headers['Location']}/layer"
    assert f'<{path}>; rel="urn:ietf:params:whep:ext:core:layer"' in player.created.headers["Link"]
    bearer = site.bearer("attendee")

    async def select(body: object) -> dict[str, object]:
        answer = await site.http.post(path, json=body, headers=bearer)
        assert answer.status_code == 200
        return dict(answer.json())

    def pictures() -> int:
        return sum(packet.payload_type == 100 for packet in player.peer.packets)

    await until(lambda: pictures() > 5)
    nothing_said = {"mediaId": "1", "rid": None, "audioOnly": False, "gets": None, "layers": []}
    assert (await site.http.get(path, headers=bearer)).json() == nothing_said
    assert await select({"audioOnly": True}) == nothing_said | {"audioOnly": True}
    seen, heard = pictures(), len(player.peer.packets)
    await until(lambda: len(player.peer.packets) > heard + 20)
    assert pictures() <= seen + 1
    assert await select({"mediaId": 1}) == nothing_said
    for body in ({"rid": "huge"}, {"encodingId": "huge"}, {"mediaId": "0"}):
        problem(await site.http.post(path, json=body, headers=bearer), 400, "unknown_layer")
    problem(await site.http.post(f"/whep/{SESSION}/never-was/layer", json={}, headers=bearer), 404, "unknown_resource")
