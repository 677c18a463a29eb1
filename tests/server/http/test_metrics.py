"""What Prometheus is told, and how viewers are seen, of a server that is watched."""

import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from avatar_rtc.link.orders import Stats
from avatar_rtc.media.peer_stats import Feedback, PeerStats
from avatar_rtc.media.rtcp_private import Sent
from avatar_rtc.server.http.keys import AVATARS, LIMITS, METRICS
from avatar_rtc.server.live.viewers import Watched
from tests.waiting import until


async def scraped(client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """(name, labels) → value of every sample."""
    answer = await client.get("/metrics")
    assert answer.status == 200 and answer.content_type == "text/plain"
    families = text_string_to_metric_families(await answer.text())
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def value(samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


async def test_an_avatar_nobody_watches_is_told_with_zeros(client):
    samples = await scraped(client)
    for name in ("viewers", "feeds", "frames_per_second", "keyframe_requests_total", "retransmissions_total"):
        assert value(samples, f"avatar_rtc_{name}", avatar="main") == 0
    assert value(samples, "avatar_rtc_worker_up", device="auto") == 1
    assert value(samples, "avatar_rtc_worker_restarts_total", device="auto") == 0
    assert not any(name == "avatar_rtc_stage_seconds" for name, _ in samples)


async def test_a_viewer_is_counted_and_what_it_was_sent_stays_when_it_has_left(client, watch):
    viewer = await watch()
    await viewer.frame()
    seen = await scraped(client)
    assert value(seen, "avatar_rtc_viewers", avatar="main") == 1
    sent = value(seen, "avatar_rtc_sent_bytes_total", avatar="main", kind="video")
    assert sent > 0
    await client.delete(viewer.location)
    avatar = client.app[AVATARS]["main"]
    await until(lambda: len(avatar.viewers) == 0)
    later = await scraped(client)
    assert value(later, "avatar_rtc_viewers", avatar="main") == 0
    assert value(later, "avatar_rtc_sent_bytes_total", avatar="main", kind="video") >= sent


async def test_stages_encoders_and_the_rate_are_those_of_the_worker_while_somebody_watches(
    client, renderer, watch
):
    viewer = await watch()
    await viewer.frame()
    times = {"pose": 1.0, "chain 0 bloom": 2.0, "chain 1 scanlines": 3.0, "chain": 0.5}
    encoders = {"h264/matte": "libx264 (NVENC refuses: no card)"}
    renderer.on_up["main"](Stats("main", 29.97, times, encoders))
    samples = await scraped(client)
    assert value(samples, "avatar_rtc_frames_per_second", avatar="main") == 29.97
    assert value(samples, "avatar_rtc_stage_seconds", avatar="main", stage="pose") == 0.001
    assert value(samples, "avatar_rtc_stage_seconds", avatar="main", stage="chain") == pytest.approx(0.0055)
    labels = {"avatar": "main", "rendition": "h264/matte", "encoder": "libx264"}
    assert value(samples, "avatar_rtc_encoder_info", **labels) == 1
    await client.delete(viewer.location)
    await until(lambda: not client.app[AVATARS]["main"].streams.is_watched)
    later = await scraped(client)
    assert value(later, "avatar_rtc_frames_per_second", avatar="main") == 0
    assert not any(name == "avatar_rtc_encoder_info" for name, _ in later)


async def test_limits_restarts_and_memory_are_told(client, renderer):
    client.app[LIMITS].count("body_s")
    renderer.restarts = 3
    samples = await scraped(client)
    assert value(samples, "avatar_rtc_refused_total", limit="body_s") == 1
    assert value(samples, "avatar_rtc_worker_restarts_total", device="auto") == 3
    assert value(samples, "process_resident_memory_bytes") > 10_000_000


async def test_the_lag_of_the_loop_is_counted_and_adds_up(client):
    lag = "avatar_rtc_event_loop_lag_seconds"
    registry = client.app[METRICS]
    await until(lambda: registry.get_sample_value(f"{lag}_count") >= 2)
    samples = await scraped(client)
    buckets = {
        float(dict(labels)["le"]): count
        for (name, labels), count in samples.items()
        if name == f"{lag}_bucket"
    }
    counts = [buckets[bound] for bound in sorted(buckets)]
    assert counts == sorted(counts) and counts[-1] == value(samples, f"{lag}_count")


async def test_speech_tells_how_long_it_was_waited_for(client, watch):
    viewer = await watch()
    await viewer.frame()
    await client.post("/api/v1/avatars/main/speech", json={"text": "Hello."})
    await viewer.event(lambda event: event["type"] == "speech.started", within=30)
    samples = await scraped(client)
    assert value(samples, "avatar_rtc_speech_latency_seconds_count", avatar="main") == 1
    assert 0 < value(samples, "avatar_rtc_speech_latency_seconds_sum", avatar="main") < 30


async def test_names_and_labels_follow_the_conventions_and_name_no_viewer(client, watch):
    viewer = await watch()
    await viewer.frame()
    (entry,) = client.app[AVATARS]["main"].viewers.all()
    text = await (await client.get("/metrics")).text()
    assert entry.id[:6] not in text
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"(avatar_rtc|process)_[a-z_]+", family.name), family.name
        assert family.documentation
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith("_total"), sample.name
            assert not re.search(r"_(ms|milliseconds|kb)$", sample.name)
            known = {
                "avatar",
                "stage",
                "rendition",
                "encoder",
                "kind",
                "device",
                "limit",
                "le",
                "version",
                "rung",
            }
            assert sample.labels.keys() <= known


async def test_openmetrics_is_given_to_who_asks(client):
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type == "application/openmetrics-text"
    assert len(list(openmetrics_families(await answer.text()))) > 20


async def test_two_servers_in_a_process_tell_their_own(serve, config):
    one, other = await serve(config), await serve(config)
    one.app[LIMITS].count("body_s")
    labels = frozenset({("limit", "body_s")})
    assert ("avatar_rtc_refused_total", labels) in await scraped(one)
    assert ("avatar_rtc_refused_total", labels) not in await scraped(other)


async def test_each_viewer_is_told_with_its_figures_and_not_with_its_id(client, watch):
    assert await (await client.get("/api/v1/avatars/main/viewers")).json() == {"viewers": []}
    viewer = await watch()
    await viewer.frame()
    body = await (await client.get("/api/v1/avatars/main/viewers")).text()
    whole = viewer.location.rpartition("/")[2]
    assert whole not in body and f'"{whole[:6]}"' in body
    (told,) = (await (await client.get("/api/v1/avatars/main/viewers")).json())["viewers"]
    assert (told["state"], told["codec"], told["layout"]) == ("connected", "h264", "matte")
    assert (told["rung"], told["moves"]) == ("upper", 0)
    assert told["bytes_sent"] > 0 and told["connected_s"] >= 0 and told["dropped"] == 0
    assert (await client.get("/api/v1/avatars/nobody/viewers")).status == 404


def test_what_viewers_were_sent_adds_up():
    stats = PeerStats("connected", None, 2.0, 3, 1, Feedback(4, 5), Sent(6, 700), Sent(8, 300))
    assert Watched().plus(stats).plus(stats) == Watched(1400, 600, 6, 8, 10, 2)
    assert stats.bits_per_s == 4000
