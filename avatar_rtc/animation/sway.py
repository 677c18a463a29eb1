"""Sway: head and body are never quite still.

Macro: every 5 to 10 s a new stance around the emotion's own, reached along a curve that starts and ends at
rest. Micro: a tremor of a few slow sines, a function of t, so that nothing adds up over time.
"""

import math

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.easing import smoothstep
from avatar_rtc.pose import INDEX

SWAYED = ("head_x", "head_y", "neck_z", "body_y", "body_z")
AXES = np.array([INDEX[name] for name in SWAYED])
MACRO = 0.6
"""The stance stays within this of the middle, where 1.0 is 15 degrees; an emotion may go further."""
MICRO = 0.03
INTERVAL_MIN, INTERVAL_MAX = 5.0, 10.0
"""Seconds from one stance to the next."""
MOVE = 1.2
"""Seconds a change of stance takes."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""
_WAVES = 3
_MICRO_HZ = (0.15, 0.9)

Axes = NDArray[np.float64]
"""(5,) values in the order of SWAYED."""


class Sway:
    """Offsets of one avatar's head and body; the same seed, emotions and times give the same sway."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 2])
        shape = (_WAVES, len(SWAYED))
        self._omega = 2 * math.pi * self._random.uniform(*_MICRO_HZ, shape)
        self._phase = self._random.uniform(0, 2 * math.pi, shape)
        self._from: Axes = np.zeros(len(SWAYED))
        self._to: Axes = np.zeros(len(SWAYED))
        self._moved_at = self._next = -math.inf

    def at(self, t: float, emotion: Axes, changed: bool) -> Axes:
        """The offsets (5,) to add to the pose at media time t; called with increasing t.

        Args:
            emotion: what the emotion wants of the five axes, (5,).
            changed: another emotion has come; a stance around it is taken at once.
        """
        if changed or not self._next - _LOST < t < self._next:
            self._from = self._stance(t)
            self._to = self._pick(emotion)
            self._moved_at = t
            self._next = t + self._random.uniform(INTERVAL_MIN, INTERVAL_MAX)
        return self._stance(t) + self._micro(t)

    def _stance(self, t: float) -> Axes:
        stance: Axes = self._from + smoothstep((t - self._moved_at) / MOVE) * (self._to - self._from)
        return stance

    def _pick(self, emotion: Axes) -> Axes:
        """Anywhere within ±MACRO, or, where the emotion is already outside, back towards the middle."""
        low = np.minimum(0.0, -MACRO - emotion)
        high = np.maximum(0.0, MACRO - emotion)
        picked: Axes = self._random.uniform(low, high)
        return picked

    def _micro(self, t: float) -> Axes:
        tremor: Axes = MICRO * np.sin(self._omega * t + self._phase).mean(axis=0)
        return tremor
