"""What one peer may cost, and who is told when it wants more."""

from collections.abc import Callable
from dataclasses import dataclass, field

from avatar_rtc.media.guard import Dropped


@dataclass(frozen=True)
class Bounds:
    """The limits of a peer."""

    messages_per_s: float = 240.0
    """On all of its data channels together; two seconds of them may come at once, and a long one counts
    once more for each KiB."""
    dropped: Dropped = field(default_factory=Dropped)
    """Counts the datagrams that are not let in."""
    on_refused: Callable[[str], None] = lambda setting: None
    """Called with the name of the setting for whose sake something was refused or dropped."""


class Rate:
    """So many a second, and some at once. Seconds are the caller's, and never run backwards."""

    def __init__(self, per_s: float, burst_s: float = 2.0) -> None:
        """At the start a whole burst may come."""
        self._per_s = per_s
        self._most = max(1.0, per_s * burst_s)
        self._left, self._seen = self._most, float("-inf")

    def take(self, t: float, cost: float = 1.0) -> bool:
        """One more at second `t`, or as much as `cost` of them; False if that is too many."""
        self._fill(t)
        cost = min(cost, self._most)
        if self._left < cost:
            return False
        self._left -= cost
        return True

    def wait_s(self, t: float, cost: float = 1.0) -> float:
        """Seconds after `t` until as much may come."""
        self._fill(t)
        return max(0.0, (min(cost, self._most) - self._left) / self._per_s)

    def _fill(self, t: float) -> None:
        self._left = min(self._most, self._left + (t - self._seen) * self._per_s)
        self._seen = t
