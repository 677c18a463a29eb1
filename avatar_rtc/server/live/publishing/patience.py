"""How long to wait before a server is asked again, and when to give up. Seconds are the caller's."""

import random

from avatar_rtc.server.live.publishing.trouble import SendingFailed

WAITS_S = (0.3, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""After the first failure in a row, the second, …"""
JITTER = 0.3
"""Of a wait, more or less: many that were lost at once come back one by one."""
FIRST_S, LATER_S = 30.0, 600.0
"""It is given up when it has failed for so long: if it never worked, and if it did."""
LONGEST_WAIT_S = 120.0
"""Whatever a server asks for."""


class Patience:
    """Of one call."""

    def __init__(self, now: float, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self._failing_since, self._failures = now, 0
        self.has_worked = False

    def worked(self) -> None:
        """It works; what failed before is forgiven when it is over."""
        self.has_worked, self._failures = True, 0

    def failed(self, failure: SendingFailed, now: float) -> float | None:
        """Seconds to wait until the next try; None to give up."""
        if self._failures == 0 and self.has_worked:
            self._failing_since = now
        wait = WAITS_S[min(self._failures, len(WAITS_S) - 1)]
        wait *= 1 + JITTER * self._chance.uniform(-1, 1)
        if failure.retry_after_s is not None:
            wait = max(wait, min(failure.retry_after_s, LONGEST_WAIT_S))
        self._failures += 1
        if failure.is_lasting and not self.has_worked:
            return None
        patience_s = LATER_S if self.has_worked else FIRST_S
        return None if now + wait - self._failing_since > patience_s else wait
