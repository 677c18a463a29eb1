"""Micro-saccades: eyes that look at one thing are not quite still.

One or two a second, of less than a degree (Martinez-Conde, Macknik and Hubel, The role of fixational eye
movements in visual perception, 2004). Like larger ones they keep to the main sequence (Zuber, Stark and Cook,
Microsaccades and the velocity-amplitude relationship for saccadic eye movements, 1965).
"""

import cmath
import math

import numpy as np

from avatar_rtc.curves import smoothstep

LEAST_APART, APART = 0.25, 0.7
"""Seconds between two, at least and on average: 1.4 a second."""
LIKELY = 0.3
"""Degrees: sizes are exponential with this mean, but for their most."""
MOST = 0.9
"""Degrees, of every one of them."""
BACK = 0.7
"""How likely one leads back to the middle, where there is a way back."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""

Angle = complex
"""Degrees to the viewer's right, and up."""


def leap_seconds(degrees: float) -> float:
    """How long a leap takes: 21 ms + 2.2 ms a degree (Bahill, Clark and Stark, 1975).

    >>> round(leap_seconds(10.0), 3)
    0.043
    """
    return 0.021 + 0.0022 * degrees


class Fixation:
    """How far eyes are from what they look at; the same seed and times give the same places."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 11])
        self._from = self._to = Angle()
        self._begun = -math.inf
        self._next: float | None = None

    def at(self, t: float) -> Angle:
        """Degrees to the right and up at media time t, within MOST / 2 of the middle."""
        if self._next is None or not -_LOST < self._next - t < _LOST:
            self._next = t + self._wait()
        while t >= self._next:
            self._from, self._begun = self._place(self._next), self._next
            self._to = self._elsewhere()
            self._next += self._wait()
        return self._place(t)

    def _place(self, t: float) -> Angle:
        way = self._to - self._from
        return self._from + smoothstep((t - self._begun) / leap_seconds(abs(way))) * way

    def _elsewhere(self) -> Angle:
        size = min(self._random.exponential(LIKELY), MOST)
        turn = self._random.uniform(-1.0, 1.0) * math.pi
        goes_back = self._random.random() < BACK
        if goes_back and self._from:
            turn = cmath.phase(-self._from) + turn / 6
        to = self._from + cmath.rect(size, turn)
        far = abs(to) / (MOST / 2)
        return to / far if far > 1 else to

    def _wait(self) -> float:
        return LEAST_APART + float(self._random.exponential(APART - LEAST_APART))
