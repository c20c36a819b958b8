"""`/metrics` for Prometheus: what the operator watches while a session runs."""

import hmac
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from realtime.relay import Counters, RelayDown, StreamStats
from server.errors import NotFound, Unauthorized
from server.routes.api import services_of
from server.services import Services

router = APIRouter(include_in_schema=False)

_COUNTED = {
    "packets": "RTP packets forwarded, each counted once however many watch.",
    "octets": "Bytes of media forwarded, each counted once however many watch.",
    "retransmitted": "Packets sent again because a viewer missed them.",
    "keyframe_requests": "Keyframes asked of the publisher.",
}
_OF_THE_PORT = {
    "received": "Datagrams that arrived at the media port.",
    "sent": "Datagrams sent from the media port.",
    "unsent": "Datagrams that the kernel would not take.",
    "strangers": "Datagrams dropped because nobody is known at their address.",
}


class _Moment:
    """The metrics of one moment, as the library's collectors are."""

    def __init__(self, services: Services, streams: Mapping[str, StreamStats], port: Counters | None) -> None:
        self._services, self._streams, self._port = services, streams, port

    def collect(self) -> Iterator[Metric]:
        services = self._services
        yield GaugeMetricFamily("marquee_connections", "Sockets open now.", services.endpoint.count)
        yield GaugeMetricFamily("marquee_writes_waiting", "Writes not committed yet.", services.store.waiting)
        yield GaugeMetricFamily("marquee_bus_up", "Whether other processes hear this one.", services.hub.healthy)
        yield GaugeMetricFamily("marquee_relay_up", "Whether the relay's process runs.", self._port is not None)
        yield from self._of_sessions()
        held = GaugeMetricFamily(
            "marquee_hls_octets", "Bytes of HLS held in memory, of sessions that are made into it.", labels=["session"]
        )
        for session, octets in services.hls.octets.items():
            held.add_metric([session], octets)
        yield held
        yield from self._of_nodes()
        for name, about in _OF_THE_PORT.items():
            yield CounterMetricFamily(f"marquee_media_{name}", about, getattr(self._port, name) if self._port else 0)

    def _of_sessions(self) -> Iterator[Metric]:
        live = GaugeMetricFamily("marquee_session_live", "Whether media arrives.", labels=["session"])
        viewers = GaugeMetricFamily("marquee_session_viewers", "WHEP viewers now.", labels=["session"])
        lost = GaugeMetricFamily("marquee_session_lost", "Packets that never arrived from the publisher now.", labels=["session"])
        joins = SummaryMetricFamily("marquee_session_join_seconds", "From a viewer's offer until media may flow.", labels=["session"])
        losses = GaugeMetricFamily("marquee_session_viewer_loss", "Share of packets a viewer loses, on average.", labels=["session"])
        poor = GaugeMetricFamily("marquee_session_viewers_poor", "Viewers who lose more than a tenth.", labels=["session"])
        carried = GaugeMetricFamily("marquee_session_viewer_bitrate", "Bits a second three in four viewers can take.", labels=["session"])
        counters = {name: CounterMetricFamily(f"marquee_session_{name}", about, labels=["session"]) for name, about in _COUNTED.items()}
        for session, stats in self._streams.items():
            live.add_metric([session], stats.live)
            viewers.add_metric([session], stats.viewers)
            lost.add_metric([session], stats.lost)
            joins.add_metric([session], stats.joins, stats.join_seconds)
            losses.add_metric([session], stats.audience.lost)
            poor.add_metric([session], stats.audience.poor)
            carried.add_metric([session], stats.audience.carries)
            for name, family in counters.items():
                family.add_metric([session], getattr(stats, name))
        yield from (live, viewers, lost, joins, losses, poor, carried, *counters.values())

    def _of_nodes(self) -> Iterator[Metric]:
        placement, cascade = self._services.placement, self._services.cascade
        yield GaugeMetricFamily("marquee_nodes", "Nodes that this one knows, itself too.", len(placement.nodes))
        yield GaugeMetricFamily("marquee_owned", "Sessions whose state is in this process.", len(self._services.lives))
        yield GaugeMetricFamily("marquee_draining", "Whether this node takes nobody any more.", placement.draining)
        pulls = GaugeMetricFamily("marquee_pulls", "Channels that come from another node now.", labels=["session", "lang", "origin"])
        for pull in cascade.pulls:
            pulls.add_metric([pull.session, pull.lang or "", pull.origin], 1)
        yield pulls
        yield CounterMetricFamily("marquee_pull_failures", "Pulls that ended, or did not begin, while they were wanted.", cascade.failures)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Everything, in Prometheus' text format. 404 unless the operator has set a token for it."""
    services = services_of(request)
    wanted = services.settings.metrics
    if wanted is None:
        raise NotFound("metrics are off; set MARQUEE_METRICS to a token")
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {wanted.get_secret_value()}".encode()):
        raise Unauthorized("send Authorization: Bearer and the token of MARQUEE_METRICS")
    try:
        streams, port = await services.relay.all_stats(), await services.relay.counters()
    except RelayDown:
        streams, port = {}, None
    registry = CollectorRegistry()
    registry.register(_Moment(services, streams, port))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
