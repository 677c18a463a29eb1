"""What a monitor reads of the server, as Prometheus wants it: read of the live objects whenever it asks.

Nothing is counted here, so a frame costs nothing more. Labels are names of avatars, devices and limits, of
which there are only so many at a time; never of viewers.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from statistics import fmean
from typing import TypeVar, get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from avatar_rtc.server.durations import Durations
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.shared import Renderer
from avatar_rtc.server.loop_lag import LoopLag
from avatar_rtc.stream.frame import Rung
from avatar_rtc.version import __version__

At = TypeVar("At", bound=tuple[str, ...])
"""Values of labels, in their order."""
_CHAIN = "chain"
"""Operations are many and come in any order, so their times are told together."""


def create_metrics(
    avatars: Mapping[str, Avatar], renderer: Renderer, limits: Limits, lag: LoopLag
) -> CollectorRegistry:
    """A registry of this server alone, with what Prometheus knows of any process besides."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(ServerCollector(avatars, renderer, limits, lag))
    return registry


class ServerCollector(Collector):
    """Reads the server; called on its event loop."""

    def __init__(
        self, avatars: Mapping[str, Avatar], renderer: Renderer, limits: Limits, lag: LoopLag
    ) -> None:
        self._avatars, self._renderer, self._limits, self._lag = avatars, renderer, limits, lag

    def describe(self) -> Iterable[Metric]:
        """Nothing before it is asked: registering must not read an avatar."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All there is to tell."""
        yield InfoMetricFamily("avatar_rtc_build", "Version.", value={"version": __version__})
        yield _histogram("event_loop_lag", "How late timers of the server run.", {(): self._lag.lags})
        yield _counter(
            "refused",
            "What was refused, ended or dropped for the sake of a limit.",
            ("limit",),
            {(limit,): count for limit, count in self._limits.refused.items()},
        )
        yield from self._devices()
        avatars = dict(self._avatars)
        yield from _pictures(avatars)
        yield from _watching(avatars)

    def _devices(self) -> Iterator[Metric]:
        reports = {(each.asked,): each for each in self._renderer.reports}
        label = ("device",)
        up = {at: each.device is not None for at, each in reports.items()}
        yield _gauge("worker_up", "1 if a render worker is up.", label, up)
        restarts = {at: each.restarts for at, each in reports.items()}
        yield _counter("worker_restarts", "Render workers that were lost and replaced.", label, restarts)
        load = {at: each.load for at, each in reports.items()}
        yield _gauge("device_load_ratio", "Share of each second that its avatars take.", label, load)
        memory = {at: each.memory_bytes for at, each in reports.items() if each.memory_bytes is not None}
        yield _gauge(
            "worker_resident_memory_bytes", "Main memory of render workers, spares included.", label, memory
        )


def _pictures(avatars: Mapping[str, Avatar]) -> Iterator[Metric]:
    """How the pictures of each avatar are made."""
    label = ("avatar",)
    live = {(name,): each.status.phase == "live" for name, each in avatars.items()}
    yield _gauge("avatar_live", "1 if the avatar can be shown.", label, live)
    # What the worker told last stays when nobody watches any more.
    rendered = {name: each.status.stats for name, each in avatars.items() if each.streams.is_watched}
    fps = {(name,): rendered[name].fps if name in rendered else 0.0 for name in avatars}
    yield _gauge("frames_per_second", "Pictures rendered; 0 while nobody watches.", label, fps)
    stages: dict[tuple[str, ...], float] = {}
    encoders: dict[tuple[str, ...], float] = {}
    for name, stats in rendered.items():
        for stage, ms in stats.stage_ms.items():
            at = (name, _CHAIN if stage.startswith(_CHAIN) else stage)
            stages[at] = stages.get(at, 0.0) + ms / 1000
        # Behind the encoder stands why it is not another.
        encoders |= {(name, what, how.partition(" ")[0]): 1 for what, how in stats.encoders.items()}
    yield _gauge("stage_seconds", "Mean time of a picture's stage.", ("avatar", "stage"), stages)
    yield _gauge("encoder_info", "The encoder at work.", ("avatar", "rendition", "encoder"), encoders)
    delay = {(name,): each.streams.release.delay for name, each in avatars.items()}
    yield _gauge("release_delay_seconds", "From a picture's time to its sending.", label, delay)
    late = {(name,): each.streams.release.late for name, each in avatars.items()}
    yield _counter("late_frames", "Pictures that were not ready in time and sent at once.", label, late)
    dropped = {(name,): each.streams.release.dropped for name, each in avatars.items()}
    yield _counter("dropped_frames", "Pictures and blocks of sound that were never sent.", label, dropped)


