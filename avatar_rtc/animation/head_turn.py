"""How the head follows the eyes: late, from rest to rest, each axis in its own time."""

import math
from collections import deque

from avatar_rtc.animation.easing import two_steps
from avatar_rtc.animation.fixation import Angle

LAGS = 0.04, 0.18
"""Seconds from the eyes' leap until the head sets off sideways, and up or down. Own choice: heads follow eyes
by some hundredths of a second, and axes that set off together look like a machine's."""
PACE = 9.0
"""1/s: the head has come by half 0.19 s after it set off."""


class HeadTurn:
    """A head on its way to where it is to be turned; exact for any time between frames."""

    def __init__(self) -> None:
        self._told: tuple[deque[tuple[float, float]], ...] = deque(), deque()
        """For each axis, media time and degrees of what is not yet followed."""
        self._target, self._value, self._ahead = Angle(), Angle(), Angle()
        self._t = -math.inf

    def begin(self, target: Angle, t: float) -> None:
        """Be turned there at once."""
        for told in self._told:
            told.clear()
        self._target = self._value = self._ahead = target
        self._t = t

    def follow(self, target: Angle, t: float) -> None:
        """Eyes have leapt at media time t; the head goes there after its lags."""
        for told, lag, degrees in zip(self._told, LAGS, (target.real, target.imag), strict=True):
            told.append((t + lag, degrees))

    def at(self, t: float) -> Angle:
        """The angle at media time t; called with increasing t."""
        while (due := min((told[0][0] for told in self._told if told), default=math.inf)) <= t:
            self._advance(due)
            across, up = (
                told.popleft()[1] if told and told[0][0] == due else held
                for told, held in zip(self._told, (self._target.real, self._target.imag), strict=True)
            )
            self._target = Angle(across, up)
        self._advance(t)
        return self._value

    def _advance(self, t: float) -> None:
        dt, self._t = max(t - self._t, 0.0), max(t, self._t)
        missing, lead = two_steps(self._value - self._target, self._ahead - self._target, PACE * dt)
        self._value, self._ahead = self._target + missing, self._target + lead
