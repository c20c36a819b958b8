"""A server at all addresses of both families, from the offer to the picture."""

from pathlib import Path

from realtime.relay.dtls import Certificate
from tests.realtime.relay.camera import Camera
from tests.realtime.relay.clients import until
from tests.realtime.relay.light import LightPeer
from tests.server.site import opened


async def test_who_has_only_ipv6_publishes_and_watches(tmp_path: Path) -> None:
    async with opened(tmp_path, host="::", media_addresses=["::1"]) as site:
        assert site.server.url.startswith("http://[::1]:")
        assert (await site.http.get(site.server.url.replace("[::1]", "127.0.0.1") + "/healthz")).status_code == 200
        certificate = Certificate.generateCertificate()
        camera = Camera(
            await LightPeer(certificate).open(site.signal("whip", "publisher"), "sendonly", {"audio": 111, "VP8": 96}), "camera"
        )
        await until(lambda: site.live)
        viewer = await LightPeer(certificate).open(site.signal("whep", "attendee"), "recvonly", {"VP8": 100})
        await until(lambda: len(viewer.packets) > 10)
        async with site.talk("attendee") as talk:
            assert talk.public["live"]
        await camera.leave()
        await viewer.close()
