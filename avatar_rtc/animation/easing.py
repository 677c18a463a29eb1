"""How a value approaches its target: exponentially, at a speed that does not depend on the frame rate."""

import math

import numpy as np

from avatar_rtc.pose import Pose

CALIBRATION_FPS = 25.0
"""Rates in settings are the share of the way covered in one frame at this rate."""
EMOTION_RATE = 0.3
"""Time constant 112 ms, half-life 78 ms, 95 % after a third of a second."""
_ARRIVED = np.float32(1e-6)
"""Snapped to the target below this distance: float32 cannot resolve much less near 1, and tails end."""


def step_of_rate(rate: float, dt: float) -> float:
    """The share of the way covered in dt seconds: 1 - (1 - rate) ** (25 dt); rate 0 holds, 1 jumps.

    >>> step_of_rate(0.3, 1 / 25)
    0.30000000000000004
    """
    return float(1.0 - (1.0 - rate) ** (CALIBRATION_FPS * dt))


def step_of_constant(time_constant: float, dt: float) -> float:
    """The share of the way covered in dt seconds with a time constant in seconds."""
    return -math.expm1(-dt / time_constant)


def approach(current: Pose, target: Pose, step: float) -> Pose:
    """`current` moved towards `target` by the share `step` in [0, 1]; shapes alike."""
    moved = current + np.float32(step) * (target - current)
    return np.where(np.abs(moved - target) < _ARRIVED, target, moved)


def smoothstep(x: float) -> float:
    """0 below 0, 1 above 1, and between them a curve that starts and ends at rest."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)
