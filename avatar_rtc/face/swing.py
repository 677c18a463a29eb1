"""Groups of soft parts that swing together, and how their swing is told: hair on either side, and hems."""

import numpy as np
from numpy.typing import NDArray

GROUPS = ("left_high", "left_low", "right_high", "right_low", "hem")
"""Left and right of the picture. High is hair that the head takes along, low what hangs before or behind the
shoulders."""
Swing = NDArray[np.float32]
"""(5, 2): how far each group has swung, (x, y) in px of the 512 px picture, right and down."""
SWINGS = 2 * len(GROUPS)
"""Numbers in a swing."""


def at_rest() -> Swing:
    """A swing of zeros."""
    return np.zeros((len(GROUPS), 2), np.float32)
