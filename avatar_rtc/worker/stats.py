"""Where the time of a frame goes: means per stage, reported once a second."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from avatar_rtc.link.orders import Stats, Up

_PERIOD_S = 1.0


class Stopwatch:
    """The milliseconds of each stage of a frame; told at the end of each, with its name."""

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        """`before` are stages that are over already."""
        self.ms: dict[str, float] = defaultdict(float, before or {})
        self._last = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.ms[stage] += (now - self._last) * 1000
        self._last = now


class StageTimes:
    """Collects stage times of all avatars and emits `Stats` for each once a second."""

    def __init__(self, emit: Callable[[Up], None]) -> None:
        self._emit = emit
        self._frames: dict[str, int] = defaultdict(int)
        self._ms: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._encoders: dict[str, Mapping[str, str]] = {}
        self._since = 0.0

    def add(self, avatar: str, stage_ms: Mapping[str, float], encoders: Mapping[str, str]) -> None:
        """A frame took so long, and was encoded so."""
        self._frames[avatar] += 1
        self._encoders[avatar] = encoders
        for stage, ms in stage_ms.items():
            self._ms[avatar][stage] += ms

    def report(self, now: float) -> None:
        """At monotonic second `now`: once a second the means go up."""
        if not self._frames or now - self._since < _PERIOD_S:
            return
        for avatar, count in self._frames.items():
            means = {stage: round(ms / count, 3) for stage, ms in self._ms[avatar].items()}
            # The first period has no beginning to measure from.
            fps = count / (now - self._since) if self._since else 0.0
            self._emit(Stats(avatar, round(fps, 2), means, {**self._encoders[avatar]}))
        self._frames.clear()
        self._ms.clear()
        self._since = now

    def drop(self, avatar: str) -> None:
        """Forget an avatar nobody watches."""
        self._frames.pop(avatar, None)
        self._ms.pop(avatar, None)
        self._encoders.pop(avatar, None)
        if not self._frames:
            self._since = 0.0
