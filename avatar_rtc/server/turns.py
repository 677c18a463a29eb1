"""A line for heavy work: one at a time, the others in the order in which they came."""

import asyncio
from collections.abc import Callable

from avatar_rtc.errors import CapacityExceeded


class Turns:
    """Those that have a turn. Made and used on one event loop."""

    def __init__(self, most: int, refuse: Callable[[], CapacityExceeded]) -> None:
        """
        Args:
            most: how many may be in the line, the one whose turn it is included.
            refuse: the error for one more.
        """
        self._most, self._refuse = most, refuse
        self._line: list[Turn] = []

    def __len__(self) -> int:
        return len(self._line)

    def take(self, moved: Callable[[], None]) -> "Turn":
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
        self._first_comes()
        return turn

    def place(self, turn: "Turn") -> int:
        """How many come before it."""
        return self._line.index(turn)

    def leave(self, turn: "Turn") -> None:
        """Take it out of the line, from wherever it stands."""
        if turn not in self._line:
            return
        at = self._line.index(turn)
        del self._line[at]
        self._first_comes()
        for behind in self._line[at:]:
            behind.moved()

    def _first_comes(self) -> None:
        if self._line:
            self._line[0].has_come.set()


class Turn:
    """One place in the line; made by `Turns.take`."""

    def __init__(self, turns: Turns, moved: Callable[[], None]) -> None:
        self._turns, self.moved = turns, moved
        self.has_come = asyncio.Event()
        """Set when nobody is before it."""

    @property
    def place(self) -> int:
        """How many come before it; 0 when it is its turn."""
        return self._turns.place(self)

    def leave(self) -> None:
        """Let the next one come; may be called again."""
        self._turns.leave(self)
