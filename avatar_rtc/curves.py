"""Curves from 0 to 1 that start and end at rest."""

import math
from typing import Any, TypeVar

from numpy.typing import NDArray

_Share = TypeVar("_Share", float, NDArray[Any])


def hermite(x: _Share) -> _Share:
    """3 x² - 2 x³, for x in [0, 1], a number or an array: the cubic whose slope is 0 at both ends.

    >>> hermite(0.5)
    0.5
    """
    found: _Share = x * x * (3 - 2 * x)
    return found


def smoothstep(x: float) -> float:
    """`hermite`, 0 below 0 and 1 above 1.

    >>> smoothstep(-1.0), smoothstep(2.0)
    (0.0, 1.0)
    """
    return hermite(min(max(x, 0.0), 1.0))


def smooth_transition(x: float) -> float:
    """0 up to 0, 1 from 1 on, and between them a curve of which every derivative is continuous.

    Flatter than `smoothstep` at its ends, and steeper in its middle.

    >>> smooth_transition(0.5)
    0.5
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    rise, fall = math.exp(-1.0 / x), math.exp(-1.0 / (1.0 - x))
    return rise / (rise + fall)
