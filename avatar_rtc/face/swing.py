"""Parts of a character that move beside its pose, and how their motion is told: hair, hems, and the trunk."""

import numpy as np
from numpy.typing import NDArray

GROUPS = ("left_high", "left_low", "right_high", "right_low", "hem")
"""Left and right of the picture. High is hair that the head takes along, low what hangs before or behind the
shoulders."""
MOVED = (*GROUPS, "trunk")
"""The groups, and what breath lifts: the shoulders wholly, and what is above and below them less."""
Swing = NDArray[np.float32]
"""(6, 2): how far each part has moved, (x, y) in px of the 512 px picture, right and down."""
SWINGS = 2 * len(MOVED)
"""Numbers in a swing."""


def at_rest() -> Swing:
    """A swing of zeros."""
    return np.zeros((len(MOVED), 2), np.float32)
