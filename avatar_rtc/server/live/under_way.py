"""How many recordings and performances may be under way at once, of all callers and of one."""

from collections import Counter

from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.server.limits import Limits

OF_ONE_CALLER = 2


class UnderWay:
    """Counts them for the server; whoever enters leaves once it is over."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._callers: Counter[str] = Counter()

    def enter(self, caller: str) -> None:
        """One more begins.

        Raises:
            CapacityExceeded: as many are under way as may be, of all or of this caller.
            TooSoon: this caller has begun too many in a minute.
        """
        most = self._limits.config.recordings
        if self._callers.total() >= most:
            raise self._limits.refuse("recordings", "recordings at once", most)
        if self._callers[caller] >= OF_ONE_CALLER:
            self._limits.count("recordings")
            raise CapacityExceeded("recordings of yours at once", OF_ONE_CALLER)
        self._limits.charge("recordings_per_minute", caller)
        self._callers[caller] += 1

    def leave(self, caller: str) -> None:
        """One of this caller is over."""
        self._callers[caller] -= 1
        self._callers += Counter()  # those of 0 go
