"""How long the operations of one frame may take, all together."""

import math
from collections.abc import Callable

from avatar_rtc.errors import InputError
from avatar_rtc.worker.system import own_seconds


class TooSlow(InputError):
    """The operations take longer than a frame may."""


class Budget:
    """The time of one frame's operations, added up as they end; between two of them the rest is left."""

    def __init__(self, limit_ms: float = math.inf, clock: Callable[[], float] = own_seconds) -> None:
        self._limit_ms, self._clock = limit_ms, clock
        self._spent: list[tuple[float, str]] = []
        self._last = 0.0

    def start(self) -> None:
        """The next operation begins now."""
        if math.isfinite(self._limit_ms):
            self._last = self._clock()

    def end(self, place: int, name: str) -> None:
        """An operation of the chain is over, and the next one begins.

        Raises:
            TooSlow: together they have had more than a frame may; names the slowest.
        """
        if not math.isfinite(self._limit_ms):
            return
        now = self._clock()
        self._spent.append(((now - self._last) * 1000, f"{name} (number {place + 1})"))
        self._last = now
        total = sum(ms for ms, _ in self._spent)
        if total > self._limit_ms:
            ms, slowest = max(self._spent)
            raise TooSlow(
                f"a frame's operations took {total:.0f} ms up to {name} (number {place + 1}), and may take "
                f"{self._limit_ms:.0f} ms (limits.chain_ms); the slowest was {slowest} with {ms:.0f} ms"
            )
