"""Things to do at their times, with one timer whatever their number."""

import asyncio
from collections.abc import Callable, Iterator

AT_ONCE = 8
"""Of those that are due together so many are done before the event loop may do something else."""

_ROUNDING_S = 1e-3


class Schedule:
    """Does steps in order, each when it is due. Made and used on the event loop."""

    def __init__(self, steps: Iterator[tuple[float, Callable[[], None]]]) -> None:
        """Begin; `steps` gives the loop's time, never falling, and what is done then."""
        self._loop = asyncio.get_running_loop()
        self._steps = steps
        self._next = next(steps, None)
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    @property
    def is_done(self) -> bool:
        """True if nothing is left to do."""
        return self._next is None

    def cancel(self) -> None:
        """Do none of the rest."""
        self._next = None
        if self._timer is not None:
            self._timer.cancel()

    def catch_up(self) -> None:
        """Do now what is due, and not when the loop comes to it."""
        while self._next is not None and self._next[0] <= self._loop.time() + _ROUNDING_S:
            _, do = self._next
            self._next = next(self._steps, None)
            do()

    def _arm(self) -> None:
        if self._next is not None:
            self._timer = self._loop.call_at(self._next[0], self._run)

    def _run(self) -> None:
        for _ in range(AT_ONCE):
            if self._next is None or self._next[0] > self._loop.time():
                break
            _, do = self._next
            self._next = next(self._steps, None)
            do()
        self._arm()
