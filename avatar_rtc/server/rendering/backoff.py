"""How long to wait before trying again what has failed before."""

import time
from collections import deque
from collections.abc import Callable, Sequence


class Backoff:
    """Longer waits the more failures there were lately; the last wait is kept to."""

    def __init__(
        self, waits_s: Sequence[float], forgiven_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            waits_s: after the 1st, 2nd, … failure of those that count.
            forgiven_s: a failure counts for so long.
        """
        self._waits, self._forgiven_s, self._now = waits_s, forgiven_s, now
        self._failures: deque[float] = deque(maxlen=len(waits_s))

    def failed(self) -> float:
        """Count a failure; gives the seconds to wait now."""
        now = self._now()
        self._failures.append(now)
        return self._waits[sum(now - at < self._forgiven_s for at in self._failures) - 1]
