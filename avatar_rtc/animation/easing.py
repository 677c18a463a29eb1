"""How a value approaches its target, at a speed that does not depend on the frame rate.

Quick followers approach exponentially. Emotions start and end at rest: two exponential approaches, one after
the other, which is a critically damped spring, but one that cannot leave the hull of its targets.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.pose import Pose

_Way = TypeVar("_Way", complex, NDArray[np.float64])

CALIBRATION_FPS = 25.0
"""Rates in settings are the share of the way covered in one frame at this rate."""
_TWICE_95 = 4.743865
"""The x of (1 + x) exp(-x) = 0.05: when two steps of time constant 1 have come by 95 %."""
_SHIFT = 0.02
"""Time constant in s of a change of pace in motion."""
_ARRIVED = np.float32(1e-6)
"""Snapped to the target below this distance: float32 cannot resolve much less near 1, and tails end."""


def pace_of_rate(rate: float) -> float:
    """The pace in 1/s for `Eased` that is 95 % there when a share `rate` per 1/25 s is; 0 holds, inf jumps.

    A single exponential approach with this share is there after ln(0.05) / (25 ln(1 - rate)) seconds.

    >>> round(pace_of_rate(0.3), 2), pace_of_rate(0.0), pace_of_rate(1.0)
    (14.12, 0.0, inf)
    """
    if rate >= 1.0:
        return math.inf
    return _TWICE_95 * CALIBRATION_FPS * math.log1p(-rate) / math.log(0.05)


def step_of_constant(time_constant: float, dt: float) -> float:
    """The share of the way covered in dt seconds with a time constant in seconds."""
    return -math.expm1(-dt / time_constant)


def approach(current: Pose, target: Pose, step: float) -> Pose:
    """`current` moved towards `target` by the share `step` in [0, 1]; shapes alike."""
    moved = current + np.float32(step) * (target - current)
    return np.where(np.abs(moved - target) < _ARRIVED, target, moved)


def two_steps(missing: _Way, lead: _Way, turns: float) -> tuple[_Way, _Way]:
    """What is missing to a target, and to the step ahead of it, `turns` time constants later."""
    still = math.exp(-turns)
    return (missing + turns * lead) * still, lead * still


class Eased:
    """A vector on its way to a target, from rest to rest; another target or pace may come at any time.

    Its velocity never jumps, it stays in the hull of its targets, and for a target that stays it is exact for
    any time between frames.
    """

    def __init__(self, value: Pose) -> None:
        self.value = value.astype(np.float64)
        self._ahead = self.value
        """What follows the target; the value follows it."""
        self._pace: float | None = None
        self._reached: Pose | None = None
        """The target, once it is reached."""

    def advance(self, target: Pose, pace: float, dt: float) -> NDArray[np.float64]:
        """The value dt seconds later, at a pace in 1/s (see `pace_of_rate`); neither is to be written to."""
        if target is self._reached:
            return self.value
        turns = self._turns(pace, dt)
        missing, lead = self.value - target, self._ahead - target
        if turns == math.inf or (np.abs(missing) + np.abs(lead) < _ARRIVED).all():
            self.value = self._ahead = target.astype(np.float64)
            self._reached = target
        else:
            self._reached = None
            missing, lead = two_steps(missing, lead, turns)
            self.value, self._ahead = target + missing, target + lead
        return self.value

    def _turns(self, pace: float, dt: float) -> float:
        """The integral of the pace over dt: it slides from one to another, as the velocity depends on it."""
        before = self._pace
        at_rest = self.value is self._ahead
        if before is None or at_rest or math.inf in (before, pace):
            self._pace = pace
            return pace * dt if pace < math.inf else math.inf
        self._pace = pace + (before - pace) * math.exp(-dt / _SHIFT)
        return pace * dt + (before - pace) * _SHIFT * step_of_constant(_SHIFT, dt)
