"""How long something took, counted in steps, so that nothing is kept of any single time."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Durations:
    """A histogram of seconds. Made and used on one thread.

    >>> took = Durations((0.1, 1.0))
    >>> for seconds in (0.05, 0.1, 0.5, 7.0):
    ...     took.add(seconds)
    >>> took.within(), took.total_s
    ([(0.1, 2), (1.0, 3), (inf, 4)], 7.65)
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` rise, in s; what is above the last counts too."""
        self._bounds = (*bounds, math.inf)
        self._counts = [0] * len(self._bounds)
        self.total_s = 0.0
        """Of all together."""

    def add(self, seconds: float) -> None:
        """One more, of 0 s or more."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total_s += seconds

    def within(self) -> list[tuple[float, int]]:
        """(bound in s, how many took no longer), up to an infinite one that has all."""
        return list(zip(self._bounds, accumulate(self._counts), strict=True))
