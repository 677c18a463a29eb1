"""Breathing: a function of time alone."""

import math

PERIOD = 4.0
"""Seconds from one breath to the next."""


def breathing(t: float) -> float:
    """The breathing morph in [0, 1] at media time t: sin²(pi t / 4 s), at rest when empty and when full.

    The phase comes from t itself, so no slip gathers over hours.

    >>> breathing(0.0), breathing(2.0)
    (0.0, 1.0)
    """
    return math.sin(math.pi * math.fmod(t, PERIOD) / PERIOD) ** 2
