"""Where the time of a frame goes: means per stage, reported once a second."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

from avatar_rtc.link import Stats, Up

_PERIOD_S = 1.0


class Stage(Protocol):
    """Told at the end of each stage of a batch."""

    def __call__(self, name: str, only: str | None = None) -> None:
        """`only` is the avatar it was for; None is all of the batch."""


class StageTimes:
    """Collects stage times of all avatars and emits `Stats` for each once a second."""

    def __init__(self, emit: Callable[[Up], None]) -> None:
        self._emit = emit
        self._frames: dict[str, int] = defaultdict(int)
        self._ms: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._since = 0.0
        self._rendering: list[str] = []

    def start(self, names: Iterable[str]) -> Stage:
        """Begin a batch; call what is returned at the end of each stage, with its name."""
        self._rendering = list(names)
        last = time.perf_counter()

        def stage(name: str, only: str | None = None) -> None:
            nonlocal last
            now = time.perf_counter()
            for avatar in self._rendering if only is None else [only]:
                self._ms[avatar][name] += (now - last) * 1000
            last = now

        return stage

    def end(self, now: float) -> None:
        """End a batch at monotonic second `now`; once a second the means go up."""
        for avatar in self._rendering:
            self._frames[avatar] += 1
        if now - self._since < _PERIOD_S:
            return
        for avatar, count in self._frames.items():
            means = {stage: round(ms / count, 3) for stage, ms in self._ms[avatar].items()}
            # The first period has no beginning to measure from.
            fps = count / (now - self._since) if self._since else 0.0
            self._emit(Stats(avatar, round(fps, 2), means))
        self._frames.clear()
        self._ms.clear()
        self._since = now

    def drop(self, avatar: str) -> None:
        """Forget an avatar nobody watches."""
        self._frames.pop(avatar, None)
        self._ms.pop(avatar, None)
        if not self._frames:
            self._since = 0.0
