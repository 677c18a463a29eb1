"""What operators look at: `/metrics` for Prometheus, and how each viewer of an avatar gets its pictures."""

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from avatar_rtc.media.peer_stats import PeerStats
from avatar_rtc.server.http.answers import ViewersTold, ViewerTold
from avatar_rtc.server.http.keys import METRICS, avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.live.viewers import Viewer


@described("server", answer="text/plain")
async def get_metrics(request: web.Request) -> web.Response:
    """Figures for Prometheus, in its own format, or in OpenMetrics where that is asked for."""
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    return web.Response(body=encode(request.app[METRICS]), headers={hdrs.CONTENT_TYPE: content_type})


@described("watching", answer=ViewersTold)
async def list_viewers(request: web.Request) -> web.Response:
    """Who watches by WebRTC, and how their connections are."""
    told = ViewersTold(viewers=[_told(viewer) for viewer in avatar_of(request).viewers.all()])
    return web.json_response(text=told.model_dump_json())


def _told(viewer: Viewer) -> ViewerTold:
    stats: PeerStats = viewer.peer.stats()
    shown, trip = stats.rendition, stats.round_trip_s
    return ViewerTold(
        viewer=viewer.shown_id,
        state=stats.state,
        codec=shown and shown.codec,
        layout=shown and shown.layout,
        rung=shown and shown.rung,
        moves=stats.moves,
        connected_s=None if stats.connected_s is None else round(stats.connected_s, 1),
        bits_per_s=round(stats.bits_per_s),
        packets_sent=stats.video.packets,
        bytes_sent=stats.video.bytes,
        audio_bytes_sent=stats.audio.bytes,
        dropped=stats.dropped,
        keyframe_requests=stats.feedback.keyframes,
        retransmissions=stats.feedback.resent,
        lost_share=None if stats.video.lost_share is None else round(stats.video.lost_share, 4),
        round_trip_ms=None if trip is None else round(1000 * trip, 1),
    )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.get("/metrics", get_metrics),
        web.get("/api/v1/avatars/{avatar}/viewers", list_viewers),
    ]
