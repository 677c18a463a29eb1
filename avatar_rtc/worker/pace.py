"""What an avatar's frames cost, and whether the others can bear it on the thread they share.

cost unknown, or more than bearable ─► beside
bearable ──────────────────────────► on the render thread, in a batch
"""

from collections import deque
from collections.abc import Collection

_MEASURED = 3
"""Frames. The least of them counts: the first makes tables and encoders, and any may be disturbed."""
_MARGIN_MS = 15.0
ALONE_MS = 100.0
"""Bearable where nothing else is watched: so long a snapshot or a new viewer may wait."""


def bearable_ms(others: Collection[float]) -> float:
    """What a frame may cost on the thread that others of these rates, in frames per second, share.

    >>> round(bearable_ms([10.0, 30.0])), bearable_ms([])
    (26, 100.0)
    """
    return 1000 / max(others) / 3 + _MARGIN_MS if others else ALONE_MS


class FrameCost:
    """What the newest frames of one avatar cost."""

    def __init__(self) -> None:
        self._recipe: object = None
        self._costs: deque[float] = deque(maxlen=_MEASURED)

    def add(self, recipe: object, ms: float) -> None:
        """A frame cost so much on its thread.

        Args:
            recipe: all that its cost depends on; another one begins anew.
        """
        if recipe != self._recipe:
            self._recipe = recipe
            self._costs.clear()
        self._costs.append(ms)

    def ms(self, recipe: object) -> float | None:
        """What a frame of this recipe costs; None if there was none yet."""
        return min(self._costs) if self._costs and recipe == self._recipe else None
