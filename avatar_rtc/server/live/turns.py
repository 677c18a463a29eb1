"""A line for heavy work: a few at a time, the others in the order in which they came."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from avatar_rtc.errors import CapacityExceeded


class Turns:
    """Those that have a turn. Made and used on one event loop."""

    def __init__(self, most: int, refuse: Callable[[], CapacityExceeded], at_once: int = 1) -> None:
        """
        Args:
            most: how many may be in the line, those whose turn it is included.
            refuse: the error for one more.
            at_once: so many have their turn together.
        """
        self._most, self._refuse, self._at_once = most, refuse, at_once
        self._line: list[Turn] = []

    def __len__(self) -> int:
        return len(self._line)

    def take(self, moved: Callable[[], None] = lambda: None) -> "Turn":
        """A place at the end of the line; whoever has it gives it back with `leave`.

        Args:
            moved: called when the place has changed.

        Raises:
            CapacityExceeded: the line is full.
        """
        if len(self._line) >= self._most:
            raise self._refuse()
        turn = Turn(self, moved)
        self._line.append(turn)
        self._first_come()
        return turn

    @asynccontextmanager
    async def turn(self, within_s: float | None = None) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            within_s: how long to wait; None is as long as it takes.

        Raises:
            CapacityExceeded: the line is full.
            TimeoutError: it did not come in time.
        """
        turn = self.take()
        try:
            async with asyncio.timeout(within_s):
                await turn.has_come.wait()
            yield
        finally:
            turn.leave()

    def place(self, turn: "Turn") -> int:
        """How many come before it."""
        return max(0, self._line.index(turn) - self._at_once + 1)

    def leave(self, turn: "Turn") -> None:
        """Take it out of the line, from wherever it stands."""
        if turn not in self._line:
            return
        at = self._line.index(turn)
        del self._line[at]
        self._first_come()
        for behind in self._line[at:]:
            behind.moved()

    def _first_come(self) -> None:
        for turn in self._line[: self._at_once]:
            turn.has_come.set()


class Turn:
    """One place in the line; made by `Turns.take`."""

    def __init__(self, turns: Turns, moved: Callable[[], None]) -> None:
        self._turns, self.moved = turns, moved
        self.has_come = asyncio.Event()
        """Set when it is its turn."""

    @property
    def place(self) -> int:
        """How many come before it; 0 when it is its turn."""
        return self._turns.place(self)

    def leave(self) -> None:
        """Let the next one come; may be called again."""
        self._turns.leave(self)
