"""What a caller may take over time: a bucket that fills evenly, kept as the time at which it is full."""

MOST_CALLERS = 10_000
_DUST_S = 1e-6
"""What sums of floats leave over; whoever waited as long as it was told has waited long enough."""


class Allowance:
    """A bucket for each caller, full for whoever was never seen."""

    def __init__(self, per_s: float, burst: float) -> None:
        """
        Args:
            per_s: what comes into a bucket each second.
            burst: what it holds.
        """
        self._per_s, self._burst_s = per_s, burst / per_s
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, caller: str, now: float, amount: float = 1.0, patience_s: float = 0.0) -> float:
        """Seconds until the caller may have that much; taken at once unless that is longer than `patience_s`.

        What is more than a bucket holds waits until it is full, and is paid off by those who come later.

        Args:
            now: of any clock that does not go back, in s.
        """
        full_at, cost_s = max(self._full_at.get(caller, now), now), amount / self._per_s
        wait = full_at + min(cost_s, self._burst_s) - self._burst_s - now
        wait = wait if wait > _DUST_S else 0.0
        if wait > patience_s:
            return wait
        if len(self._full_at) >= MOST_CALLERS and caller not in self._full_at:
            self._forget(now)
        self._full_at[caller] = full_at + cost_s
        return wait

    def _forget(self, now: float) -> None:
        """Those whose bucket is full, which is as if they had never come; or else whoever came first."""
        self._full_at = {caller: at for caller, at in self._full_at.items() if at > now}
        if len(self._full_at) >= MOST_CALLERS:
            del self._full_at[next(iter(self._full_at))]
