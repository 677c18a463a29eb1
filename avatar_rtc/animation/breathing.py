"""Breathing: a function of time, as long as its period stays."""

import math

from avatar_rtc.animation.easing import step_of_constant

_CALM = 0.3
"""Time constant in s of breathing that is switched on or off."""


def breathing(t: float, period: float = 4.0) -> float:
    """The breathing morph in [0, 1] at t seconds: sin²(pi t / period), at rest when empty and when full.

    The phase comes from t itself, so no slip gathers over hours.

    >>> breathing(0.0), breathing(2.0)
    (0.0, 1.0)
    """
    return math.sin(math.pi * math.fmod(t, period) / period) ** 2


class Breathing:
    """One avatar's breath; another period goes on from where the breath is."""

    def __init__(self) -> None:
        self._period, self._origin = 0.0, 0.0
        self._depth: float | None = None

    def at(self, t: float, period: float, dt: float) -> float:
        """The morph at media time t, dt seconds after the last call; a period of 0 s is no breath."""
        if self._depth is None:
            self._depth = float(period > 0)
        self._depth += (float(period > 0) - self._depth) * step_of_constant(_CALM, dt)
        if period > 0 and period != self._period:
            if self._period:
                phase = math.fmod(t - self._origin, self._period) / self._period
                self._origin = t - phase * period
            self._period = period
        return self._depth * breathing(t - self._origin, self._period) if self._period else 0.0
