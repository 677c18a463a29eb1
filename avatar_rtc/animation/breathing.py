"""Breathing: a function of time, as long as its period stays.

In, out, and a pause: at rest people breathe 12 to 18 times a minute, out longer than in, and wait before they
breathe in again. What lies further up follows the chest later.
"""

import math
from dataclasses import dataclass

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.curves import smoothstep

IN, OUT = 0.38, 0.47
"""Of the period; what is left is the pause. In to out with its pause is 1 to 1.6."""
SHOULDERS_LATER, HEAD_LATER = 0.04, 0.09
"""Of the period, after the chest: own choice."""
BREATH_NOD = 0.035
"""How far the head rises with a full breath, of `head_x`: half a degree."""
SHOULDER_PX = 3.0
"""How far the shoulders rise with a full breath, in px of the 512 px picture. No morph lifts them."""

_CALM = 0.3
"""Time constant in s of breathing that is switched on or off."""


@dataclass(frozen=True)
class Breath:
    """How full of breath somebody is, each in [0, 1]."""

    chest: float
    """The morph."""
    shoulders: float
    head: float


def breathing(t: float, period: float = 4.0) -> float:
    """How full the chest is at t seconds, in [0, 1]: from rest to rest each way, and at rest in the pause.

    The phase comes from t itself, so no slip gathers over hours.

    >>> breathing(0.0), breathing(0.38 * 4), breathing(3.9)
    (0.0, 1.0, 0.0)
    """
    phase = math.fmod(t, period) / period % 1.0
    return smoothstep(phase / IN) - smoothstep((phase - IN) / OUT)


class Breathing:
    """One avatar's breath; another period goes on from where the breath is."""

    def __init__(self) -> None:
        self._period, self._origin = 0.0, 0.0
        self._depth: float | None = None

    def at(self, t: float, period: float, dt: float) -> Breath:
        """The breath at media time t, dt seconds after the last call; a period of 0 s is none."""
        if self._depth is None:
            self._depth = float(period > 0)
        self._depth += (float(period > 0) - self._depth) * step_of_constant(_CALM, dt)
        if period > 0 and period != self._period:
            if self._period:
                phase = math.fmod(t - self._origin, self._period) / self._period
                self._origin = t - phase * period
            self._period = period
        return Breath(*(self._depth * self._full(t, later) for later in (0.0, SHOULDERS_LATER, HEAD_LATER)))

    def _full(self, t: float, later: float) -> float:
        if not self._period:
            return 0.0
        return breathing(t - self._origin - later * self._period, self._period)
