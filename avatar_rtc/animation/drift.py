"""Drift: a head that is held still wanders slowly, and trembles a little; functions of time alone.

Sums of sines, so that nothing adds up over hours and any second can be replayed. Slower waves are larger, in
proportion to their period: the spectrum of quiet standing falls so (Duarte and Zatsiorsky, On the fractal
properties of natural human standing, 2000).
"""

import math

import numpy as np
from numpy.typing import NDArray

LEADING_HZ = (0.13, 0.19)
"""Of each axis's strongest wave. It reverses in a second or so, and two axes hardly ever reverse at once."""
SLOWER_HZ = (0.03, 0.08)
QUICKER_HZ = (0.25, 0.45)
TREMOR_HZ = (0.3, 0.7)
_OF_DRIFT = np.array([0.6, 0.3, 0.1])
"""What the leading, the slower and the quicker wave have of the whole."""
_TREMBLING = 3

Axes = NDArray[np.float64]
"""(N,) of one value per axis."""


class Waves:
    """Sums of sines for N axes, each within [-1, 1]."""

    def __init__(self, share: Axes, hz: Axes, phase: Axes) -> None:
        """
        Args:
            share: (W, N) amplitudes, whose sum over W is 1.
            hz: (W, N) frequencies.
            phase: (W, N) rad.
        """
        self._share, self._omega, self._phase = share, 2 * math.pi * hz, phase

    def at(self, t: float) -> Axes:
        """(N,) the values at t seconds."""
        value: Axes = np.add.reduce(self._share * np.sin(self._omega * t + self._phase))
        return value


def drifting(random: np.random.Generator, count: int) -> Waves:
    """Slow wandering of `count` axes."""
    hz = np.array([random.uniform(*band, count) for band in (LEADING_HZ, SLOWER_HZ, QUICKER_HZ)])
    share = np.repeat(_OF_DRIFT[:, None], count, axis=1)
    return Waves(share, hz, random.uniform(0, 2 * math.pi, hz.shape))


def trembling(random: np.random.Generator, count: int) -> Waves:
    """The quick and tiny part, of `count` axes."""
    hz = random.uniform(*TREMOR_HZ, (_TREMBLING, count))
    return Waves(np.full(hz.shape, 1 / _TREMBLING), hz, random.uniform(0, 2 * math.pi, hz.shape))
