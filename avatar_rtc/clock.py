"""The media clock of an avatar: seconds since its epoch on CLOCK_MONOTONIC.

Server and worker share that clock on one machine, so the epoch alone is enough to agree on t.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class MediaClock:
    """Turns monotonic seconds into media seconds t and back."""

    epoch: float
    """Monotonic seconds at t = 0."""
    now: Callable[[], float] = time.monotonic

    def t(self) -> float:
        """Media time now, in seconds."""
        return self.now() - self.epoch

    def at(self, t: float) -> float:
        """The monotonic second at which media time is t."""
        return self.epoch + t
