"""Random talking: a mouth for sound nobody knows anything about."""

import math

import numpy as np

from avatar_rtc.control.settings import AnimatorSettings


class Talking:
    """How far the mouth is open over time: a function of (seed, t), whatever the frames.

    The law: every 1 / fps seconds x becomes clamp(|1 - x| + U(-2, 2)) to [0, 1], so an open mouth tends to
    close and a closed one to open.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._known: tuple[int, float] | None = None

    def shapes(self, settings: AnimatorSettings, t: float) -> dict[str, float]:
        """The mouth morphs at media time t; those not named are 0."""
        n = math.floor(t * settings.talking_fps)
        if self._known is None or self._known[0] != n:
            self._known = n, self._opening(n)
        return {settings.talking_morph: self._known[1]}

    def _opening(self, n: int) -> float:
        """The n-th opening. A draw beyond ±1 tells it whatever came before, and one in two is."""
        draws = [self._draw(n)]
        while abs(draws[-1]) < 1:
            draws.append(self._draw(n - len(draws)))
        x = float(draws.pop() > 0)
        while draws:
            x = min(max(abs(1 - x) + draws.pop(), 0.0), 1.0)
        return x

    def _draw(self, n: int) -> float:
        return float(np.random.default_rng([self._seed, 7, n % 2**32]).uniform(-2, 2))
