"""Explicit overrides: named morphs and cels held at given values, over everything else, blinks included."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.easing import approach, step_of_constant
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import INDEX

FOLLOW_OVERRIDE = 0.04
"""Time constant in s of taking hold, of moving to another value and of letting go."""
SLOT = INDEX | {name: len(INDEX) + i for i, name in enumerate(CELS)}
"""Where a morph or cel stands in a face."""
_WHOLE = np.float32(0.999)

Face = NDArray[np.float32]
"""(70,): the 45 morphs, then the 25 cels."""


class OverrideBlend:
    """Blends overrides into a face; its state is a value and how far it is held, in [0, 1], per slot."""

    def __init__(self) -> None:
        self._values: Face = np.zeros(len(SLOT), np.float32)
        self._held: Face = np.zeros(len(SLOT), np.float32)
        self._settled: Mapping[str, float] | None = None
        """The overrides that are wholly held, while nothing else is."""

    def apply(self, face: Face, overrides: Mapping[str, float], dt: float) -> None:
        """Change `face` (70,) in place, dt seconds after the last call.

        What is fully held has exactly the value asked for, whatever the layers below do.
        """
        if not overrides and not self._held.any():
            return
        if overrides == self._settled:
            np.copyto(face, self._values, where=self._held > 0)
            return
        wanted = np.zeros_like(self._held)
        target = self._values.copy()
        for name, value in overrides.items():
            wanted[SLOT[name]] = 1
            target[SLOT[name]] = value
        step = step_of_constant(FOLLOW_OVERRIDE, dt)
        # What was not held so far starts at its value: the cross-fade alone makes the transition.
        self._values = np.where(self._held > 0, approach(self._values, target, step), target)
        held = approach(self._held, wanted, step)
        held[(held > _WHOLE) & (wanted == 1)] = 1
        held[(held < 1 - _WHOLE) & (wanted == 0)] = 0
        self._held = held
        settled = bool((held == wanted).all() and (self._values == target).all())
        self._settled = dict(overrides) if settled else None
        # Written as a weighted sum, for `face + 1 * (value - face)` is not exactly `value`.
        face[:] = (1 - held) * face + held * self._values
