"""What is to be done at media times, for an avatar that no clock drives."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

_ROUNDING_S = 1e-6
"""Times that were added up differently are the same."""


@dataclass(order=True)
class Due:
    """Something to do at a media time; of the same time, what was asked first is done first."""

    t: float
    order: int
    do: Callable[[], object] = field(compare=False)
    is_cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Not any more."""
        self.is_cancelled = True


class Timers:
    """Does each thing when time is said to have come to it."""

    def __init__(self, now: float) -> None:
        self.now = now
        """Media time in s: of what is being done, or of the last `advance`."""
        self._due: list[Due] = []
        self._count = 0

    def at(self, t: float, do: Callable[[], object]) -> Due:
        """Have it done at media time t; what lies in the past is done next."""
        self._count += 1
        due = Due(max(t, self.now), self._count, do)
        heapq.heappush(self._due, due)
        return due

    def later(self, delay: float, do: Callable[[], object]) -> Due:
        """Have it done so many seconds from now."""
        return self.at(self.now + delay, do)

    def advance(self, t: float) -> None:
        """It is media time t: do all that is due, in order, each at its time."""
        while self._due and self._due[0].t <= t + _ROUNDING_S:
            due = heapq.heappop(self._due)
            self.now = max(self.now, min(due.t, t))
            if not due.is_cancelled:
                due.do()
        self.now = t