def _watching(avatars: Mapping[str, Avatar]) -> Iterator[Metric]:
    """Who watches each avatar, and how it gets there."""
    label = ("avatar",)
    viewers = {(name,): len(each.viewers) for name, each in avatars.items()}
    yield _gauge("viewers", "Peer connections, from their offer on.", label, viewers)
    rungs = {(name, rung): 0 for name in avatars for rung in get_args(Rung)}
    for name, each in avatars.items():
        for viewer in each.viewers.all():
            if (shown := viewer.peer.rendition) is not None:
                rungs[name, shown.rung] += 1
    yield _gauge("rung_viewers", "Peer connections that get a picture.", ("avatar", "rung"), rungs)
    feeds = {(name,): each.streams.feeds for name, each in avatars.items()}
    yield _gauge("feeds", "Open feeds of images.", label, feeds)
    listeners = {(name,): each.events.listeners for name, each in avatars.items()}
    yield _gauge("listeners", "Streams of events and control sockets.", label, listeners)
    watched = {(name,): each.viewers.watched() for name, each in avatars.items()}
    sent = {(*at, "video"): all_.video_bytes for at, all_ in watched.items()}
    sent |= {(*at, "audio"): all_.audio_bytes for at, all_ in watched.items()}
    yield _counter("sent_bytes", "Payload sent to viewers.", ("avatar", "kind"), sent)
    dropped = {at: all_.dropped for at, all_ in watched.items()}
    yield _counter("dropped_packets", "Video packets that viewers were too slow for.", label, dropped)
    keyframes = {at: all_.keyframes for at, all_ in watched.items()}
    yield _counter("keyframe_requests", "Viewers that could not decode (PLI, FIR).", label, keyframes)
    moves = {at: all_.moves for at, all_ in watched.items()}
    yield _counter("rung_moves", "From one rung to the other, for a viewer's link.", label, moves)
    resent = {at: all_.resent for at, all_ in watched.items()}
    yield _counter("retransmissions", "Packets that viewers asked for again (NACK).", label, resent)
    told = {(name,): [viewer.peer.stats() for viewer in each.viewers.all()] for name, each in avatars.items()}
    trips = {at: [s.round_trip_s for s in all_ if s.round_trip_s is not None] for at, all_ in told.items()}
    lost = {
        at: [s.video.lost_share for s in all_ if s.video.lost_share is not None] for at, all_ in told.items()
    }
    mean = {at: fmean(all_) for at, all_ in trips.items() if all_}
    yield _gauge("round_trip_seconds", "Mean of viewers that have reported.", label, mean)
    worst = {at: max(all_) for at, all_ in trips.items() if all_}
    yield _gauge("round_trip_max_seconds", "The longest of them.", label, worst)
    share = {at: fmean(all_) for at, all_ in lost.items() if all_}
    yield _gauge("lost_packets_ratio", "Mean share of video that viewers have just lost.", label, share)
    speech = {(name,): each.speech.queue.latency for name, each in avatars.items()}
    yield _histogram("speech_latency", "From an utterance's turn until it is heard.", speech, label)


def _gauge(name: str, words: str, labels: tuple[str, ...], values: Mapping[At, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"avatar_rtc_{name}", words, labels=labels)
    for at, value in values.items():
        family.add_metric(at, float(value))
    return family


def _counter(name: str, words: str, labels: tuple[str, ...], values: Mapping[At, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"avatar_rtc_{name}", words, labels=labels)
    for at, value in values.items():
        family.add_metric(at, value)
    return family


def _histogram(
    name: str, words: str, values: Mapping[At, Durations], labels: tuple[str, ...] = ()
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"avatar_rtc_{name}_seconds", words, labels=labels)
    for at, took in values.items():
        buckets = [("+Inf" if bound == inf else str(bound), count) for bound, count in took.within()]
        family.add_metric(at, buckets, took.total_s)
    return family
