"""Blinks: when they come, and how the lids move.

The wait before a blink is U(2, 5) s, and after it each 25th of a second brings the blink with probability
0.03. Drawn at once as a sum of both waits, so the moments do not depend on the frame rate.
"""

import math

import numpy as np

from avatar_rtc.animation.easing import CALIBRATION_FPS, smoothstep

CLOSE, HOLD, OPEN = 0.08, 0.04, 0.15
"""Seconds; the hold makes one frame show closed lids at any rate from 25 fps up."""
DURATION = CLOSE + HOLD + OPEN
WAIT_MIN, WAIT_MAX = 2.0, 5.0
PROBABILITY = 0.03
"""Per frame at 25 fps, once the wait is over."""
CONFUSION = 10.0
"""Seconds of rapid blinking, without the first wait, after confusion sets in."""

_MEAN_EXTRA = -1.0 / (CALIBRATION_FPS * math.log1p(-PROBABILITY))  # s; 1.31
_LOST = 30.0
"""A jump of media time by more seconds than this starts the schedule afresh."""


def lid(age: float) -> float:
    """How closed the lids are, in [0, 1], `age` seconds after the blink began."""
    if age < CLOSE + HOLD:
        return smoothstep(age / CLOSE)
    return 1.0 - smoothstep((age - CLOSE - HOLD) / OPEN)


class Blink:
    """The schedule of one avatar's blinks; the same seed and times give the same blinks."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 1])
        self._start = math.inf  # of the blink that runs or comes next
        self._rapid_until = -math.inf
        self._last_t: float | None = None

    def confuse(self, t: float) -> None:
        """Blink rapidly for a while from media time t on."""
        self._rapid_until = t + CONFUSION
        if t < self._start:
            self._start = t + self._wait(t)

    def invite(self, t: float) -> None:
        """Blink now rather than later, unless a blink is under way."""
        self._start = min(self._start, t)

    def at(self, t: float) -> float:
        """How closed the lids are at media time t, in [0, 1]; called with increasing t."""
        if self._last_t is None or not -_LOST < t - self._last_t < _LOST:
            self._start = t + self._wait(t)
        self._last_t = t
        while t >= self._start + DURATION:
            end = self._start + DURATION
            self._start = end + self._wait(end)
        return lid(t - self._start)

    def _wait(self, t: float) -> float:
        """Seconds without a blink from media time t on."""
        first = 0.0 if t < self._rapid_until else self._random.uniform(WAIT_MIN, WAIT_MAX)
        return float(first + self._random.exponential(_MEAN_EXTRA))
