"""Explicit overrides: named morphs held at given values, over everything else, blinks included."""

from collections.abc import Mapping

import numpy as np

from avatar_rtc.animation.easing import approach, step_of_constant
from avatar_rtc.pose import INDEX, MORPHS, Pose

FOLLOW = 0.04
"""Time constant in s of taking hold, of moving to another value and of letting go."""
_WHOLE = np.float32(0.999)


class Overrides:
    """Blends overrides into a pose; its state is a value and how far it is held, in [0, 1], per morph."""

    def __init__(self) -> None:
        self._values: Pose = np.zeros(len(MORPHS), np.float32)
        self._held: Pose = np.zeros(len(MORPHS), np.float32)

    def apply(self, pose: Pose, overrides: Mapping[str, float], dt: float) -> None:
        """Change `pose` (45,) in place, dt seconds after the last call.

        A morph fully held has exactly the value asked for, whatever the layers below do.
        """
        if not overrides and not self._held.any():
            return
        wanted = np.zeros_like(self._held)
        target = self._values.copy()
        for name, value in overrides.items():
            wanted[INDEX[name]] = 1
            target[INDEX[name]] = value
        step = step_of_constant(FOLLOW, dt)
        # A morph not held so far starts at its value: the cross-fade alone makes the transition.
        self._values = np.where(self._held > 0, approach(self._values, target, step), target)
        held = approach(self._held, wanted, step)
        held[(held > _WHOLE) & (wanted == 1)] = 1
        held[(held < 1 - _WHOLE) & (wanted == 0)] = 0
        self._held = held
        # Written as a weighted sum, for `pose + 1 * (value - pose)` is not exactly `value`.
        pose[:] = (1 - held) * pose + held * self._values
