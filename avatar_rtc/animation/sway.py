"""Sway: head and body are never quite still.

Macro: every few seconds a new stance around the emotion's own, reached along a curve that starts and ends at
rest. Micro: a tremor of a few slow sines, a function of t, so that nothing adds up over time.
"""

import math

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.pose import INDEX

SWAYED = ("head_x", "head_y", "neck_z", "body_y", "body_z")
AXES = np.array([INDEX[name] for name in SWAYED])
MOVE = 1.2
"""Seconds a change of stance takes."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""
_WAVES = 3
_MICRO_HZ = (0.15, 0.9)
_SHIFT = 0.3
"""Time constant in s of a change of the tremor's strength."""

Axes = NDArray[np.float64]
"""(5,) values in the order of SWAYED."""


class Sway:
    """Offsets of one avatar's head and body; the same seed, emotions and times give the same sway."""

    def __init__(self, seed: int, settings: AnimatorSettings = DEFAULTS) -> None:
        self._random = np.random.default_rng([seed, 2])
        shape = (_WAVES, len(SWAYED))
        self._omega = 2 * math.pi * self._random.uniform(*_MICRO_HZ, shape)
        self._phase = self._random.uniform(0, 2 * math.pi, shape)
        self._taken: Axes = np.zeros(len(SWAYED))
        """The stance before the moves under way."""
        self._moves: list[tuple[float, Axes]] = []
        """When each began, and by how much it moves."""
        self._last_t = -math.inf
        self.configure(settings)
        self._tremor = self._micro.copy()

    def configure(self, settings: AnimatorSettings) -> None:
        """Follow other settings; a stance they allow is taken at once."""
        moved = np.array([name in settings.sway_morphs for name in SWAYED], float)
        self._macro = moved * min(1.0, settings.sway_macro_strength * settings.liveliness)
        self._micro = moved * settings.sway_micro_strength * settings.liveliness
        self._interval = (settings.sway_interval_min, settings.sway_interval_max)
        self._next = -math.inf

    def at(self, t: float, emotion: Axes, changed: bool) -> Axes:
        """The offsets (5,) to add to the pose at media time t; called with increasing t.

        Args:
            emotion: what the emotion wants of the five axes, (5,).
            changed: another emotion has come; a stance around it is taken at once.
        """
        if changed or not self._next - max(_LOST, self._interval[1]) < t < self._next:
            to = self._taken + sum(by for _, by in self._moves)
            if t < self._last_t:  # moves of a time that is not to come
                self._taken, self._moves = to, []
            self._moves.append((t, self._pick(emotion) - to))
            self._next = t + self._random.uniform(*self._interval)
        dt, self._last_t = max(t - self._last_t, 0.0), t
        self._tremor += (self._micro - self._tremor) * step_of_constant(_SHIFT, dt)
        waves: Axes = np.add.reduce(np.sin(self._omega * t + self._phase)) / _WAVES
        return self._stance(t) + self._tremor * waves

    def _stance(self, t: float) -> Axes:
        """Moves overlap, each from rest to rest, so that even one broken off by the next has no jerk."""
        while self._moves and t >= self._moves[0][0] + MOVE:
            self._taken = self._taken + self._moves.pop(0)[1]
        stance = self._taken.copy()
        for begun, by in self._moves:
            stance += smoothstep((t - begun) / MOVE) * by
        return stance

    def _pick(self, emotion: Axes) -> Axes:
        """Anywhere within the bounds, or, where the emotion is already outside, back towards the middle."""
        low = np.minimum(0.0, -self._macro - emotion)
        high = np.maximum(0.0, self._macro - emotion)
        picked: Axes = np.where(self._macro > 0, self._random.uniform(low, high), 0.0)
        return picked
